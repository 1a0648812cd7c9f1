"""A plan that was made by a version that knew of no limits: it is carried out, unless that does what it didn't show."""

import pytest

from bot.confirmations import TAKEN_OVER_AFTER, Record
from bot.model.plans import Observation
from bot.permissions import Policy
from tests.support.mortals import Death
from tests.support.quotas import ALONE, Way, prepare
from tests.support.world import World

OLD = ("quota_id", "limit_now")
"""What such a plan rested on."""


async def planned_before(world: World, text: str) -> str:
    """Let a plan be stored as the version before stored it, and confirm it."""
    await world.type("U0CAROL", text)
    (record,) = await world.confirmations.waiting()

    def as_it_was(stored: Record) -> Record:
        offer, rests_on = stored.offers[0], {name: stored.rests_on[name] for name in OLD}
        facts = {"limit_now": stored.rests_on["limit_now"]}
        plan = stored.plan.model_copy(update={"alarms": ()})
        digest = Observation(operation=offer.operation, rests_on=rests_on, plan=plan).digest(offer.arguments)
        known = offer.model_copy(update={"also": (), "facts": facts})
        return stored.moved(offers=(known,), plan=plan, digest=digest, rests_on=rests_on)

    await world.confirmations.advance(record.id, as_it_was)
    await world.click("U0CAROL", "change_confirm", record.id)
    return record.id


@pytest.mark.parametrize(
    ("state", "text", "ended"),
    [
        ("own with limits", "quota set team-alpha 200GiB", "done"),
        ("own without limits", "quota set team-alpha 200GiB", "done"),
        ("own without limits", "quota delete team-alpha", "done"),
        ("own with limits", "quota delete team-alpha", "stale"),
        ("default", "quota set team-alpha 200GiB", "stale"),
    ],
)
async def test_it_is_carried_out_unless_it_weakens(world: World, state: str, text: str, ended: str) -> None:
    """What weakens was not marked on it: a fresh plan is offered that says so."""
    prepare(world, state)
    await planned_before(world, text)
    (record,) = await world.work()
    assert record.state == ended
    fresh = await world.confirmations.waiting()
    assert [bool(each.plan.alarms) for each in fresh] == ([True] if ended == "stale" else [])


async def test_standard_limits_are_not_added_to_it(world: World) -> None:
    """Nobody agreed to them."""
    namespace = prepare(world, "none")
    world.policy = Policy.model_validate({**ALONE, "quota_limits": {"reject": 100}})
    await planned_before(world, "quota set team-alpha 200GiB")
    (record,) = await world.work()
    assert (record.state, namespace.quota) == ("stale", None)


@pytest.mark.parametrize(("broken", "state"), [("killed before", "failed"), ("killed after", "done")])
async def test_its_outcome_is_told_by_the_size(way: tuple[World, Way], broken: str, state: str) -> None:
    """Its worker died; the limits that are there are no sign of somebody else."""
    world, way_ = way
    prepare(world, "own with limits")
    way_.breaks[0] = broken
    id_ = await planned_before(world, "quota set team-alpha 200GiB")
    with pytest.raises(Death):
        await world.work()

    def without_limits(stored: Record) -> Record:
        return stored.moved(rests_on={name: stored.rests_on[name] for name in OLD})

    await world.confirmations.advance(id_, without_limits)
    world.clock.forward(seconds=TAKEN_OVER_AFTER.total_seconds() + 1)
    (ended,) = await world.recover()
    ended = await world.conclude(ended)
    assert ended.state == state
    assert f"{200 if state == 'done' else 100} GiB" in ended.note
