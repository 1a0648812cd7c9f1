"""When a namespace will be full, if its past is a guide: a robust slope, with its doubt.

The slope is Theil and Sen's: the median of the slopes between every two samples, which a clean-up or a single bad
figure does not move. Its interval is the one of Kendall's rank test (Sen 1968), at 95 %.
"""

from collections.abc import Sequence
from itertools import combinations, pairwise
from math import ceil, floor, sqrt
from typing import NamedTuple

from bot.model.alert_facts import Forecast

FEWEST = 7
"""Samples, one a day, below which nothing is said."""
RECENT = 30
"""Days that a slope looks back on: what grew half a year ago says little of next week."""
FARTHEST = 90.0
"""Days. An interval that reaches farther admits so much doubt that nothing is said."""
_DEVIATIONS = 1.96
"""Standard deviations on either side that hold 95 %."""


class Sample(NamedTuple):
    """The use of a namespace in bytes on a day, counted from 1970."""

    day: int
    used: float


def forecast(samples: Sequence[Sample], used: int, limit: int) -> Forecast | None:
    """When a namespace that uses so many bytes reaches its limit; samples ascend by day.

    None where it is full already, where there are too few samples, and where its growth is not certain.
    """
    recent = [sample for sample in samples if sample.day > samples[-1].day - RECENT] if samples else []
    room = limit - used
    if room <= 0 or len(recent) < FEWEST or _fastest(recent) * FARTHEST < room:
        return None
    low, high = _slope(recent)
    if low <= 0 or low * FARTHEST < room:
        return None
    return Forecast(early=room / high, late=room / low)


def _fastest(samples: Sequence[Sample]) -> float:
    """No slope between any two samples is steeper than the steepest between neighbours: a bound that costs little."""
    return max((after.used - before.used) / (after.day - before.day) for before, after in pairwise(samples))


def _slope(samples: Sequence[Sample]) -> tuple[float, float]:
    """The interval of the slope, in bytes a day."""
    slopes = sorted((b.used - a.used) / (b.day - a.day) for a, b in combinations(samples, 2))
    n = len(samples)
    spread = _DEVIATIONS * sqrt(n * (n - 1) * (2 * n + 5) / 18)
    lowest = max(floor((len(slopes) - spread) / 2), 0)
    highest = min(ceil((len(slopes) + spread) / 2), len(slopes) - 1)
    return slopes[lowest], slopes[highest]
