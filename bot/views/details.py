"""One thing, answered: the answer first, then the detail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.confirmations import Record, State
from bot.model.enforcement import Enforcement
from bot.model.plans import Line
from bot.quay.models import RegistrySize, ServiceKey
from bot.slack.messages import Block, Message
from bot.views.blocks import context, link, message, section
from bot.views.cards import names_of, texts_of
from bot.views.enforcement import pushes
from bot.views.lists import Setting, key_states, state_of
from bot.views.text import clip, code, count, date, duration, escape, exact_size, percent, size, visible

NEWEST = 3
"""So many other keys of a service are named."""
SETTING = 500
"""The longest value of a setting that is shown, in characters: escaped it fits a section."""


@dataclass(frozen=True)
class Others:
    """The other keys of a service, the newest first; None where they could not be read."""

    keys: Sequence[ServiceKey] | None


def key(
    shown: ServiceKey,
    lines: Sequence[Line],
    warnings: Sequence[str],
    now: datetime,
    *,
    page: str | None = None,
    others: Others | None = None,
) -> Message:
    """A service key: whether it can be used, where it came from, and what is odd about it."""
    said = f"Key {shown.kid[:12]} of {shown.service} {_state(shown, now)}"
    text = f"*{escape(said)}*"
    blocks: list[Block] = [section(text), *(section(part) for part in texts_of(lines))]
    if warnings:
        blocks.append(section("\n".join(f"⚠️ *{escape(warning)}*" for warning in warnings)))
    if shown.approval:
        by = f" by {escape(shown.approval.approver.username)}" if shown.approval.approver else ""
        notes = f"\n> {escape(shown.approval.notes)}" if shown.approval.notes else ""
        blocks.append(section(f"Approved{by} {date(shown.approval.approved_date)}{notes}"))
    if others:
        blocks.append(section(_others(others, shown.service, now)))
    if page:
        blocks.append(context(link(page, "Open in Quay")))
    return message(said, tuple(blocks))


def _others(others: Others, service: str, now: datetime) -> str:
    if others.keys is None:
        return f"The other keys of {escape(service)} could not be read just now."
    lines = [f"*Other keys of {escape(service)}:* {key_states(others.keys)}"]
    for key in others.keys[:NEWEST]:
        named = f" {escape(clip(visible(key.name), 60))}" if key.name else ""
        lines.append(f"• {code(key.kid[:12])}{named} · {state_of(key, now)}, created {date(key.created_date)}")
    if len(others.keys) > NEWEST:
        lines.append(f"and {count(len(others.keys) - NEWEST)} older: {code(f'keys list --service {service}')}")
    return "\n".join(lines)


def gone_key(record: Record) -> Message:
    """A key that Quay no longer has, and what the bot knows of its end."""
    arguments = record.offers[0].arguments
    said = f"Key {str(arguments['kid'])[:12]} of {arguments['service']} is no longer in Quay"
    return message(said, (section(f"*{escape(said)}*\n{_end_of(record)}"), context(f"Change `{record.id}`")))


def _end_of(record: Record) -> str:
    when = date(record.closed_at) if record.closed_at else ""
    agreed = names_of(record.agreed(record.offer.operation))
    deletes = record.offer.operation == "deleteServiceKey"
    if record.state is State.DONE and deletes and record.requester is None:
        return f"It was rejected by {agreed}, and deleted {when}."
    if record.state is State.DONE and deletes:
        return f"It was deleted {when}; {escape(record.requester_label)} asked for it, approved by {agreed}."
    if record.state is State.DONE:
        return f"The bot did not delete it. The last that the bot did with it: {escape(record.note)} {when}"
    if record.state is State.EXPIRED and record.requester is None:
        return "Nobody approved it. Quay removes such a key when another key of its service changes."
    return f"The bot did not delete it: it was deleted in Quay, or by Quay itself. {escape(record.note)}".strip()


def _state(shown: ServiceKey, now: datetime) -> str:
    if shown.expiration_date and shown.expiration_date <= now:
        return "has expired"
    return "waits for approval" if shown.is_waiting else "is approved"


def quota(
    namespace: str,
    *,
    used: int | None,
    enforced: Enforcement,
    default_known: bool,
    visible: bool,
    page: str | None = None,
) -> Message:
    """A namespace's use of its quota, or of the system default, and what Quay does with pushes.

    A use that Quay is still counting is not shown as if it were true.
    """
    quota = enforced.size
    kind = "the system default" if enforced.source == "default" else "its quota"
    if used is None:
        use = "Quay is still calculating its usage" if visible else "Quay doesn't show its usage"
        held = "is under the system default of" if enforced.source == "default" else "has a quota of"
        said = f"{namespace} {held} {size(quota)}; {use}" if quota else f"{namespace} has no quota; {use}"
    elif quota:
        said = f"{namespace} is at {percent(used, quota)} of {kind}: {size(used)} of {size(quota)}"
    else:
        said = f"{namespace} has no quota and uses {size(used)}"
    lines = [f"*{escape(said)}*"]
    if quota and used is not None:
        left = quota - used
        lines.append(f"{size(left)} left" if left >= 0 else f"{size(-left)} over it")
    lines += [escape(each) for each in pushes(enforced, used, default_known=default_known)]
    exact = " · ".join(
        f"{label} {exact_size(figure)}" for label, figure in (("used", used), ("quota", quota)) if figure is not None
    )
    small = " · ".join(filter(None, [exact, link(page, "Open in Quay") if page else ""]))
    return message(said, (section("\n".join(lines)), *([context(small)] if small else [])))


def registry_size(measured: RegistrySize, now: datetime) -> Message:
    """The size of the whole registry, and how old the figure is."""
    going = "A measurement is running." if measured.running else "A measurement is queued." if measured.queued else ""
    if measured.last_ran is None:
        said = "The registry's size was never measured."
        return message(said, (section(f"*{said}* {going}".strip()),))
    said = f"The registry holds {size(measured.size_bytes)}"
    age = duration(now - measured.last_ran)
    text = f"*{said}*\nMeasured {date(measured.last_ran)}, {age} ago. {going}".strip()
    return message(f"{said}, measured {age} ago", (section(text), context(exact_size(measured.size_bytes))))


def setting(shown: Setting) -> Message:
    """One setting of the registry, from which every secret was taken before."""
    said = f"{shown.name} is {clip(shown.value, SETTING)}"
    return message(said, (section(f"*{escape(shown.name)}*\n{code(clip(visible(shown.value), SETTING))}"),))
