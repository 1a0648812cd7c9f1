"""A worker that stands still is given up and another takes its change over; neither says what the other did."""

import asyncio
from typing import Any

from redis.asyncio import Redis

from bot.quay.errors import Invalid
from tests.support.world import ADMIN, WatchedQuay, World, open_world


async def agreed(world: World) -> str:
    """A waiting key that may be approved."""
    await world.key_requests.watch(ADMIN)
    record_id = await world.confirmations.live_for(f"waiting key {world.waiting_key()}")
    assert record_id is not None
    await world.click("U0BOB", "key_approve", record_id)
    return record_id


def another(world: World) -> World:
    """Another worker. The lease of the first one, which stands still, has not been renewed."""
    return World(world.registry, world.faults, world.redis, world.quay, world.quay_url, world.clock, world.slack)


class StandsStill(WatchedQuay):
    """The first look at the key takes until another worker sends its approval, and then finds no key."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.looks = 0
        self.looking, self.sent, self.ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def get_service_key(self, kid: str) -> Any:
        self.looks += 1
        if self.looks == 1:
            self.looking.set()
            await self.sent.wait()
            raise Invalid("not today", operation="getServiceKey", status=400)
        return await super().get_service_key(kid)

    async def after_approval(self) -> None:
        self.sent.set()
        await self.ended.wait()


async def test_it_does_not_end_what_another_worker_has_taken_over(redis: Redis) -> None:
    """It would say that nothing was sent, of a call that is on its way."""
    async with open_world(redis, StandsStill) as world:
        quay = world.quay
        assert isinstance(quay, StandsStill)
        record_id = await agreed(world)
        first = asyncio.create_task(world.executor.execute(record_id))
        await quay.looking.wait()
        world.clock.forward(seconds=31)
        (given_back,) = await another(world).recover()
        assert given_back.state == "approved"
        second = asyncio.create_task(another(world).executor.execute(record_id))
        assert await first is None
        assert (await world.confirmations.get(record_id)).state == "executing"
        quay.ended.set()
        done = await second
        assert done is not None
        assert done.state == "done"
        events = await world.events()
        assert (events.count("change_intent"), events.count("change_outcome")) == (1, 1)


class LooksRound(WatchedQuay):
    """While an approval is on its way, somebody writes into the index of what runs, and another worker comes by."""

    world: World

    async def after_approval(self) -> None:
        running = self.world.confirmations.keys.running
        for record_id in await self.world.redis.zrange(running, 0, -1):
            await self.world.redis.zadd(running, {record_id: 0})
        assert await another(self.world).recover() == []


async def test_an_index_declares_no_worker_dead(redis: Redis) -> None:
    """Since when a change runs is in its sealed record; an index only says where to look."""
    async with open_world(redis, LooksRound) as world:
        assert isinstance(world.quay, LooksRound)
        world.quay.world = world
        record_id = await agreed(world)
        ended = await world.executor.execute(record_id)
        assert ended is not None
        assert (ended.state, (await world.events()).count("change_outcome")) == ("done", 1)
        assert "is gone" not in ended.note
