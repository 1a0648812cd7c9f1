"""Quiet hours are read on the clock of their zone, and each night is one piece."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.config import QuotaAlerts
from bot.alerts.quiet_hours import QuietHours

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours.parse("22:00-07:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "now", "quiet"),
    [
        ("22:00-07:00", "2026-11-23 20:59:59", False),
        ("22:00-07:00", "2026-11-23 21:00:00", True),
        ("22:00-07:00", "2026-11-24 05:59:59", True),
        ("22:00-07:00", "2026-11-24 06:00:00", False),
        ("22:00-07:00", "2026-07-01 19:59", False),
        ("22:00-07:00", "2026-07-01 20:00", True),
        ("22:00-07:00", "2026-07-02 04:59", True),
        ("22:00-07:00", "2026-07-02 05:00", False),
        ("12:00-13:30", "2026-11-23 10:59", False),
        ("12:00-13:30", "2026-11-23 12:29", True),
        ("12:00 – 13:30", "2026-11-23 12:30", False),
        ("00:00-06:00", "2026-11-23 23:00", True),
    ],
)
def test_it_is_quiet_from_one_time_until_before_the_other(hours: str, now: str, quiet: bool) -> None:
    """In Berlin, given in UTC: an hour ahead in winter, two in summer."""
    assert QuietHours.parse(hours).hold(at(now), BERLIN) is quiet


@pytest.mark.parametrize(
    ("hours", "begin", "end"),
    [
        ("22:00-07:00", "2026-03-28 21:00", "2026-03-29 05:00"),
        ("22:00-07:00", "2026-10-24 20:00", "2026-10-25 06:00"),
        ("01:00-02:30", "2026-03-29 00:00", "2026-03-29 01:30"),
        ("01:00-02:30", "2026-10-24 23:00", "2026-10-25 00:30"),
        ("02:30-05:00", "2026-10-25 00:30", "2026-10-25 04:00"),
    ],
)
def test_a_change_of_clocks_makes_a_night_shorter_or_longer(hours: str, begin: str, end: str) -> None:
    """And never two nights of one: quiet from the first minute to the last, and at neither end beyond."""
    quiet, minute = QuietHours.parse(hours), timedelta(minutes=1)
    moments = [at(begin) + minute * n for n in range(int((at(end) - at(begin)) / minute))]
    assert all(quiet.hold(moment, BERLIN) for moment in moments)
    assert not quiet.hold(at(begin) - minute, BERLIN)
    assert not quiet.hold(at(end), BERLIN)
    assert quiet.last_end(at(end) + minute, BERLIN) == at(end)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["22:00-07:00", "02:30-02:29", "13:00-14:00", "00:00-23:59"]),
    st.sampled_from([BERLIN, ZoneInfo("America/St_Johns"), ZoneInfo("Pacific/Auckland"), ZoneInfo("UTC")]),
)
def test_they_ended_at_a_moment_that_is_not_quiet(now: datetime, text: str, zone: ZoneInfo) -> None:
    """The moment before it was, unless clocks were changed then."""
    quiet = QuietHours.parse(text)
    end = quiet.last_end(now, zone)
    assert now - timedelta(days=2) < end <= now
    assert end.astimezone(zone).utcoffset() != (end - timedelta(days=1)).astimezone(zone).utcoffset() or (
        quiet.hold(end - timedelta(seconds=1), zone)
    )


@pytest.mark.parametrize(
    ("every", "now", "due"),
    [
        ("15m", "2026-11-24 06:10", "2026-11-24 06:00"),
        ("0 3 * * *", "2026-11-24 05:59", "2026-11-24 02:00"),
        ("0 3 * * *", "2026-11-24 06:10", "2026-11-24 06:00"),
        ("0 8 * * *", "2026-11-24 07:10", "2026-11-24 07:00"),
    ],
)
def test_a_sweep_is_due_when_they_end(every: str, now: str, due: str) -> None:
    """So what was held back is said then, however seldom the schedule looks."""
    quotas = QuotaAlerts.model_validate({"every": every, "quiet": "22:00-07:00"})
    assert quotas.due(at(now), BERLIN) == at(due)
