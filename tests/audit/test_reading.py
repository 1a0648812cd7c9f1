"""The latest entries are read, newest first."""

from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from bot.audit import PAGE, STREAM, Audit
from bot.storage.sealing import Tampered


async def sequences(audit: Audit, *, since: datetime | None = None, count: int = 100) -> list[int]:
    return [entry.sequence async for entry in audit.entries(since=since, count=count)]


async def test_newest_first_and_no_more_than_asked_for(audit: Audit) -> None:
    """Of a record without entries, none."""
    assert await sequences(audit) == []
    for _ in range(5):
        await audit.record("command_allowed", actor=None)
    assert await sequences(audit) == [5, 4, 3, 2, 1]
    assert await sequences(audit, count=2) == [5, 4]
    assert await sequences(audit, count=0) == []


async def test_nothing_from_before_the_time_asked_for(audit: Audit) -> None:
    """An entry of that very moment belongs to it. Here one is recorded each minute from ten o'clock on."""
    for _ in range(5):
        await audit.record("command_allowed", actor=None)
    assert await sequences(audit, since=datetime(2026, 11, 23, 10, 3, tzinfo=UTC)) == [5, 4]


async def test_a_long_record_is_read_in_pages(audit: Audit) -> None:
    """Forwards for verifying, backwards for looking; no page ends early or twice."""
    for _ in range(PAGE + 2):
        await audit.record("command_allowed", actor=None)
    assert await sequences(audit, count=PAGE + 10) == list(range(PAGE + 2, 0, -1))
    verification = await audit.verify()
    assert (verification.count, verification.problems) == (PAGE + 2, ())


async def test_a_forged_entry_is_not_shown_as_if_it_were_one(redis: Redis, audit: Audit) -> None:
    """Reading stops there."""
    await audit.record("command_allowed", actor=None)
    await redis.xadd(STREAM, {"body": "{}", "hash": "0" * 64, "seal": "0" * 64})
    with pytest.raises(Tampered):
        await sequences(audit)
