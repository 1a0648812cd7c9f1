"""The report of the registry's week: what has become of its size, its namespaces, its keys, and what was done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.alert_facts import Refusal
from bot.model.usage import Usage
from bot.quay.models import ServiceKey
from bot.slack.messages import Block, Message
from bot.views.alerts import refusal_notes
from bot.views.blocks import context, header, message, section, table
from bot.views.text import clip, code, count, date, duration, escape, percent, size

NAMED_MISHAPS = 5
NAMED_COMMANDS = 8
NAMED_KEYS = 10
LATE = timedelta(hours=1)
"""So long after its moment a report says that its figures are newer than its period."""
_NAME = 60
_KEY_NAME = 30
_BEGUN = "*"


@dataclass(frozen=True)
class Measured:
    """The registry's size as it was measured last; `grown` since the one at `before`, if there is one."""

    size_bytes: int
    at: datetime | None
    grown: int | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Growth:
    """A namespace's use, and how much more that is than at the beginning; None where that is not known.

    `begun` where it was counted for the first time after the beginning: it is how much more since then.
    """

    reading: Usage
    grown: int | None = None
    begun: bool = False


@dataclass(frozen=True)
class KeyFigures:
    """How many service keys there are that are good now, and those to look after among them, or beside them."""

    good: int
    expiring: Sequence[ServiceKey]
    """Within 30 days, the next first."""
    unrotated: Sequence[ServiceKey]
    """Good, and not replaced by its service from time to time."""
    waiting: int


@dataclass(frozen=True)
class QuotaFigures:
    """How many namespaces have a quota of their own, how many of those refuse nothing, and the others' default."""

    own: int = 0
    refusing_nothing: int = 0
    under_default: int = 0
    default: int | None = None
    """The system default in bytes; None where no namespace is under one."""
    checked: bool = True
    """Whether Quay checks quotas at all."""


@dataclass(frozen=True)
class Together:
    """What all namespaces use whose use is known, and how much more that is than at the beginning."""

    namespaces: int
    used: int
    grown: int | None


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
    at: datetime
    """When it was put together: of what is not of the period, it tells how it is then."""
    measured: Measured
    growths: Sequence[Growth]
    """The fullest and the fastest-growing namespaces."""
    together: Together
    keys: KeyFigures
    deeds: Deeds | None
    quotas: QuotaFigures = QuotaFigures()


def report(found: Report, refusal: Refusal | None = None) -> Message:
    """The report. With a refusal it is the message for the admin channel, which says where it should have gone."""
    title = f"The registry from {found.start:%d %b} to {found.end:%d %b %Y}"
    said, measured = _measured(found.measured)
    blocks: list[Block] = [header(title), section("\n".join(_sizes(said, found)))]
    blocks += [section(paragraph) for paragraph in (*_keys(found.keys), *_deeds(found.deeds))]
    if found.growths:
        blocks.append(section("*Fullest and fastest-growing namespaces*"))
        blocks.append(_table(found))
    begun = any(each.begun for each in found.growths)
    notes = [f"{_BEGUN} since it was first counted, which was later"] if begun else []
    notes += [measured, _period(found), *refusal_notes([refusal] if refusal else [])]
    blocks.append(context("\n".join(notes)))
    return message(f"{title}: {said}", blocks)


def _sizes(measured: str, found: Report) -> list[str]:
    quotas = _quotas(found.quotas)
    return [f"*Size* {measured}", f"*Use* {_together(found.together)}", *([f"*Quotas* {quotas}"] if quotas else [])]


def _quotas(quotas: QuotaFigures) -> str:
    """How many there are, and of how many Quay refuses nothing; nothing where there are none."""
    said = [count(quotas.own)] if quotas.own else []
    if quotas.own and not quotas.checked:
        said.append("*Quay checks none of them* (FEATURE_VERIFY_QUOTA is off)")
    elif quotas.refusing_nothing:
        said.append(f"*{count(quotas.refusing_nothing)} refuse nothing*")
    if quotas.default:
        namespaces = f"{count(quotas.under_default)} namespace{'' if quotas.under_default == 1 else 's'}"
        said.append(f"{namespaces} under the system default of {size(quotas.default)}")
    return " · ".join(said)


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


def _together(together: Together) -> str:
    """The sum over namespaces: what several of them share is in it for each, so it is more than the size."""
    grown = f" ({_difference(together.grown)})" if together.grown is not None else ""
    named = f"{count(together.namespaces)} namespace{'' if together.namespaces == 1 else 's'}"
    return f"{size(together.used)}{grown} by {named}; what they share counts for each"


def _period(found: Report) -> str:
    period = f"Changes and requests from {date(found.start)} to {date(found.end)}"
    return f"{period}; the rest as of {date(found.at)}" if found.at - found.end > LATE else period


def _keys(keys: KeyFigures) -> list[str]:
    named = [
        (len(keys.expiring), f"*{count(len(keys.expiring))} expire within 30 days*"),
        (len(keys.unrotated), f"{count(len(keys.unrotated))} in use without rotation"),
        (keys.waiting, f"*{count(keys.waiting)} waiting for approval*"),
    ]
    counted = " · ".join((f"{count(keys.good)} approved", *(said for number, said in named if number)))
    expiring = [f"{_key(key)} {date(key.expiration_date, 'day')}" for key in keys.expiring if key.expiration_date]
    listed = (("Expire", expiring), ("Without rotation", [_key(key) for key in keys.unrotated]))
    return [f"*Keys* {counted}", *(f"{title}: {_list(names)}" for title, names in listed if names)]


def _key(key: ServiceKey) -> str:
    named = key.name or f"{key.kid[:12]}…"
    return f"{code(clip(named, _KEY_NAME))} of {escape(clip(key.service, _KEY_NAME))}"


def _list(names: Sequence[str]) -> str:
    more = f" and {count(len(names) - NAMED_KEYS)} more ({code('keys list')})" if len(names) > NAMED_KEYS else ""
    return ", ".join(names[:NAMED_KEYS]) + more


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


def _table(found: Report) -> Block:
    length = (found.at if found.at - found.end > LATE else found.end) - found.start
    rows = [(clip(each.reading.namespace, _NAME), _use(each.reading), _grown(each)) for each in found.growths]
    shown, _ = table(("Namespace", "Use", f"In {duration(length)}"), rows, right=(1, 2), wrapped=(0,))
    return shown


def _use(reading: Usage) -> str:
    """How full it is; how much it uses, where it has no limit."""
    return percent(reading.used, reading.limit) if reading.limit else size(reading.used)


def _grown(growth: Growth) -> str:
    if growth.grown is None:
        return "–"
    return f"{_difference(growth.grown)} {_BEGUN}" if growth.begun else _difference(growth.grown)


def _difference(amount: int) -> str:
    return f"+{size(amount)}" if amount > 0 else size(amount)
