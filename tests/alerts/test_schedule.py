"""What is due is due at moments that all workers agree on, and each moment is taken once."""

import asyncio
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.alerts.schedule import TAKEN_FOR, Claims, Schedule, ScheduledRuns

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "now", "slot", "following"),
    [
        ("15m", "2026-11-23 10:14:59", "2026-11-23 10:00", "2026-11-23 10:15"),
        ("15m", "2026-11-23 10:15:00", "2026-11-23 10:15", "2026-11-23 10:30"),
        ("90s", "2026-11-23 10:02:00", "2026-11-23 10:01:30", "2026-11-23 10:03"),
        ("1h", "2026-11-23 10:59:59.999", "2026-11-23 10:00", "2026-11-23 11:00"),
        ("*/15 * * * *", "2026-11-23 10:14:59.999999", "2026-11-23 10:00", "2026-11-23 10:15"),
        ("*/15 * * * *", "2026-11-23 10:15:00", "2026-11-23 10:15", "2026-11-23 10:30"),
        ("0 9 * * mon", "2026-11-23 07:59", "2026-11-16 08:00", "2026-11-23 08:00"),
        ("0 9 * * mon", "2026-11-23 08:00:00.5", "2026-11-23 08:00", "2026-11-30 08:00"),
    ],
)
def test_the_slot_is_the_latest_due_moment(schedule: str, now: str, slot: str, following: str) -> None:
    """Intervals count from 1970; cron is read in the file's time zone (here Berlin, given in UTC)."""
    parsed = Schedule.parse(schedule)
    assert parsed.slot(at(now), BERLIN) == at(slot)
    assert parsed.next_after(at(now), BERLIN) == at(following)


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("UTC")])
def test_utc_is_a_zone_like_any_other(zone: tzinfo) -> None:
    """However Python calls it: without alerts.yaml, the head of the audit is published by it."""
    parsed = Schedule.parse("0 8 * * *")
    assert parsed.slot(at("2026-11-23 07:59"), zone) == at("2026-11-22 08:00")
    assert parsed.next_after(at("2026-11-23 07:59"), zone) == at("2026-11-23 08:00")


@pytest.mark.parametrize(
    ("schedule", "start", "moments"),
    [
        ("30 2 * * *", "2026-03-28 01:30", ["2026-03-29 01:00", "2026-03-30 00:30"]),
        ("30 2 * * *", "2026-10-24 00:30", ["2026-10-25 00:30", "2026-10-26 01:30"]),
        ("*/30 2 * * *", "2026-10-24 00:30", ["2026-10-25 00:00", "2026-10-25 00:30", "2026-10-26 01:00"]),
        ("*/30 * * * *", "2026-03-29 00:30", ["2026-03-29 01:00", "2026-03-29 01:30"]),
        (
            "*/30 * * * *",
            "2026-10-25 00:00",
            ["2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30", "2026-10-25 02:00"],
        ),
        ("0 9 * * *", "2026-03-28 08:00", ["2026-03-29 07:00", "2026-03-30 07:00"]),
    ],
)
def test_a_change_of_clocks_neither_skips_nor_repeats(schedule: str, start: str, moments: list[str]) -> None:
    """A fixed time of day comes once a day; what is due all day long keeps to real time."""
    parsed, now = Schedule.parse(schedule), at(start)
    for moment in map(at, moments):
        assert parsed.next_after(now, BERLIN) == moment
        assert parsed.slot(moment, BERLIN) == moment
        assert parsed.slot(moment - timedelta(seconds=1), BERLIN) == now
        now = moment


@given(
    st.sampled_from(["10s", "7m", "1h30m", "*/15 * * * *", "5 4 * * *", "30 2 * * *", "0 0 1 */3 *"]),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([BERLIN, ZoneInfo("America/St_Johns"), ZoneInfo("UTC")]),
)
@settings(max_examples=200, deadline=None)
def test_now_lies_between_the_slot_and_the_next(text: str, now: datetime, zone: ZoneInfo) -> None:
    """And nothing is due in between, so a moment is neither lost nor made up."""
    schedule = Schedule.parse(text)
    slot, following = schedule.slot(now, zone), schedule.next_after(now, zone)
    assert slot <= now < following
    assert schedule.slot(following - timedelta(seconds=1), zone) == slot
    assert schedule.slot(following, zone) == following


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is no schedule"),
        ("soon", "is no schedule"),
        ("15", "is no schedule"),
        ("9s", "is too often"),
        ("@hourly", "is no schedule"),
        ("* * * *", "is no schedule"),
        ("* * * * * *", "is no schedule"),
        ("61 * * * *", "is not a cron expression"),
        ("a b c d e", "is not a cron expression"),
        ("0 0 31 2 *", "is not a cron expression"),
        ("*/0 * * * *", "is not a cron expression"),
        ("R * * * *", "has a random part"),
        ("H * * * *", "has a random part"),
    ],
)
def test_what_is_no_schedule_is_refused(text: str, complaint: str) -> None:
    """Seconds, nicknames, chance, and days that never come are not taken."""
    with pytest.raises(ValueError, match=complaint):
        Schedule.parse(text)


async def test_of_many_workers_one_takes_a_moment(redis: Redis) -> None:
    """Whoever asks first has it."""
    slot = at("2026-11-23 10:00")
    answers = await asyncio.gather(*(Claims(redis).claim("quotas", slot) for _ in range(20)))
    assert sorted(answers) == [False] * 19 + [True]


async def test_a_moment_before_the_last_one_is_past(redis: Redis) -> None:
    """After hours of rest there is one catch-up, and a worker whose clock is behind changes nothing."""
    claims, ten = Claims(redis), at("2026-11-23 10:00")
    assert await claims.claim("quotas", ten)
    assert await claims.claim("quotas", ten + timedelta(hours=5))
    assert not await claims.claim("quotas", ten + timedelta(hours=4))
    assert not await claims.claim("quotas", ten)


async def test_schedules_do_not_take_from_each_other(redis: Redis) -> None:
    """Each name has its own last moment."""
    slot = at("2026-11-23 10:00")
    assert await Claims(redis).claim("quotas", slot)
    assert await Claims(redis).claim("keys", slot)


async def test_what_begins_at_once_is_taken_the_first_time_and_by_one(redis: Redis) -> None:
    """A moment that was kept is past, also for a worker that is late with an earlier one."""
    scheduled_runs, ten = ScheduledRuns(redis, at_once=True), at("2026-11-23 10:00")
    answers = await asyncio.gather(*(scheduled_runs.take("sweep", ten, ten) for _ in range(20)))
    assert sorted(answers) == [False] * 19 + [True]
    later = ten + timedelta(minutes=1)
    assert await scheduled_runs.take("sweep", later, later), "the next moment does not wait for a dead worker"
    await scheduled_runs.keep("sweep", later)
    await scheduled_runs.keep("sweep", ten)
    assert not await scheduled_runs.take("sweep", ten, later + TAKEN_FOR)
    assert not await scheduled_runs.take("sweep", later, later + TAKEN_FOR)
