"""A forecast needs a week of samples and growth that is certain; it gives an interval, or nothing."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.forecast import FARTHEST, Sample, forecast
from bot.model.alert_facts import Forecast


def daily(*used: float) -> list[Sample]:
    return [Sample(100 + day, amount) for day, amount in enumerate(used)]


@pytest.mark.parametrize(
    ("samples", "used", "expected"),
    [
        (daily(*range(0, 70, 10)), 60, Forecast(4.0, 4.0)),
        (daily(*range(0, 60, 10)), 60, None),
        (daily(*[50] * 30), 50, None),
        (daily(*range(70, 0, -10)), 10, None),
        (daily(*range(40, 110, 10)), 100, None),
        (daily(*range(40, 110, 10)), 120, None),
        (daily(*[day / 10 for day in range(30)]), 3, None),
        ([], 50, None),
    ],
)
def test_a_steady_growth_is_drawn_on(samples: list[Sample], used: int, expected: Forecast | None) -> None:
    """Towards a limit of 100. Fewer than seven days, no growth, no room left, or more than 90 days: nothing."""
    assert forecast(samples, used, 100) == expected


def test_what_goes_up_and_down_says_nothing() -> None:
    """The interval of its slope holds none."""
    assert forecast(daily(*[40 + 20 * (day % 2) for day in range(30)]), 60, 100) is None


def test_a_clean_up_and_a_wild_figure_do_not_move_it() -> None:
    """The median of all slopes hardly sees one day in thirty."""
    used = [10 * day + 100.0 for day in range(30)]
    used[12], used[20] = 9_000.0, 0.0
    found = forecast(daily(*used), 390, 490)
    assert found
    assert found.early == pytest.approx(10, rel=0.1)
    assert found.late == pytest.approx(10, rel=0.1)


def test_doubt_widens_the_interval() -> None:
    """The noisier, the wider; the true day lies within."""
    noise = random.Random(7)  # noqa: S311  # the same every time
    steady, noisy = (
        forecast(daily(*[10 * day + noise.uniform(-spread, spread) for day in range(30)]), 300, 400)
        for spread in (1, 60)
    )
    assert steady
    assert noisy
    assert steady.early <= 10.1
    assert noisy.early < steady.early < steady.late < noisy.late
    assert noisy.early < 10 < noisy.late


def test_what_was_long_ago_does_not_count() -> None:
    """Sixty idle days before a month of growth."""
    assert forecast(daily(*[0] * 60, *[10 * day for day in range(30)]), 290, 390) == Forecast(10.0, 10.0)


def test_missing_days_are_gaps_and_not_zeros() -> None:
    """The worker was down every other day."""
    assert forecast([Sample(day, 10 * day) for day in range(0, 20, 2)], 180, 280) == Forecast(10.0, 10.0)


@given(st.lists(st.floats(0, 2**60), max_size=40), st.integers(0, 2**60), st.integers(1, 2**63 - 1))
def test_a_forecast_is_an_interval_ahead_of_us(used: list[float], now: int, limit: int) -> None:
    """For a namespace with room, and never beyond the horizon; no growth between any two days, no forecast."""
    found = forecast(daily(*used), now, limit)
    if found:
        assert 0 < found.early <= found.late <= FARTHEST * (1 + 1e-9)
        assert now < limit
        assert len(used) >= 7
        assert any(after > before for before, after in pairwise(used))
