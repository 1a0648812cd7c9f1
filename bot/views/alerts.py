"""What alerts about the use of namespaces say."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from slack_sdk.models.blocks import ActionsBlock, ButtonElement, Option, PlainTextObject, StaticSelectElement

from bot.model.alert_facts import FULL_SOON, SNOOZES, Alert, Counting, Forecast, Refusal, Silence
from bot.model.usage import Ending
from bot.quay.operations import QUOTA_FEATURES
from bot.slack.messages import Block, Message
from bot.views.blocks import button, context, header, section, table
from bot.views.enforcement import standing, summary
from bot.views.silences import silenced
from bot.views.text import clip, code, count, date, duration, escape, exact_size, percent, size, visible

_HEADER_NAME = 90
_TABLE_NAME = 60
_NAMED_IN_TEXT = 3
_NAMED_REFUSALS = 5
_NAMED_COUNTING = 20

_ENDINGS: dict[Ending, str] = {
    "recovered": "is below its alert levels again",
    "no limit": "has no quota any more",
    "gone": "is gone from the registry",
    "unwatched": "is not watched any more",
}
_NEWS: dict[str, str] = {"level": "", "again": "The snooze is over, and ", "reminder": "Still over its limit: "}


def quota_alert(alert: Alert, now: datetime, mentions: Sequence[str] = ()) -> Message:
    """A namespace with a limit that has reached an alert level.

    With a refusal it is the message for the admin channel, which says whom it should have reached. `mentions` are
    user groups, the only people that an alert pings.
    """
    reading, state = alert.reading, _state(alert)
    figures = _figures(alert)
    notes = [
        *_full_name(alert.namespace),
        f"{_level(alert.level)} · Quay {summary(reading.enforced)}",
        f"{exact_size(reading.used)} of {exact_size(reading.limit or 0)} · {date(now)}",
        *refusal_notes([alert.refusal] if alert.refusal else []),
    ]
    blocks = (
        _headline(alert.namespace, state),
        section(_with_mentions(figures, mentions)),
        *_silences([alert.silence]),
        _small_print(notes),
        _buttons([alert], now, alert.namespace),
    )
    return Message(_with_mentions(f"{escape(alert.namespace)} {state}: {figures}", mentions), blocks)


def quota_news(alert: Alert, why: Literal["level", "again", "reminder"], mentions: Sequence[str] = ()) -> Message:
    """A reply in the thread of an alert: the one part of it of which people are notified."""
    said = f"{_NEWS[why]}{escape(alert.namespace)} {_state(alert)}: {_figures(alert)}"
    return Message(_with_mentions(said, mentions), (section(_with_mentions(said, mentions)),))


def quota_recovered(alert: Alert, ending: Ending, now: datetime) -> Message:
    """The last state of an alert's message: why it is over. The figures of the alert are the last ones known."""
    previewed = ending == "recovered" and alert.level == FULL_SOON
    state, reading = "is not about to fill up any more" if previewed else _ENDINGS[ending], alert.reading
    figures: list[str] = []
    if reading.limit and ending == "recovered":
        full = percent(reading.used, reading.limit)
        figures = [f"{full} of {reading.measure}: {size(reading.used)} of {size(reading.limit)} used"]
        if alert.lower_limit:
            figures.append(f"limit raised {size(alert.lower_limit)} → {size(reading.limit)}")
    over = f"The alert began {date(alert.since)} and was over after {duration(now - alert.since)}"
    return Message(
        text=" · ".join((f"{escape(alert.namespace)} {state}", *figures)),
        blocks=(
            _headline(alert.namespace, state),
            *map(section, [" · ".join(figures)] if figures else []),
            *_silences([alert.silence], over=True),
            _small_print([*_full_name(alert.namespace), over]),
        ),
    )


def quota_moved(alert: Alert, now: datetime, channel: str | None = None) -> Message:
    """The last state of a message whose alert goes on in a newer one, in another channel if one is named."""
    state = "has a newer message in another channel" if channel else "has a newer message, further down"
    where = [f"It goes on in <#{channel}>"] if channel else []
    return Message(
        text=f"{escape(alert.namespace)} {state}",
        blocks=(_headline(alert.namespace, state), _small_print([*_full_name(alert.namespace), *where, date(now)])),
    )


def quota_digest(
    alerts: Sequence[Alert], now: datetime, mentions: Sequence[str] = (), *, all_highest: bool = False
) -> Message:
    """Many namespaces of which there is something to say at once, the fullest first. They share their alert's id.

    `mentions` are pinged because some of them, or all, are at their highest level.
    """
    title = f"{count(len(alerts))} namespaces are at an alert level of their quota"
    ordered = sorted(alerts, key=_fullness, reverse=True)
    named = ", ".join(f"{escape(alert.namespace)} ({_full(alert)})" for alert in ordered[:_NAMED_IN_TEXT])
    rest = f" and {count(len(alerts) - _NAMED_IN_TEXT)} more" if len(alerts) > _NAMED_IN_TEXT else ""
    notes = _digest_refusals(ordered)
    return Message(
        text=_with_mentions(f"{title}: {named}{rest}", mentions),
        blocks=_digest_blocks(title, ordered, now, notes, _pinged(mentions, all_highest)),
    )


def quota_digest_update(alerts: Sequence[Alert], total: int, now: datetime) -> Message:
    """A digest of once `total` namespaces, of which only those in `alerts` still stand."""
    if not alerts:
        title = f"All {count(total)} namespaces of this list have recovered or have newer messages"
        return Message(text=title, blocks=(header(title), _small_print([date(now)])))
    fewer = len(alerts) < total
    of = f" of {count(total)}" if fewer else ""
    still = "is" if len(alerts) == 1 else "are"
    title = f"{count(len(alerts))}{of} namespaces {still} still at an alert level of their quota"
    notes = ["The others have recovered, or have newer messages"] if fewer else []
    ordered = sorted(alerts, key=_fullness, reverse=True)
    notes += _digest_refusals(ordered)
    return Message(text=title, blocks=_digest_blocks(title, ordered, now, notes))


def counting(found: Counting) -> Message:
    """Quay has not counted some namespaces, or counts nothing, so nothing is said of them."""
    if found.off:
        title = "Quay shows no quotas"
        meaning = (
            f"{' or '.join(QUOTA_FEATURES)} is off in Quay. "
            "Until both are on, no quota alert is posted, updated or closed."
        )
        blocks = (header(title), section(meaning), _small_print([f"Since {date(found.since)}"]))
        return Message(text=f"{title}. {meaning}", blocks=blocks)
    title = f"Quay is still counting {_namespaces(len(found.names))} of {count(found.watched)} with a limit"
    meaning = "Until it has, their figures are too small, and no alert is posted, updated or closed for them."
    listed = ", ".join(code(clip(visible(each), _TABLE_NAME)) for each in found.names[:_NAMED_COUNTING])
    rest = f" and {count(len(found.names) - _NAMED_COUNTING)} more" if len(found.names) > _NAMED_COUNTING else ""
    notes = [f"{listed}{rest}", f"Since {date(found.since)}"]
    return Message(text=f"{title}. {meaning}", blocks=(header(title), section(meaning), _small_print(notes)))


def counted(found: Counting, now: datetime) -> Message:
    """Quay has counted everything again."""
    title = "Quay shows quotas again" if found.off else "Quay has counted every namespace with a limit again"
    was = "off" if found.off else "counting"
    notes = [f"It was {was} from {date(found.since)} until {date(now)}; alerts go on as before"]
    return Message(text=title, blocks=(header(title), _small_print(notes)))


def _digest_blocks(
    title: str, alerts: Sequence[Alert], now: datetime, notes: Sequence[str], pinged: Sequence[Block] = ()
) -> tuple[Block, ...]:
    previewed = any(alert.forecast for alert in alerts)
    columns = ("Namespace", "Full", *(("Full in",) if previewed else ()), "Used", "Limit")
    cells = [
        (
            clip(visible(alert.namespace), _TABLE_NAME),
            _full(alert),
            *((_days(alert.forecast) if alert.forecast else "–",) if previewed else ()),
            size(alert.reading.used),
            size(alert.reading.limit or 0),
        )
        for alert in alerts
    ]
    shown, found_room = table(columns, cells, right=range(1, len(columns)))
    unshown = len(alerts) - found_room
    missing = [f"{count(unshown)} more, less full, are not in the table"] if unshown else []
    silences = _silences([alert.silence for alert in alerts])
    return (
        header(title),
        *pinged,
        shown,
        *silences,
        _small_print([*missing, *notes, date(now)]),
        _buttons(alerts, now),
    )


def _pinged(mentions: Sequence[str], all_highest: bool) -> list[Block]:
    which = "All" if all_highest else "Some"
    return [section(_with_mentions(f"{which} are at their highest level.", mentions))] if mentions else []


def _buttons(alerts: Sequence[Alert], now: datetime, namespace: str | None = None) -> Block:
    """What can be done; a new block each time, so that Slack shows no choice that was made before."""
    id_ = alerts[0].id
    acknowledged = all(alert.silence and alert.silence.until is None for alert in alerts)
    elements: list[ButtonElement | StaticSelectElement] = [
        *([] if acknowledged else [button("Acknowledge", "alert_ack", id_)]),
        StaticSelectElement(
            action_id="alert_snooze",
            placeholder=PlainTextObject(text="Snooze"),
            options=[
                Option(text=PlainTextObject(text=said), value=f"{id_} {length}") for length, said in SNOOZES.items()
            ],
        ),
    ]
    if namespace:
        elements.append(button("Raise…", "quota_raise", namespace))
    return ActionsBlock(elements=elements, block_id=f"alert:{id_}:{int(now.timestamp())}").to_dict()


def _state(alert: Alert) -> str:
    if alert.level == FULL_SOON and alert.forecast:
        return f"may be full in {_days(alert.forecast)}"
    return f"is at {_full(alert)} of {alert.reading.measure}"


def _level(level: int) -> str:
    return "Alert level: full soon" if level == FULL_SOON else f"Alert level {level} %"


def _days(forecast: Forecast) -> str:
    early, late = forecast.days
    if late <= 1:
        return "less than a day"
    return f"{late} days" if early == late else f"{early}–{late} days"


def _fullness(alert: Alert) -> float:
    return alert.reading.used / alert.reading.limit if alert.reading.limit else 0.0


def _full(alert: Alert) -> str:
    return percent(alert.reading.used, alert.reading.limit or 1)


def _figures(alert: Alert) -> str:
    reading, limit = alert.reading, alert.reading.limit or 0
    left = limit - reading.used
    figures = [f"{size(left)} left" if left >= 0 else f"{size(-left)} over"]
    if alert.level == FULL_SOON and alert.forecast:
        figures = ["If it grows on as it did", f"{_full(alert)} now: {size(reading.used)} of {size(limit)}", *figures]
    else:
        figures = [f"{size(reading.used)} of {size(limit)} used", *figures]
        if alert.forecast:
            figures.append(f"full in {_days(alert.forecast)} if it grows on as it did")
    now, later = standing(reading.enforced, reading.used)
    return " · ".join(filter(None, (now, *figures, later)))


def _silences(silences: Iterable[Silence | None], *, over: bool = False) -> list[Block]:
    """Who does not want to hear of it; they are named, and not pinged."""
    said = dict.fromkeys(silenced(silence, over=over) for silence in silences if silence)
    return [context("\n".join(list(said)[:_NAMED_REFUSALS]))] if said else []


def _with_mentions(text: str, mentions: Sequence[str]) -> str:
    """The text, and apart from it the user groups: "61.4 MiB over @ops" would read as one phrase."""
    named = " ".join(f"<!subteam^{group}>" for group in mentions)
    return f"{text} · {named}" if named else text


def _namespaces(number: int) -> str:
    return f"{count(number)} namespace{'' if number == 1 else 's'}"


def _full_name(namespace: str) -> list[str]:
    return [code(namespace)] if len(visible(namespace)) > _HEADER_NAME else []


def refusal_notes(refusals: Sequence[Refusal]) -> list[str]:
    """Whom a message should have reached, and what to do about it."""
    distinct = list(dict.fromkeys(refusals))
    notes = [
        f"Meant for <#{refusal.channel}>, which Slack refused: {code(refusal.reason)}. "
        "Invite the bot there, or name another channel in alerts.yaml"
        for refusal in distinct[:_NAMED_REFUSALS]
    ]
    unnamed = len(distinct) - _NAMED_REFUSALS
    return [*notes, f"{count(unnamed)} more channels were refused"] if unnamed > 0 else notes


def _digest_refusals(alerts: Sequence[Alert]) -> list[str]:
    """The same for a table: which of its namespaces should have been told elsewhere, where that is not all of them."""
    refused: dict[Refusal, list[str]] = {}
    for alert in alerts:
        if alert.refusal:
            refused.setdefault(alert.refusal, []).append(alert.namespace)
    notes = refusal_notes(list(refused))
    if sum(map(len, refused.values())) == len(alerts) and len(refused) == 1:
        return notes
    named = zip(list(refused.values())[:_NAMED_REFUSALS], notes, strict=False)
    return [f"{_some(names)}: {note}" for names, note in named] + notes[_NAMED_REFUSALS:]


def _some(names: Sequence[str]) -> str:
    """The first names of many."""
    listed = ", ".join(code(clip(visible(each), _TABLE_NAME)) for each in names[:_NAMED_IN_TEXT])
    return f"{listed} and {count(len(names) - _NAMED_IN_TEXT)} more" if len(names) > _NAMED_IN_TEXT else listed


def _headline(namespace: str, state: str) -> Block:
    return header(f"{clip(visible(namespace), _HEADER_NAME)} {state}")


def _small_print(lines: Sequence[str]) -> Block:
    return context("\n".join(lines))
