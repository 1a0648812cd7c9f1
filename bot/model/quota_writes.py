"""From the quota that is there to the one that is wanted: which writes it takes, and in which order. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from bot.model.enforcement import Action, Enforcement, Kind, Threshold, enforcement


class Limit(NamedTuple):
    """A limit of a quota as Quay lists it; `id` is None for one that is yet to be made."""

    id: int | None
    kind: Kind
    percent: int

    @property
    def threshold(self) -> Threshold:
        """What it does, whatever its number."""
        return Threshold(self.kind, self.percent)


@dataclass(frozen=True)
class QuotaNow:
    """The quota of one namespace: its size in bytes, None where it has none of its own, and its limits."""

    size: int | None
    limits: tuple[Limit, ...] = ()

    def enforced(self, default: int | None) -> Enforcement:
        """What Quay does by it, where `default` is the system default in bytes."""
        return enforcement(self.size, [(limit.kind, limit.percent) for limit in self.limits], default)


class Write(NamedTuple):
    """One call. `size` is in bytes, for `create quota` and `change quota`; the others are about `limit`.

    `change limit` moves the limit to `percent`.
    """

    kind: Literal["create quota", "change quota", "create limit", "change limit", "delete limit"]
    size: int = 0
    limit: Limit | None = None
    percent: int = 0


def writes(now: QuotaNow, size: int, wanted: Sequence[Threshold] | None, default: int | None) -> tuple[Write, ...]:
    """The writes that make a quota of `size` bytes with the wanted limits (None: those that are there), in order.

    A quota that is not there is created first: without it there is nothing to limit. Then what refuses more comes
    before what refuses less, a Reject before a Warning, a new limit before an old one goes; and no step lets Quay
    take a push that it refuses before and after, unless no order avoids that.
    """
    if now.size is None:
        first = (Write("create quota", size),)
        return (*first, *_ordered(QuotaNow(size), list(_limit_writes((), wanted or ())), default))
    planned = [Write("change quota", size)] if now.size != size else []
    if wanted is not None:
        planned += _limit_writes(now.limits, wanted)
    return tuple(_ordered(now, planned, default))


def after(now: QuotaNow, write: Write) -> QuotaNow:
    """The quota after one write."""
    match write:
        case Write("create quota" | "change quota", size=size):
            return replace(now, size=size)
        case Write("create limit", limit=Limit() as limit):
            return replace(now, limits=(*now.limits, limit))
        case Write("change limit", limit=Limit() as limit, percent=percent):
            moved = limit._replace(percent=percent)
            return replace(now, limits=tuple(moved if each == limit else each for each in now.limits))
        case _:
            left = list(now.limits)
            left.remove(write.limit or left[0])
            return replace(now, limits=tuple(left))


def _limit_writes(there: Sequence[Limit], wanted: Sequence[Threshold]) -> Iterator[Write]:
    """As few writes as there can be: a limit that has to go becomes one of its kind that is missing."""
    kept: set[Threshold] = set()
    surplus: list[Limit] = []
    for limit in there:
        if limit.threshold in wanted and limit.threshold not in kept:
            kept.add(limit.threshold)
        else:
            surplus.append(limit)
    for kind, percent in sorted(set(wanted) - kept, key=lambda each: (each.kind, -each.percent)):
        moved = max((each for each in surplus if each.kind == kind), key=lambda each: each.percent, default=None)
        if moved is None:
            yield Write("create limit", limit=Limit(None, kind, percent))
        else:
            surplus.remove(moved)
            yield Write("change limit", limit=moved, percent=percent)
    yield from (Write("delete limit", limit=each) for each in surplus)


def _ordered(now: QuotaNow, planned: list[Write], default: int | None) -> Iterator[Write]:
    final = now
    for write in planned:
        final = after(final, write)
    floor = (now.enforced(default), final.enforced(default))
    left = list(planned)
    while left:
        chosen = min(left, key=lambda write: _place(now, write, floor, default))
        left.remove(chosen)
        now = after(now, chosen)
        yield chosen


def _place(
    now: QuotaNow, write: Write, floor: tuple[Enforcement, Enforcement], default: int | None
) -> tuple[bool, bool, bool, bool]:
    """What stands before what: the first difference decides, False before True."""
    then = after(now, write)
    lets_through = _lets_through(floor, (then.enforced(default),))
    loosens = _lets_through((now.enforced(default),), (then.enforced(default),))
    about_warning = write.limit is not None and write.limit.kind == "Warning"
    return (lets_through, loosens, about_warning, write.kind == "delete limit")


def _lets_through(before: Sequence[Enforcement], then: Sequence[Enforcement]) -> bool:
    """Whether there is a use at which all of these refuse a push and one of those does not."""
    uses = [use for each in (*before, *then) for use in each.turns]
    return any(_all_refuse(before, use) and not _all_refuse(then, use) for use in uses)


def _all_refuse(several: Sequence[Enforcement], use: int) -> bool:
    return all(each.at(use) is Action.REFUSE for each in several)
