"""The report of the registry's week: what has become of its size, its namespaces, its keys, and what was done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.messages import Block, Message
from bot.notices import Refusal
from bot.readings import Reading
from bot.views.alerts import refusal_notes
from bot.views.blocks import context, header, message, section, table
from bot.views.text import clip, code, count, date, duration, escape, percent, size

NAMED_MISHAPS = 5
NAMED_COMMANDS = 8
_NAME = 60


@dataclass(frozen=True)
class Measured:
    """The registry's size as it was measured last; `grown` since the one at `before`, if there is one."""

    size_bytes: int
    at: datetime | None
    grown: int | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Growth:
    """A namespace's use, and how much more that is than at the beginning; None where that is not known."""

    reading: Reading
    grown: int | None = None


@dataclass(frozen=True)
class KeyFigures:
    """How many service keys there are that are good now, and those to look after among them, or beside them."""

    good: int
    expiring: int
    """Within 30 days."""
    unrotated: int
    """Good, and not replaced by its service from time to time."""
    waiting: int


@dataclass(frozen=True)
class Mishap:
    """A change that did not end well: what, of what, and how it is said; `outcome` is failed or unknown."""

    command: str
    target: str
    outcome: str
    said: str
    at: datetime


@dataclass(frozen=True)
class Deeds:
    """What was done: changes by command, those that did not end well, and how requests were answered."""

    done: Mapping[str, int]
    mishaps: Sequence[Mishap]
    answered: int
    median: timedelta | None
    """From a request to its answer; None where nothing was answered."""
    unanswered: int


@dataclass(frozen=True)
class Report:
    """Everything that the report tells. `deeds` is None where the audit is not as it was recorded."""

    start: datetime
    end: datetime
    measured: Measured
    growths: Sequence[Growth]
    """The fullest and the fastest-growing namespaces."""
    namespaces: int
    keys: KeyFigures
    deeds: Deeds | None


def report(found: Report, refusal: Refusal | None = None) -> Message:
    """The report. With a refusal it is the message for the admin channel, which says where it should have gone."""
    title = f"The registry from {found.start:%d %b} to {found.end:%d %b %Y}"
    said, measured = _measured(found.measured)
    blocks: list[Block] = [header(title), section(f"*Size* {said}"), section(f"*Keys* {_keys(found.keys)}")]
    blocks += [section(paragraph) for paragraph in _deeds(found.deeds)]
    if found.growths:
        blocks.append(section(f"*Fullest and fastest-growing* of {count(found.namespaces)} namespaces"))
        blocks.append(_table(found.growths, found.end - found.start))
    period = f"{date(found.start)} to {date(found.end)}"
    blocks.append(context("\n".join([measured, period, *refusal_notes([refusal] if refusal else [])])))
    return message(f"{title}: {said}", blocks)


def _measured(measured: Measured) -> tuple[str, str]:
    """The size, and when it was measured."""
    if measured.at is None:
        return "never measured", f"{code('registry measure')} measures the size"
    said = size(measured.size_bytes)
    if measured.grown is None or measured.before is None:
        return said, f"Size measured {date(measured.at)}"
    if measured.before == measured.at:
        return said, f"Size not measured since {date(measured.at)}; {code('registry measure')} does"
    return f"{said} ({_difference(measured.grown)})", f"Size measured {date(measured.before)} and {date(measured.at)}"


def _keys(keys: KeyFigures) -> str:
    named = [
        (keys.expiring, f"*{count(keys.expiring)} expire within 30 days*"),
        (keys.unrotated, f"{count(keys.unrotated)} in use without rotation"),
        (keys.waiting, f"*{count(keys.waiting)} waiting for approval*"),
    ]
    return " · ".join((f"{count(keys.good)} approved", *(said for number, said in named if number)))


def _deeds(deeds: Deeds | None) -> list[str]:
    if deeds is None:
        return ["*Changes* ⚠️ The audit is not as it was recorded: run `quaymaster audit verify`."]
    done = sorted(deeds.done.items(), key=lambda item: (-item[1], item[0]))
    counted = [f"{count(number)} × {escape(command)}" for command, number in done[:NAMED_COMMANDS]]
    others = sum(number for _, number in done[NAMED_COMMANDS:])
    counted += [f"{count(others)} × others"] if others else []
    counted += [f"*{count(len(deeds.mishaps))} failed or unknown*"] if deeds.mishaps else []
    named = map(_mishap, deeds.mishaps[:NAMED_MISHAPS])
    return ["\n".join((f"*Changes* {' · '.join(counted) or 'none'}", *named)), f"*Requests* {_answers(deeds)}"]


def _mishap(mishap: Mishap) -> str:
    mark = "❔" if mishap.outcome == "unknown" else "❌"
    what = clip(f"{mishap.command} {mishap.target}".strip(), 80)
    return f"{mark} {code(what)} {mishap.outcome} {date(mishap.at, 'day')}: {clip(escape(mishap.said), 120)}"


def _answers(deeds: Deeds) -> str:
    if not deeds.answered:
        said = "none answered"
    elif deeds.median is None:
        said = f"{count(deeds.answered)} answered"
    else:
        said = f"{count(deeds.answered)} answered, half of them within {duration(deeds.median)}"
    return said + (f" · *{count(deeds.unanswered)} expired without an answer*" if deeds.unanswered else "")


def _table(growths: Sequence[Growth], length: timedelta) -> Block:
    rows = [(clip(growth.reading.namespace, _NAME), _use(growth.reading), _grown(growth)) for growth in growths]
    shown, _ = table(("Namespace", "Use", f"In {duration(length)}"), rows, right=(1, 2), wrapped=(0,))
    return shown


def _use(reading: Reading) -> str:
    """How full it is; how much it uses, where it has no limit."""
    return percent(reading.used, reading.limit) if reading.limit else size(reading.used)


def _grown(growth: Growth) -> str:
    return "–" if growth.grown is None else _difference(growth.grown)


def _difference(amount: int) -> str:
    return f"+{size(amount)}" if amount > 0 else size(amount)
