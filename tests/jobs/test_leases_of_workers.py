"""A worker's claims are its own as long as its lease is renewed; half a minute after that ended, they are others'."""

from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisGone

from bot.confirmations import State, intend
from bot.jobs.heartbeat import Heartbeat
from bot.jobs.runs import JobRuns
from bot.storage.worker_lease import GRACE, RENEW_EVERY, WorkerLease
from sandbox.quay.faults import Failure
from tests.support.world import World


def another(world: World) -> World:
    """Another worker over the same Redis, Quay and Slack."""
    return World(world.registry, world.faults, world.redis, world.quay, world.quay_url, world.clock, world.slack)


async def approved(world: World) -> str:
    """An approved change that nobody has claimed."""
    await world.type("U0DAVE", "quota set team-alpha 90GiB")
    return (await world.agree()).id


async def test_the_heartbeat_renews_the_lease(world: World) -> None:
    """For as long as rule 10 says: it ends one renewal later, and others wait for the grace after that."""
    lease = WorkerLease(world.redis)
    assert await lease.ended([lease.id]) == {lease.id}
    await Heartbeat(world.redis, lease, JobRuns(), world.clock).beat()
    assert await lease.ended([lease.id, "other"]) == {"other"}
    left = await world.redis.pttl(f"quaymaster:worker:lease:{lease.id}")
    assert 0 <= (RENEW_EVERY + GRACE).total_seconds() * 1000 - left < 5000


async def test_nobody_asks_redis_about_no_worker(redis: Redis) -> None:
    """A claim of a version without leases has no holder."""
    assert await WorkerLease(redis).ended([]) == frozenset()


@pytest.mark.parametrize("sent", [False, True])
async def test_a_live_worker_keeps_its_claim_however_long_it_takes(world: World, sent: bool) -> None:
    """A busy worker is not dead: Quay may take minutes for a call."""
    id_ = await approved(world)
    claimed = await world.executor._claim(id_)
    if sent:
        await world.confirmations.advance(id_, lambda stored: intend(stored, claimed, world.clock()))
    for _ in range(10):
        world.clock.forward(minutes=1)
        await world.beat()
        assert await another(world).recover() == []
    assert (await world.confirmations.get(id_)).holder == world.execution.lease.id


async def test_an_unsent_claim_is_executed_by_another_worker_half_a_minute_later(world: World) -> None:
    """And the first one's steps count no more: neither its intent nor its word on the outcome."""
    id_ = await approved(world)
    claimed = await world.executor._claim(id_)
    await world.pass_away()
    world.clock.forward(seconds=29)
    other = another(world)
    assert await other.recover() == []
    world.clock.forward(seconds=1)
    (given_back,) = await other.recover()
    assert given_back.version > claimed.version
    (done,) = await other.work()
    assert done.state is State.DONE
    assert await world.executor._look_and_send(claimed) is None
    assert (await world.events()).count("change_intent") == 1


async def test_of_workers_that_find_a_dead_one_one_takes_its_change_over(world: World) -> None:
    """The version goes up, so that of all others the next step fails."""
    id_ = await approved(world)
    claimed = await world.executor._claim(id_)
    sent = await world.confirmations.advance(id_, lambda stored: intend(stored, claimed, world.clock()))
    await world.pass_away()
    world.clock.forward(seconds=30)
    taken = [await another(world).recover() for _ in range(3)]
    assert [len(each) for each in taken] == [1, 0, 0]
    assert taken[0][0].version > sent.version + 1
    assert (await world.events()).count("change_outcome") == 1


class LosesRedis:
    """An effect whose worker loses Redis while it looks at the registry."""

    def __init__(self, effect: Any) -> None:
        self.effect = effect

    def __getattr__(self, name: str) -> Any:
        return getattr(self.effect, name)

    async def plan(self, *_args: Any) -> Any:
        raise RedisGone("gone")


async def test_a_live_worker_takes_up_again_what_a_failure_made_it_drop(world: World) -> None:
    """Its lease is renewed, but it is not about the change any more."""
    id_ = await approved(world)
    await world.beat()
    effects = {**world.effects, "quota set": LosesRedis(world.effects["quota set"])}
    executor = replace(world.executor, tools=replace(world.executor.tools, effects=effects))
    with pytest.raises(RedisGone):
        await executor.execute(id_)
    assert (await world.confirmations.get(id_)).state is State.EXECUTING
    world.clock.forward(seconds=30)
    await world.recover()
    (done,) = await world.work()
    assert done.state is State.DONE


async def test_what_this_worker_is_about_is_left_alone(world: World) -> None:
    """Even if its own lease could not be renewed for a while."""
    id_ = await approved(world)
    await world.executor._claim(id_)
    await world.pass_away()
    world.clock.forward(minutes=5)
    busy = replace(world.execution.recovery, is_executing=lambda record_id: record_id == id_)
    assert await busy.run() == []


async def test_an_approved_change_does_not_expire_while_slack_says_nothing(world: World) -> None:
    """It was agreed to in time; it is executed once Slack says who the people are."""
    id_ = await approved(world)
    world.clock.forward(minutes=55)
    world.web.unreachable = True
    for _ in range(20):
        assert await world.work() == []
        await world.changes.expire_due()
        world.clock.forward(minutes=1)
    waiting = await world.confirmations.get(id_)
    assert (waiting.state, "Slack does not say" in waiting.note) == (State.APPROVED, True)
    world.web.unreachable = False
    (done,) = await world.work()
    assert done.state is State.DONE


async def test_waiting_for_quay_does_take_of_its_time(world: World) -> None:
    """What was agreed to was agreed to for so long."""
    id_ = await approved(world)
    world.clock.forward(minutes=59)
    world.faults.failures.append(Failure("503", method="GET", remaining=None))
    assert await world.work() == []
    assert "tries again until it expires" in (await world.confirmations.get(id_)).note
    world.clock.forward(minutes=1)
    await world.changes.expire_due()
    assert (await world.confirmations.get(id_)).state is State.EXPIRED
