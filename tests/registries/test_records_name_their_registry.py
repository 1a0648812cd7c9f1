"""Several registries can come later: what is stored may name its registry, and without a name nothing changes."""

import json

from bot.audit import Audit
from bot.audit.entry import BEGINNING, following
from bot.confirmations import State
from bot.permissions import Policy
from tests.support.world import POLICY, START, World

QUOTA = "quota set team-alpha 90GiB"


def named(registry: str) -> Policy:
    """The same permissions, for a registry with a name."""
    return Policy.model_validate({**POLICY, "registry": registry})


async def test_one_registry_alone_has_no_name(world: World) -> None:
    """So that a record and an audit entry are to the letter what the version before wrote."""
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=90 * 1024**3)
    assert b'"registry"' not in await world.redis.get(world.confirmations.keys.record(record.id))
    _, body = following(BEGINNING, START, "change_proposed", None, {}, b"k" * 32)
    assert "registry" not in json.loads(body)


async def test_a_change_is_for_the_registry_that_the_file_names(world: World) -> None:
    """Its requester confirms it where the file still names the same."""
    world.policy = named("prod")
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=90 * 1024**3)
    assert record.registry == "prod"
    await world.click("U0CAROL", "change_confirm", record.id)
    (done,) = await world.work()
    assert done.state is State.DONE


async def test_a_change_for_another_registry_is_refused_at_the_click(world: World) -> None:
    """Fail closed: this bot's tokens are for one registry."""
    world.policy = named("staging")
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=90 * 1024**3)
    world.policy = named("prod")
    await world.click("U0CAROL", "change_confirm", record.id)
    assert (await world.confirmations.get(record.id)).state is State.PENDING
    assert await world.work() == []


async def test_a_change_for_another_registry_is_refused_at_the_claim(world: World) -> None:
    """The file was changed between the click and the call."""
    world.policy = named("staging")
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=90 * 1024**3)
    await world.click("U0CAROL", "change_confirm", record.id)
    world.policy = named("prod")
    await world.work()
    stored = await world.confirmations.get(record.id)
    assert (stored.state, stored.intended) == (State.FAILED, False)


async def test_an_entry_that_names_its_registry_is_sealed_with_the_name(world: World) -> None:
    """And verified like any other."""
    audit = Audit(world.redis, (b"a" * 32,), world.clock, lambda: "prod")
    await audit.record("change_proposed", actor=None)
    (entry,) = [entry async for entry in audit.entries()]
    assert entry.registry == "prod"
    assert (await audit.verify()).problems == ()
