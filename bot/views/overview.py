"""What `alerts` answers: which alerts there are, who silenced which, and when the bot looks again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.model.alert_facts import FULL_SOON, Alert
from bot.quay.operations import QUOTA_FEATURES
from bot.slack.messages import Block, Message
from bot.views.blocks import context, message, section
from bot.views.cards import name
from bot.views.health import TITLES, Condition
from bot.views.keys import KeyEnd
from bot.views.text import clip, code, count, date, escape, percent

LISTED = 15
"""So many alerts of each kind are listed."""
_NAME = 60


@dataclass(frozen=True)
class Active:
    """An alert and where its message is."""

    alert: Alert
    channel: str


@dataclass(frozen=True)
class Ending:
    """A service key of whose end a channel was told."""

    end: KeyEnd
    channel: str


@dataclass(frozen=True)
class Planned:
    """Something that is done on a schedule: what, the schedule as the file has it, and when it is done next.

    `quiet` are the hours in which only what is most urgent is said, if there are any.
    """

    what: str
    schedule: str
    next: datetime
    quiet: str = ""


@dataclass(frozen=True)
class Overview:
    """The alerts of this moment."""

    active: Sequence[Active]
    plans: Sequence[Planned]
    zone: str
    file: str
    """What the alerts file is called; empty where there is none."""
    ends: Sequence[Ending] = ()
    waiting: int = 0
    """Service keys that wait for approval."""
    condition: Condition = "well"
    """What the admin channel was told of Quay, and since when."""
    since: datetime | None = None
    tokens: Mapping[str, datetime] = field(default_factory=dict)
    """When the bot's tokens end, by their settings."""
    quotas_off_since: datetime | None = None
    """Since when Quay counts nothing, as the admin channel was told."""


def overview(found: Overview) -> Message:
    """Everything, what needs somebody first."""
    loud = [each for each in found.active if each.alert.silence is None]
    acknowledged = [each for each in found.active if each.alert.silence and not each.alert.silence.until]
    snoozed = [each for each in found.active if each.alert.silence and each.alert.silence.until]
    said = " · ".join(
        filter(None, (_namespaces(len(loud), len(acknowledged), len(snoozed)), _keys(found.waiting, len(found.ends))))
    )
    blocks: list[Block] = [section(f"*{said}*")]
    if found.condition != "well" and found.since:
        blocks.append(section(f"⚠️ *{TITLES[found.condition]}* since {date(found.since)}"))
    if found.quotas_off_since:
        off = f"since {date(found.quotas_off_since)}: {' or '.join(QUOTA_FEATURES)} is off"
        blocks.append(section(f"⚠️ *Quay shows no quotas* {off}. No quota alert is posted, updated or closed"))
    for title, group in (("Active", loud), ("Acknowledged", acknowledged), ("Snoozed", snoozed)):
        blocks += _group(title, group)
    if found.waiting:
        waiting = f"{count(found.waiting)} service key{' waits' if found.waiting == 1 else 's wait'}"
        blocks.append(section(f"*{waiting} for approval* · {code('pending')} lists what waits"))
    if found.ends:
        blocks.append(_ends(found.ends))
    blocks.append(section("\n".join(("*What comes next*", *map(_plan, found.plans)))))
    source = (
        f"{escape(found.file)} · its times are in {escape(found.zone)}" if found.file else "There is no alerts file"
    )
    notes = [f"{source} · shown in yours", *(f"{code(name)} ends {date(end)}" for name, end in found.tokens.items())]
    blocks.append(context("\n".join(notes)))
    return message(said, blocks)


def _namespaces(loud: int, acknowledged: int, snoozed: int) -> str:
    named = [(loud, "active"), (acknowledged, "acknowledged"), (snoozed, "snoozed")]
    parts = ", ".join(f"{count(number)} {state}" for number, state in named if number)
    return f"Alerts: {parts}" if parts else "No namespace is at an alert level"


def _keys(waiting: int, ends: int) -> str:
    parts = [
        f"{count(number)} service key {one}" if number == 1 else f"{count(number)} service keys {many}"
        for number, one, many in ((waiting, "waits", "wait"), (ends, "expires", "expire"))
        if number
    ]
    return " · ".join(parts)


def _group(title: str, group: Sequence[Active]) -> list[Block]:
    if not group:
        return []
    ordered = sorted(group, key=lambda each: -_fullness(each.alert))
    among = f", the fullest {LISTED} of {count(len(ordered))}" if len(ordered) > LISTED else ""
    return [section("\n".join((f"*{title}*{among}", *map(_line, ordered[:LISTED]))))]


def _ends(ends: Sequence[Ending]) -> Block:
    ordered = sorted(ends, key=lambda each: each.end.expires)
    among = f", the next {LISTED} of {count(len(ordered))}" if len(ordered) > LISTED else ""
    lines = [
        f"• {code(clip(each.end.name, _NAME))} of {escape(clip(each.end.service, _NAME))} · <#{each.channel}> · "
        f"{'expires' if each.end.step else 'expired'} {date(each.end.expires)}"
        for each in ordered[:LISTED]
    ]
    return section("\n".join((f"*Service keys that expire*{among}", *lines)))


def _line(each: Active) -> str:
    alert = each.alert
    return " · ".join((f"• {code(clip(alert.namespace, _NAME))} {_full(alert)}", f"<#{each.channel}>", _since(alert)))


def _full(alert: Alert) -> str:
    full = percent(alert.reading.used, alert.reading.limit) if alert.reading.limit else "no quota"
    return f"{full}, full soon" if alert.level == FULL_SOON else full


def _since(alert: Alert) -> str:
    silence = alert.silence
    if silence is None:
        return f"since {date(alert.since)}"
    who = name(silence.user, silence.label)
    if silence.until is None:
        return f"by {who} {date(silence.at)}"
    broken = "; the highest level was told" if silence.broken else ""
    return f"until {date(silence.until)}, by {who}{broken}"


def _plan(plan: Planned) -> str:
    quiet = f", quiet {code(plan.quiet)}" if plan.quiet else ""
    return f"• {plan.what} {date(plan.next)} · {code(plan.schedule)}{quiet}"


def _fullness(alert: Alert) -> float:
    return alert.reading.used / alert.reading.limit if alert.reading.limit else 0.0
