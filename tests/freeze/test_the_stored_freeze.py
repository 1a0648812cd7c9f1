"""What is stored is believed only if the bot wrote it, and wrote nothing newer; everything else counts as frozen."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from bot.audit import Audit, audit_keys
from bot.changes import FreezeNotices
from bot.changes.freeze_notices import TOLD
from bot.confirmations import Confirmations, Noted, State
from bot.confirmations.factory import build_confirmations
from bot.confirmations.freeze import FREEZE, Freezer, Frozen
from bot.permissions import Actor
from tests.support.world import ADMIN, SETTINGS, TEAM, World, text_of

ALICE = Actor(TEAM, "U0ALICE")
GIB = 1024**3


def another_process(world: World) -> Freezer:
    """The same Redis and keys, and a memory of its own."""
    return another_store(world).freezer


def another_store(world: World) -> Confirmations:
    """The records as another process sees them."""
    root = SETTINGS.sealing_root
    return build_confirmations(world.redis, root, Audit(world.redis, audit_keys(root), world.clock), world.clock)


async def freeze(freezer: Freezer) -> None:
    await freezer.freeze(ALICE, "Alice", ADMIN, "because")


async def thaw(freezer: Freezer) -> None:
    await freezer.thaw(ALICE, "Alice", ADMIN)


async def test_every_process_obeys_at_once(world: World) -> None:
    """Nothing is remembered for longer than a step: the script that takes it compares."""
    record = await world.propose("U0CAROL", "quota set", namespace="team-beta", limit=90 * GIB)
    other = another_process(world)
    for _ in range(3):
        await freeze(other)
        answer = await world.click("U0CAROL", "change_confirm", record.id)
        assert answer is not None
        assert "frozen" in text_of(answer.message)
        await thaw(other)
    await world.click("U0CAROL", "change_confirm", record.id)
    assert (await world.confirmations.get(record.id)).state is State.APPROVED


async def unsealed(redis: Redis, thawed: bytes) -> None:
    await redis.set(FREEZE, b'{"on": false}')


async def nonsense(redis: Redis, thawed: bytes) -> None:
    await redis.set(FREEZE, b"\xff")


async def an_older_thaw(redis: Redis, thawed: bytes) -> None:
    await redis.set(FREEZE, thawed)


async def nothing(redis: Redis, thawed: bytes) -> None:
    await redis.delete(FREEZE)


Tamper = Callable[[Redis, bytes], Awaitable[None]]


@pytest.mark.parametrize("tamper", [unsealed, nonsense, an_older_thaw, nothing])
async def test_whoever_writes_to_redis_thaws_nothing(world: World, tamper: Tamper) -> None:
    """It is told in the channel, recorded once, and ended by a proper thaw."""
    record = await world.propose("U0CAROL", "quota set", namespace="team-beta", limit=90 * GIB)
    await freeze(world.freezer)
    await thaw(world.freezer)
    thawed = await world.redis.get(FREEZE)
    world.clock.forward(seconds=1)
    await freeze(world.freezer)
    await world.freeze_notices.tell()
    await tamper(world.redis, thawed)
    assert (await world.freezer.look()).doubt
    answer = await world.click("U0CAROL", "change_confirm", record.id)
    assert answer is not None
    assert "somebody who is not the bot" in text_of(answer.message)
    for _ in range(3):
        await world.freeze_notices.tell()
    assert (await world.events()).count("record_tampered") == 1
    assert "Tell your security people" in text_of(list(world.slack.messages.values())[-1])
    await world.freeze_notices.thaw(await world.person("U0ALICE"), await world.authorization.place(ADMIN))
    await world.click("U0CAROL", "change_confirm", record.id)
    assert (await world.confirmations.get(record.id)).state is State.APPROVED


async def test_a_process_that_starts_later_learns_in_its_first_tick_that_one_was_taken_out(
    world: World,
) -> None:
    """As long as what was told is still noted."""
    await freeze(world.freezer)
    await world.freeze_notices.tell()
    await world.redis.delete(FREEZE)
    fresh = another_process(world)
    await FreezeNotices(world.redis, fresh, world.slack, lambda: ADMIN).tell()
    assert (await fresh.look()).on


async def gone_without_a_trace(redis: Redis, _: bytes) -> None:
    await redis.delete(FREEZE, TOLD)


@pytest.mark.parametrize("tamper", [an_older_thaw, gone_without_a_trace])
async def test_a_worker_that_starts_later_sends_nothing_that_was_frozen(world: World, tamper: Tamper) -> None:
    """It knows of no freeze, but the audit does: nobody ended it there."""
    await freeze(world.freezer)
    await thaw(world.freezer)
    thawed = await world.redis.get(FREEZE)
    record = await world.propose("U0CAROL", "quota set", namespace="team-beta", limit=90 * GIB)
    await world.changes.approve(record.id, await world.person("U0CAROL"))
    world.clock.forward(seconds=1)
    await freeze(world.freezer)
    await world.freeze_notices.tell()
    await tamper(world.redis, thawed)
    started = World(world.registry, world.faults, world.redis, world.quay, world.quay_url, world.clock, world.slack)
    ended = await started.executor.execute(record.id)
    assert ended is not None
    assert (ended.state, "changes are frozen" in ended.note) == (State.FAILED, True)
    (quota,) = (await world.quay.get_organization("team-beta")).quotas or ()
    assert quota.limit_bytes != 90 * GIB


async def test_a_process_whose_clock_is_slow_can_thaw(world: World) -> None:
    """Each switch counts as later than the one before."""
    other = another_process(world)
    await freeze(other)
    world.clock.forward(hours=-1)
    await thaw(world.freezer)
    assert not (await other.look()).on
    assert not (await world.freezer.look()).on


async def test_of_many_who_freeze_one_does(world: World) -> None:
    """One entry in the audit."""
    freezers = [another_process(world) for _ in range(10)]
    done = await asyncio.gather(*(freeze(freezer) for freezer in freezers), return_exceptions=True)
    assert sum(each is None for each in done) == 1
    assert await world.events() == ["changes_frozen"]


async def test_a_guarded_step_costs_no_further_round_trip(world: World) -> None:
    """One for reading the record and one for the script, frozen before or not."""
    await freeze(world.freezer)
    await thaw(world.freezer)
    record = await world.propose("U0CAROL", "quota set", namespace="team-beta", limit=90 * GIB)
    await world.redis.config_resetstat()
    await world.changes.approve(record.id, await world.person("U0CAROL"))
    calls = {name: figures["calls"] for name, figures in (await world.redis.info("commandstats")).items()}
    assert calls["cmdstat_eval"] == 1


async def test_a_frozen_step_leaves_no_trace(world: World) -> None:
    """No record, no entry, no index."""
    record = await world.propose("U0CAROL", "quota set", namespace="team-beta", limit=90 * GIB)
    fresh = record.model_copy(update={"id": "another"})
    await freeze(world.freezer)
    confirmations = another_store(world)
    before = await world.events()
    with pytest.raises(Frozen):
        await confirmations.create(fresh, Noted("change_proposed", None, {}), guarded=True)
    assert await world.events() == before
    assert [record.id for record in await confirmations.waiting()] == [record.id]
