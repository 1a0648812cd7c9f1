"""A lease keeps one worker's sweep from running beside another's."""

import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.alerts.lease import HOLDS_FOR, lease


async def test_one_of_many_holds_it(redis: Redis) -> None:
    """The others are told so at once, and may try when it is given back."""

    async def attempt() -> bool:
        async with lease(redis, "look") as mine:
            await asyncio.sleep(0)
            return mine

    async with lease(redis, "look") as first:
        assert (first, await attempt()) == (True, False)
        async with lease(redis, "something else") as other:
            assert other
    assert await attempt()


async def test_it_is_given_back_when_the_work_fails(redis: Redis) -> None:
    """And it ends by itself when its process dies."""

    async def work() -> None:
        async with lease(redis, "look"):
            assert 0 < await redis.pttl("quaymaster:lease:look") <= HOLDS_FOR.total_seconds() * 1000
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await work()
    assert not await redis.exists("quaymaster:lease:look")


async def test_somebody_elses_is_not_given_back(redis: Redis) -> None:
    """Redis lost ours, and another took it."""
    async with lease(redis, "look"):
        await redis.set("quaymaster:lease:look", "another")
    assert await redis.get("quaymaster:lease:look") == b"another"


async def test_work_ends_when_its_lease_is_lost(redis: Redis) -> None:
    """Another may have begun by then: the two would do the same side by side."""
    begun, short = asyncio.Event(), timedelta(milliseconds=100)

    async def work() -> None:
        async with lease(redis, "look", short):
            begun.set()
            await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await begun.wait()
    await redis.set("quaymaster:lease:look", "another")
    with pytest.raises(TimeoutError):
        await working
    assert await redis.get("quaymaster:lease:look") == b"another"
