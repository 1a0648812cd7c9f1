"""What the report tells, worked out from what Quay, the usage samples and the audit say: pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from statistics import median

from bot.alerts.forecast import Sample
from bot.alerts.key_rules import is_quays_own, step_of
from bot.alerts.samples import as_sampled, day_of
from bot.audit import Entry
from bot.model.usage import Usage
from bot.quay.models import ServiceKey
from bot.quay.operations import KNOWN
from bot.views.report import Deeds, Growth, KeyFigures, Mishap, QuotaFigures, Together

NAMED = 5
"""So many of the fullest namespaces are named, and so many of those that grow fastest."""
SOON = timedelta(days=30)
EARLIER = timedelta(days=7)
"""So long before a period requests may have been made that were answered in it, and still count for the median."""
_REQUESTS = frozenset({"change_proposed", "key_arrived"})


def key_figures(keys: Sequence[ServiceKey], now: datetime) -> KeyFigures:
    """Count service keys. An expired one counts as none; one that its service renews in time needs nobody."""
    good = [key for key in keys if not key.is_waiting and (key.expiration_date is None or key.expiration_date > now)]
    ending = [(key.expiration_date, key) for key in good if key.expiration_date and step_of(key, (SOON,), now)]
    return KeyFigures(
        good=len(good),
        expiring=[key for _, key in sorted(ending, key=itemgetter(0))],
        unrotated=[key for key in good if key.rotation_duration is None and not is_quays_own(key)],
        waiting=sum(key.is_waiting for key in keys),
    )


def growth(reading: Usage, samples: Sequence[Sample], start: datetime) -> Growth:
    """How much a namespace has grown since the day of a moment, or the day before where that one has no sample.

    Where neither has one, it is how much since the first sample after them.
    """
    day = day_of(start)
    before = [sample.used for sample in samples if day - 1 <= sample.day <= day]
    after = [sample.used for sample in samples if sample.day > day]
    if not before and not after:
        return Growth(reading)
    grown = as_sampled(reading.used) - (before[-1] if before else after[0])
    return Growth(reading, int(grown), begun=not before)


def together(growths: Sequence[Growth]) -> Together:
    """The sums over all namespaces."""
    known = [growth.grown for growth in growths if growth.grown is not None]
    return Together(len(growths), sum(growth.reading.used for growth in growths), sum(known) if known else None)


def quota_figures(readings: Sequence[Usage]) -> QuotaFigures:
    """Count quotas, those that refuse nothing, and the namespaces that have only the system default."""
    own = [reading for reading in readings if reading.limit and not reading.default]
    return QuotaFigures(
        own=len(own),
        refusing_nothing=sum(reading.enforced.never_refuses for reading in own),
        under_default=sum(reading.default for reading in readings),
        default=next((reading.limit for reading in readings if reading.default), None),
        checked=all(reading.checked for reading in readings),
    )


def outbox(growths: Sequence[Growth]) -> list[Growth]:
    """The fullest namespaces, and after them those that grew most, where they are others."""
    limited = [growth for growth in growths if growth.reading.limit and growth.reading.complete]
    fullest = sorted(limited, key=lambda growth: -growth.reading.used / (growth.reading.limit or 1))[:NAMED]
    growing = sorted((growth for growth in growths if (growth.grown or 0) > 0), key=lambda growth: -(growth.grown or 0))
    named = {growth.reading.namespace for growth in fullest}
    return [*fullest, *(growth for growth in growing[:NAMED] if growth.reading.namespace not in named)]


@dataclass
class ChangeHistory:
    """Entries of the audit, added newest first, from the end of a period until EARLIER before its start."""

    start: datetime
    end: datetime
    _ended: set[str] = field(default_factory=set)
    """Changes whose outcome is known; an earlier one of the same change was corrected by it."""
    _done: Counter[str] = field(default_factory=Counter)
    _ended_badly: dict[str, Entry] = field(default_factory=dict)
    """Outcomes by the id of their change, until an earlier entry says what they were about."""
    _mishaps: list[Mishap] = field(default_factory=list)
    _decided: dict[str, Entry] = field(default_factory=dict)
    """Decisions by the id of their change, until its request is met."""
    _waits: list[timedelta] = field(default_factory=list)
    _expired: set[str] = field(default_factory=set)
    _unanswered: int = 0

    def add(self, entry: Entry) -> None:
        """Take one entry into account."""
        change = str(entry.details.get("change", ""))
        if change in self._ended_badly and isinstance(entry.details.get("arguments"), Mapping):
            self._mishaps.append(_mishap(self._ended_badly.pop(change), entry))
        if entry.event in _REQUESTS:
            self._add_request(change, entry)
        elif self.start <= entry.at < self.end:
            self._add_step(change, entry)

    def _add_request(self, change: str, entry: Entry) -> None:
        decision = self._decided.pop(change, None)
        if decision and decision.actor != entry.actor:
            self._waits.append(decision.at - entry.at)
        if change in self._expired and entry.details.get("needed"):
            self._unanswered += 1

    def _add_step(self, change: str, entry: Entry) -> None:
        if entry.event == "change_expired":
            self._expired.add(change)
        elif entry.event == "change_outcome" and change not in self._ended:
            self._ended.add(change)
            if entry.details.get("outcome") == "done":
                self._done[_command(entry)] += 1
            else:
                self._ended_badly[change] = entry
        elif entry.event == "change_rejected" or (entry.event == "change_approved" and _is_last(entry)):
            self._decided.setdefault(change, entry)

    def tell(self) -> Deeds:
        """What was done. Answers to requests that are older than all entries count, but for no median."""
        mishaps = [*self._mishaps, *(_mishap(outcome, None) for outcome in self._ended_badly.values())]
        return Deeds(
            done=dict(self._done),
            mishaps=sorted(mishaps, key=lambda mishap: mishap.at, reverse=True),
            answered=len(self._waits) + len(self._decided),
            median=timedelta(seconds=median(wait.total_seconds() for wait in self._waits)) if self._waits else None,
            unanswered=self._unanswered,
        )


def _is_last(approval: Entry) -> bool:
    """Whether it was the last approval that was needed from others."""
    needed, given = approval.details.get("needed"), approval.details.get("approvals")
    return isinstance(needed, int) and isinstance(given, int) and 0 < needed <= given


def _mishap(outcome: Entry, asked: Entry | None) -> Mishap:
    operation = KNOWN.get(str(outcome.details.get("operation")))
    arguments = asked.details.get("arguments") if asked else None
    first = operation.arguments[0] if operation and operation.arguments else ""
    named = arguments.get(first) if isinstance(arguments, Mapping) else None
    return Mishap(
        command=_command(outcome),
        target=str(named or ""),
        outcome=str(outcome.details.get("outcome")),
        said=str(outcome.details.get("said", "")),
        at=outcome.at,
    )


def _command(entry: Entry) -> str:
    operation = str(entry.details.get("operation"))
    return KNOWN[operation].command if operation in KNOWN else operation
