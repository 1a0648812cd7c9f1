"""What alerts say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.messages import Block, Message
from bot.readings import Ending, Reading
from bot.views.blocks import context, header, section, table
from bot.views.text import clip, code, count, date, duration, escape, exact_size, percent, size, visible

_HEADER_NAME = 90
_TABLE_NAME = 60
_NAMED_IN_TEXT = 3
_NAMED_REFUSALS = 5

_ENDINGS: dict[Ending, str] = {
    "recovered": "is below its alert levels again",
    "no limit": "has no quota any more",
    "gone": "is gone from the registry",
    "unwatched": "is not watched any more",
}

_DEEDS = {"Warning": "warns", "Reject": "refuses pushes"}


@dataclass(frozen=True)
class Refusal:
    """A channel that should have had a message, and Slack's word for why it has not."""

    channel: str
    reason: str


@dataclass(frozen=True)
class Row:
    """A namespace in a digest; `reading` is None where the figures of the moment are not to be trusted."""

    namespace: str
    level: int
    reading: Reading | None


def quota_alert(reading: Reading, level: int, now: datetime, refusal: Refusal | None = None) -> Message:
    """A namespace with a limit that has reached an alert level.

    With a refusal it is the message for the admin channel, which says whom it should have reached.
    """
    limit = reading.limit or 0
    state = f"is at {percent(reading.used, limit)} of its quota"
    figures = " · ".join(_figures(reading, limit))
    notes = [
        *_full_name(reading.namespace),
        " · ".join((f"Alert level {level} %", *_enforcement(reading))),
        f"{exact_size(reading.used)} of {exact_size(limit)} · {date(now)}",
        *_refusal_notes([refusal] if refusal else []),
    ]
    return Message(
        text=f"{escape(reading.namespace)} {state}: {figures}",
        blocks=(_headline(reading.namespace, state), section(figures), _small_print(notes)),
    )


def quota_recovered(namespace: str, ending: Ending, reading: Reading | None, since: datetime, now: datetime) -> Message:
    """The last state of an alert's message: why it is over. `reading` is None when the namespace is gone."""
    state = _ENDINGS[ending]
    figures: list[str] = []
    if reading and reading.limit and ending == "recovered":
        full = percent(reading.used, reading.limit)
        figures = [f"{full} of its quota: {size(reading.used)} of {size(reading.limit)} used"]
    over = f"The alert began {date(since)} and was over after {duration(now - since)}"
    return Message(
        text=" · ".join((f"{escape(namespace)} {state}", *figures)),
        blocks=(
            _headline(namespace, state),
            *map(section, figures),
            _small_print([*_full_name(namespace), over]),
        ),
    )


def quota_digest(rows: Sequence[Row], now: datetime, refusals: Sequence[Refusal] = ()) -> Message:
    """Many namespaces that reached an alert level at once, the fullest first."""
    title = f"{count(len(rows))} namespaces reached an alert level of their quota"
    ordered = sorted(rows, key=_fullness, reverse=True)
    named = ", ".join(f"{escape(row.namespace)} ({_full(row)})" for row in ordered[:_NAMED_IN_TEXT])
    rest = f" and {count(len(rows) - _NAMED_IN_TEXT)} more" if len(rows) > _NAMED_IN_TEXT else ""
    blocks = _digest_blocks(title, ordered, now, _refusal_notes(refusals))
    return Message(text=f"{title}: {named}{rest}", blocks=blocks)


def quota_digest_update(rows: Sequence[Row], total: int, now: datetime) -> Message:
    """A digest of once `total` namespaces, of which only those in `rows` still stand."""
    if not rows:
        title = f"All {count(total)} namespaces of this list have recovered or have messages of their own"
        return Message(text=title, blocks=(header(title), _small_print([date(now)])))
    title = f"{count(len(rows))} of {count(total)} namespaces are still at an alert level of their quota"
    note = "The others have recovered, or have a message of their own"
    ordered = sorted(rows, key=_fullness, reverse=True)
    return Message(text=title, blocks=_digest_blocks(title, ordered, now, [note]))


def _digest_blocks(title: str, rows: Sequence[Row], now: datetime, notes: Sequence[str]) -> tuple[Block, ...]:
    cells = [(clip(visible(row.namespace), _TABLE_NAME), _full(row), *_sizes(row)) for row in rows]
    shown, found_room = table(("Namespace", "Full", "Used", "Limit"), cells, right=(1, 2, 3))
    unshown = len(rows) - found_room
    missing = [f"{count(unshown)} more, less full, are not in the table"] if unshown else []
    return header(title), shown, _small_print([*missing, *notes, date(now)])


def _fullness(row: Row) -> float:
    return row.reading.used / row.reading.limit if row.reading and row.reading.limit else 0.0


def _full(row: Row) -> str:
    if row.reading and row.reading.limit:
        return percent(row.reading.used, row.reading.limit)
    return f"≥ {row.level} %"


def _sizes(row: Row) -> tuple[str, str]:
    if row.reading and row.reading.limit:
        return size(row.reading.used), size(row.reading.limit)
    return "–", "–"


def _figures(reading: Reading, limit: int) -> list[str]:
    left = limit - reading.used
    figures = [
        f"{size(reading.used)} of {size(limit)} used",
        f"{size(left)} left" if left >= 0 else f"{size(-left)} over",
    ]
    refused_at = min((rule.percent for rule in reading.enforcement if rule.kind == "Reject"), default=None)
    if refused_at is not None:
        refused_now = reading.used * 100 > refused_at * limit
        figures.append("pushes are refused" if refused_now else f"pushes are refused at {refused_at} %")
    return figures


def _enforcement(reading: Reading) -> list[str]:
    ordered = sorted(reading.enforcement, key=lambda rule: rule.percent)
    return [f"Quay {_DEEDS.get(rule.kind, rule.kind)} at {rule.percent} %" for rule in ordered]


def _full_name(namespace: str) -> list[str]:
    return [code(namespace)] if len(visible(namespace)) > _HEADER_NAME else []


def _refusal_notes(refusals: Sequence[Refusal]) -> list[str]:
    distinct = list(dict.fromkeys(refusals))
    notes = [
        f"Meant for <#{refusal.channel}>, which Slack refused: {code(refusal.reason)}. "
        "Invite the bot there, or name another channel in alerts.yaml"
        for refusal in distinct[:_NAMED_REFUSALS]
    ]
    unnamed = len(distinct) - _NAMED_REFUSALS
    return [*notes, f"{count(unnamed)} more channels were refused"] if unnamed > 0 else notes


def _headline(namespace: str, state: str) -> Block:
    return header(f"{clip(visible(namespace), _HEADER_NAME)} {state}")


def _small_print(lines: Sequence[str]) -> Block:
    return context("\n".join(lines))
