"""What Quay does with pushes at every use of a namespace. Pure, and the one place that knows it.

Quay compares the use that it has stored, when an upload begins and while it goes on. Of the limits reached, the
highest decides alone; without limits, nothing is refused. A quota of its own hides the system default, which Quay
applies as one Reject at 100 %. (`check_limits` in Quay's data/model/namespacequota.py.)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Literal, NamedTuple

Kind = Literal["Warning", "Reject"]
Source = Literal["own", "default", "none"]
"""Whose quota holds: the namespace's own, the system default, or no quota at all."""


class Action(IntEnum):
    """What Quay does with a push, from the mildest on."""

    NOTHING = 0
    WARN = 1
    """It takes the push; the owners see a notice in Quay's own pages."""
    UNSETTLED = 2
    """A Warning and a Reject at one percentage: it does either, and promises neither."""
    REFUSE = 3


class Threshold(NamedTuple):
    """A limit of a quota, at a percentage of its size."""

    kind: Kind
    percent: int


class Band(NamedTuple):
    """From one percentage of the quota to below another (None: without end), Quay does the same."""

    start: int
    end: int | None
    action: Action


@dataclass(frozen=True)
class Enforcement:
    """What Quay does with pushes to one namespace.

    `size` is what the percentages are of, in bytes; None where nothing is measured against anything.
    """

    source: Source
    size: int | None
    thresholds: tuple[Threshold, ...] = ()
    checked: bool = True
    """Whether Quay compares anything at all: False where FEATURE_QUOTA_MANAGEMENT or FEATURE_VERIFY_QUOTA is off."""

    @cached_property
    def bands(self) -> tuple[Band, ...]:
        """All percentages from 0 on, in order; neighbours differ in what Quay does."""
        starts = [(0, Action.NOTHING)]
        for percent in sorted({threshold.percent for threshold in self.thresholds if self.checked}):
            action = _deciding({kind for kind, at in self.thresholds if at == percent})
            if action is not starts[-1][1]:
                starts.append((percent, action))
        ends = [*(start for start, _ in starts[1:]), None]
        return tuple(Band(start, end, action) for (start, action), end in zip(starts, ends, strict=True))

    @property
    def ceiling(self) -> int | None:
        """The percentage from which on Quay refuses every push; None where it never comes to that."""
        last = self.bands[-1]
        return last.start if last.action is Action.REFUSE else None

    @property
    def ceiling_bytes(self) -> int | None:
        """The lowest use, in bytes, from which on Quay refuses every push."""
        return None if self.ceiling is None or self.size is None else _reached_at(self.size, self.ceiling)

    @property
    def turns(self) -> tuple[int, ...]:
        """The uses, in bytes, from which on Quay does something else than below them; 0 is the first."""
        return tuple(_reached_at(self.size, band.start) for band in self.bands) if self.size else (0,)

    @property
    def gaps(self) -> tuple[Band, ...]:
        """Where Quay refuses pushes although it takes them again above that, or may refuse them."""
        last = self.bands[-1]
        doubtful = [band for band in self.bands if band.action >= Action.UNSETTLED]
        return tuple(band for band in doubtful if band is not last or band.action is not Action.REFUSE)

    @property
    def warns_at(self) -> tuple[int, ...]:
        """The percentages of the Warnings that Quay heeds: not those that a Reject outweighs."""
        heeded = {band.start for band in self.bands if band.action is Action.WARN}
        within = {at for kind, at in self.thresholds if kind == "Warning" and self.at_percent(at) is Action.WARN}
        return tuple(sorted(heeded | within))

    @property
    def never_refuses(self) -> bool:
        """Whether no use, however high, makes Quay refuse a push."""
        return all(band.action <= Action.WARN for band in self.bands)

    def at(self, used: int) -> Action:
        """What Quay does with a push at a use in bytes."""
        if not self.size:
            return Action.NOTHING
        reached = (
            band.action for band, turn in zip(reversed(self.bands), reversed(self.turns), strict=True) if used >= turn
        )
        return next(reached, Action.NOTHING)

    def at_percent(self, percent: int) -> Action:
        """What Quay does with a push at a percentage of the quota."""
        return next((band.action for band in reversed(self.bands) if percent >= band.start), Action.NOTHING)

    def is_weaker_than(self, before: "Enforcement") -> bool:
        """Whether Quay refused anything before that it takes now, at the same percentage of the quota.

        Percentages are compared, not sizes: a larger quota is not weaker. The system default counts as 100 %.
        """
        refusing = [band for band in before.bands if band.action >= Action.UNSETTLED]
        starts = {band.start for band in (*before.bands, *self.bands)}
        return any(
            self.at_percent(percent) < before.at_percent(percent)
            for band in refusing
            for percent in starts
            if percent >= band.start and (band.end is None or percent < band.end)
        )


def enforcement(
    size: int | None,
    limits: Iterable[tuple[str, int]],
    default: int | None,
    *,
    checked: bool = True,
) -> Enforcement:
    """Say what Quay does with pushes to a namespace.

    `size` is that of its own quota in bytes, None where it has none; `limits` are that quota's, each with its type as
    Quay names it and its percentage. `default` is the system default in bytes, None or 0 where there is none. `checked`
    is False where one of Quay's features for it is off.
    """
    if size is not None:
        found = sorted({Threshold(_kind(kind), percent) for kind, percent in limits}, key=lambda each: each[::-1])
        return Enforcement("own", size, tuple(found), checked)
    if default:
        return Enforcement("default", default, (Threshold("Reject", 100),), checked)
    return Enforcement("none", None, (), checked)


def _kind(name: str) -> Kind:
    """The type of a limit; Quay has these two."""
    return "Reject" if name.lower() == "reject" else "Warning"


def _deciding(kinds: set[Kind]) -> Action:
    if len(kinds) > 1:
        return Action.UNSETTLED
    return Action.REFUSE if "Reject" in kinds else Action.WARN


def _reached_at(size: int, percent: int) -> int:
    """The use in bytes at which Quay takes a limit for reached: rounded down."""
    return size * percent // 100
