"""Each month's last head is sealed when it is over; only then, and only after its time, may its entries go."""

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from bot.audit import STREAM, Audit, Head
from bot.audit.segments import SEGMENTS
from bot.storage.sealing import Tampered

KEPT = timedelta(days=60)


class Clock:
    now = datetime(2026, 9, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(redis: Redis, clock: Clock) -> Audit:
    return Audit(redis, (b"a" * 32,), clock)


async def live_through(audit: Audit, clock: Clock, *days: datetime) -> list[Head]:
    """Two entries on each of these days."""
    heads = []
    for clock.now in days:
        for _ in range(2):
            heads.append((await audit.record("command_allowed", actor="T1/U1")).head)
    return heads


def day(month: int, of_month: int = 15) -> datetime:
    return datetime(2026, month, of_month, tzinfo=UTC)


async def events(audit: Audit) -> list[str]:
    return [f"{e.event} {e.details.get('segment', '')}".strip() async for e in audit.entries()][::-1]


async def test_a_month_that_is_over_is_sealed_once(kept: Audit, clock: Clock) -> None:
    """The sealing is in the record itself; the month that goes on is left alone."""
    heads = await live_through(kept, clock, day(9), day(9, 30), day(10))
    for _ in range(3):
        await kept.segments.keep_up(None)
    assert await events(kept) == [*["command_allowed"] * 6, "segment_sealed 2026-09"]
    (last,) = [entry async for entry in kept.entries(count=1)]
    assert (last.details["first"], last.details["last"], last.details["head"]) == (1, *heads[3])
    assert (await kept.verify()).problems == ()


async def test_a_month_is_not_over_for_an_hour_after_its_end(kept: Audit, clock: Clock) -> None:
    """Some process's clock may be slow."""
    await live_through(kept, clock, day(9))
    clock.now = datetime(2026, 10, 1, 0, 59, tzinfo=UTC)
    await kept.segments.keep_up(None)
    assert "segment_sealed 2026-09" not in await events(kept)
    clock.now = datetime(2026, 10, 1, 1, 0, tzinfo=UTC)
    await kept.segments.keep_up(None)
    assert "segment_sealed 2026-09" in await events(kept)


async def test_months_without_a_worker_are_sealed_one_by_one(kept: Audit, clock: Clock) -> None:
    """Each up to its own last entry, also the last month before a long silence."""
    await live_through(kept, clock, day(7), day(8), day(9))
    clock.now = day(11)
    await kept.segments.keep_up(None)
    assert [event for event in await events(kept) if event != "command_allowed"] == [
        "segment_sealed 2026-07",
        "segment_sealed 2026-08",
        "segment_sealed 2026-09",
    ]


async def test_what_is_old_enough_is_trimmed_and_verifying_begins_at_its_seal(
    redis: Redis, kept: Audit, clock: Clock
) -> None:
    """Counted from the last entry of the month; the trimming is in the record."""
    heads = await live_through(kept, clock, day(7), day(8), day(10))
    clock.now = day(8) + KEPT - timedelta(seconds=1)
    await kept.segments.keep_up(KEPT)
    assert (await events(kept))[0] == "command_allowed"
    assert await redis.xlen(STREAM) == 4 + 3
    clock.now = day(8) + KEPT
    await kept.segments.keep_up(KEPT)
    assert await redis.xlen(STREAM) == 2 + 4
    assert [event for event in await events(kept) if "trimmed" in event] == [
        "segment_trimmed 2026-07",
        "segment_trimmed 2026-08",
    ]
    verification = await kept.verify(published=heads[-1])
    assert (verification.count, verification.problems) == (6, ())
    assert (await kept.verify(published=heads[3])).problems == (), "the sealed head itself is still vouched for"
    (problem,) = (await kept.verify(published=heads[1])).problems
    assert problem == "the published head, entry 2, lies before the first entry that is here"


async def test_without_a_retention_nothing_is_ever_trimmed(redis: Redis, kept: Audit, clock: Clock) -> None:
    """However old."""
    await live_through(kept, clock, day(1), day(2))
    clock.now = day(12)
    await kept.segments.keep_up(None)
    assert await redis.xlen(STREAM) == 4 + 2


async def test_whoever_deletes_a_sealed_month_is_found_out(redis: Redis, kept: Audit, clock: Clock) -> None:
    """A seal vouches for entries that were trimmed by the bot, never for ones that are merely gone."""
    await live_through(kept, clock, day(8), day(9), day(10))
    await kept.segments.keep_up(None)
    for id_, _ in await redis.xrange(STREAM, count=2):
        await redis.xdel(STREAM, id_)
    problems = (await kept.verify()).problems
    assert "missing before entry 3: 1 to 2" in problems
    assert "the sealed head of 2026-08, entry 2, lies before the first entry that is here" not in problems
    assert any("the sealed head of 2026-08" in problem for problem in problems)


async def test_a_seal_that_was_altered_or_taken_out_shows(redis: Redis, kept: Audit, clock: Clock) -> None:
    """And nothing is sealed or trimmed on its word."""
    await live_through(kept, clock, day(8), day(10))
    clock.now = day(8) + KEPT
    await kept.segments.keep_up(KEPT)
    assert (await kept.verify()).problems == ()
    sealed = (await redis.hgetall(SEGMENTS))[b"1"]  # type: ignore[misc]
    await redis.hset(SEGMENTS, "1", sealed.replace(b"2026-08", b"2026-09"))  # type: ignore[misc]
    assert any("the seal of a segment was altered" in problem for problem in (await kept.verify()).problems)
    with pytest.raises(Tampered):
        await kept.segments.keep_up(KEPT)
    await redis.delete(SEGMENTS)
    assert (await kept.verify()).problems[0].startswith("missing before entry 3: 1 to 2")


async def test_a_month_that_was_tampered_with_is_not_sealed(redis: Redis, kept: Audit, clock: Clock) -> None:
    """Nobody would vouch for it."""
    await live_through(kept, clock, day(8), day(10))
    (first, _), *_ = await redis.xrange(STREAM, count=1)
    await redis.xdel(STREAM, first)
    with pytest.raises(Tampered, match="missing before entry 2: 1"):
        await kept.segments.keep_up(KEPT)
    assert await redis.exists(SEGMENTS) == 0


async def test_two_workers_seal_and_trim_once(redis: Redis, kept: Audit, clock: Clock) -> None:
    """Each compares what it read."""
    await live_through(kept, clock, day(7), day(8), day(12))
    other = Audit(redis, (b"a" * 32,), clock)
    for audit in (kept, other, kept, other):
        await audit.segments.keep_up(KEPT)
    found = await events(kept)
    assert len(found) == len(set(found)) + 1
    assert (await kept.verify()).problems == ()
