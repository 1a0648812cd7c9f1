"""What alerts say of service keys: those that still wait, and those that come to their end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from slack_sdk.models.blocks import ActionsBlock, Option, PlainTextObject, StaticSelectElement

from bot.model.alert_facts import Refusal
from bot.quay.models import ServiceKey
from bot.slack.messages import Block, Message
from bot.views.blocks import actions, button, context, header, section, table
from bot.views.text import clip, code, count, date, duration, escape, visible

EXTEND = "key_extend"
"""The action of the button, or the choice, that opens the form of `keys update`; its value is the key's id."""

_NAME = 50
_CELL = 40
_NAMED = 5
_OPTIONS = 100
_OPTION, _OPTION_VALUE = 75, 150
"""Slack's limits of a static select: its options, and the characters of an option's text and value."""


EXPIRED = timedelta(0)
"""The last of all steps."""


@dataclass(frozen=True)
class KeyEnd:
    """A key that comes to its end, as its message tells of it.

    `step` is the length of time before the end that it has come to, EXPIRED after it; `days` are left, begun ones
    counted. `outlasting` other keys of its service are valid afterwards. `unrenewed` is the time after which its
    service should have renewed it by itself, and has not.
    """

    kid: str
    name: str
    service: str
    created: datetime
    expires: datetime
    step: timedelta
    days: int
    outlasting: int = 0
    unrenewed: timedelta | None = None


def reminder(key: ServiceKey, until: datetime, now: datetime, refusal: Refusal | None = None) -> Message:
    """A key that still waits, some time before it is too late.

    With a refusal it is the message for the admin channel, which says whom it should have reached.
    """
    ends = f"It expires {date(until)}" if key.expiration_date == until else f"Quay may remove it from {date(until)} on"
    who = f"Key {code(f'{key.kid[:12]}…')} of *{escape(_cut(key.service))}*"
    state = f"is still waiting for approval. {ends}, {duration(until - now)} from now."
    text = f"Key {escape(key.kid[:12])}… of {escape(_cut(key.service))} {state}"
    blocks: list[Block] = [section(f"⏳ {who} {state}")]
    if refusal:
        blocks.append(context(f"{_meant_for(refusal)}\n`keys approve KID` shows its card here"))
    return Message(text, tuple(blocks))


def ending(end: KeyEnd, refusal: Refusal | None = None) -> Message:
    """A key that expires soon, or has expired: when, what then does not work, and what to press."""
    service, state = escape(_cut(end.service)), _state(end)
    if end.step:
        said = f"Valid until {date(end.expires)}; then {service} can't sign requests to Quay with it."
    else:
        said = f"Since {date(end.expires)} Quay refuses what {service} signs with it."
    lines = [said, _outlasting(end)]
    if end.unrenewed:
        lines.append(f"⚠️ {service} should have renewed it by itself after {duration(end.unrenewed)}, and has not.")
    notes = [f"{code(end.kid)} · created {date(end.created)}", *([_meant_for(refusal)] if refusal else [])]
    return Message(
        text=f"Key {_named(end)} {state}. {said}",
        blocks=(
            header(f"Key {_cut(end.name)} ({_cut(end.service)}) {state}"),
            section("\n".join(lines)),
            context("\n".join(notes)),
            actions([button("Extend…", EXTEND, end.kid)], f"key:{end.kid[:200]}"),
        ),
    )


def closed(end: KeyEnd, *, gone: bool, until: datetime | None, now: datetime) -> Message:
    """The last state of a key's message: why it is over. `until` is None for a key that never expires, or is gone."""
    if gone:
        state, said = "is no longer in Quay", f"It was deleted, or {escape(_cut(end.service))} renewed it."
    elif until is None:
        state, said = "never expires any more", "It is valid for good."
    else:
        state, said = "no longer expires soon", f"It is valid until {date(until)}."
    return Message(
        f"Key {_named(end)} {state}",
        (header(f"Key {_cut(end.name)} ({_cut(end.service)}) {state}"), context(f"{said} Seen {date(now)}.")),
    )


def digest(ends: Sequence[KeyEnd], total: int, refusal: Refusal | None = None) -> Message:
    """Many keys that come to their end, the next first; of once `total` of them, whose others are settled."""
    if not ends:
        title = f"All {count(total)} service keys of this list are extended or gone"
        return Message(title, (header(title),))
    ordered = sorted(ends, key=lambda end: end.expires)
    among = count(total) if len(ends) == total else f"{count(len(ends))} of {count(total)}"
    expired = sum(not end.step for end in ends)
    title = f"{among} service keys expire soon" + (f" ({count(expired)} have already)" if expired else "")
    cells = [
        (
            f"{end.expires.astimezone(UTC):%d %b %H:%M}",
            f"{_cell(end.name)} ({_cell(end.service)})",
            count(end.outlasting) if end.outlasting else "none",
        )
        for end in ordered
    ]
    shown, found_room = table(("UTC", "Key (service)", "Others"), cells, right=(2,), wrapped=(1,))
    unshown = len(ends) - found_room
    notes = [f"{count(unshown)} more, later ones, are not in the table"] if unshown else []
    notes.append("Others: other keys of the service that are valid then")
    notes += [_meant_for(refusal)] if refusal else []
    named = _list(ordered, lambda end: f"{_named(end)}: {date(end.expires, 'day')}")
    return Message(f"{title}: {named}", (header(title), shown, context("\n".join(notes)), *_extend_one(ordered)))


def _extend_one(ends: Sequence[KeyEnd]) -> list[Block]:
    """A choice of the keys that can be extended, the next first; Slack takes no value as long as some ids may be."""
    options = [
        Option(text=PlainTextObject(text=clip(f"{_cut(end.name)} ({_cut(end.service)})", _OPTION)), value=end.kid)
        for end in ends
        if len(end.kid) <= _OPTION_VALUE
    ][:_OPTIONS]
    if not options:
        return []
    choice = StaticSelectElement(action_id=EXTEND, placeholder=PlainTextObject(text="Extend…"), options=options)
    return [ActionsBlock(elements=[choice], block_id=f"keys:{options[0].value}").to_dict()]


def next_step(ends: Sequence[KeyEnd], step: timedelta) -> Message:
    """The reply under a message some of whose keys have come closer to their end, or have expired."""
    if len(ends) == 1:
        text = f"Key {_named(ends[0])} {_state(ends[0])}: {date(ends[0].expires)}"
    else:
        state = f"expire within {duration(step)}" if step else "have expired"
        text = f"{count(len(ends))} of these keys {state}: {_list(ends, _named)}"
    return Message(text, (section(f"{'⏳' if step else '⌛'} {text}."),))


def _meant_for(refusal: Refusal) -> str:
    return (
        f"Meant for <#{refusal.channel}>, which Slack refused: {code(refusal.reason)}. "
        "Invite the bot there, or name another channel in alerts.yaml"
    )


def _state(end: KeyEnd) -> str:
    if not end.step:
        return "has expired"
    return "expires within a day" if end.days == 1 else f"expires in {count(end.days)} days"


def _outlasting(end: KeyEnd) -> str:
    service, then = escape(_cut(end.service)), "then" if end.step else "now"
    if not end.outlasting:
        return f"*{service} has no other valid key {then}.*"
    keys = "1 other valid key" if end.outlasting == 1 else f"{count(end.outlasting)} other valid keys"
    return f"{service} has {keys} {then}."


def _list(ends: Sequence[KeyEnd], named: Callable[[KeyEnd], str]) -> str:
    more = f" and {count(len(ends) - _NAMED)} more" if len(ends) > _NAMED else ""
    return ", ".join(map(named, ends[:_NAMED])) + more


def _named(end: KeyEnd) -> str:
    return f"{escape(_cut(end.name))} ({escape(_cut(end.service))})"


def _cut(text: str) -> str:
    return clip(visible(text), _NAME)


def _cell(text: str) -> str:
    return clip(visible(text), _CELL)
