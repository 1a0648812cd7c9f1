"""`limit: {max_increase: 20%}`: decided by the limit that is there when the plan is made, and bound until the claim."""

from typing import Any

import pytest

from bot.confirmations import State
from bot.permissions import Policy, Verdict, decide
from bot.permissions.conditions import Bounds
from tests.support.policies import ADMIN, GIB, person, policy
from tests.support.world import POLICY, World, text_of


@pytest.mark.parametrize(
    ("bounds", "value", "now", "holds"),
    [
        ({"max": "10GiB"}, 10 * GIB, None, True),
        ({"max": "10GiB"}, 10 * GIB + 1, None, False),
        ({"min": "10GiB"}, 10 * GIB, None, True),
        ({"min": "10GiB"}, 10 * GIB - 1, None, False),
        ({"min": "1GiB", "max": "2GiB"}, 3 * GIB, None, False),
        ({"max_increase": "20%"}, 120, 100, True),
        ({"max_increase": "20%"}, 121, 100, False),
        ({"max_increase": "20%"}, 50, 100, True),
        ({"max_increase": "0%"}, 100, 100, True),
        ({"max_increase": "0%"}, 101, 100, False),
        ({"max_increase": "12.5%"}, 1125, 1000, True),
        ({"max_increase": "12.5%"}, 1126, 1000, False),
        ({"max_increase": "20%"}, 2**62 + 2**62 // 5, 2**62, True),
        ({"max_increase": "20%"}, 2**62 + 2**62 // 5 + 1, 2**62, False),
        ({"max_increase": "20%"}, 1, None, False),
        ({"max_increase": "20%"}, 1, True, False),
        ({"max_increase": "20%"}, "1", 1, False),
        ({"max_increase": "50%", "max": "1GiB"}, 2 * GIB, 2 * GIB, False),
    ],
)
def test_bounds_on_a_size(bounds: dict[str, str], value: Any, now: Any, *, holds: bool) -> None:
    """All that are given must hold, to the byte; without anything there, no growth can be told."""
    assert Bounds.model_validate(bounds).holds(value, now) is holds


STEPS = {"who": ["staff"], "may": ["quotas.change"], "where": {"limit": {"max_increase": "20%"}}}


@pytest.mark.parametrize(
    ("arguments", "presume", "verdict"),
    [
        ({"limit": 120, "limit_now": 100}, "nothing", Verdict.ALLOW),
        ({"limit": 121, "limit_now": 100}, "nothing", Verdict.DENY),
        ({"limit": 120, "limit_now": None}, "nothing", Verdict.DENY),
        ({"limit": 120}, "nothing", Verdict.DENY),
        ({"limit": 120}, "state", Verdict.ALLOW),
        ({"limit": 121, "limit_now": 100}, "state", Verdict.DENY),
        ({}, "state", Verdict.DENY),
        ({}, "everything", Verdict.ALLOW),
    ],
)
def test_what_is_unknown_never_matches_unless_it_is_presumed(arguments: Any, presume: Any, verdict: Verdict) -> None:
    """Presumed before the look alone: a fact that is known counts, an argument that was not given is missing."""
    found = decide(policy(STEPS), person(), "changeUserQuotaSuperUser", arguments, ADMIN, presume=presume)
    assert found.verdict is verdict
    assert ("if what is there now fits" in found.reason) is (presume == "state" and verdict is Verdict.ALLOW)


def in_steps(**more: Any) -> Policy:
    """Carol raises quotas by a fifth on her own; beyond that Bob agrees."""
    rules = [
        {**STEPS, "name": "by a fifth", "who": ["managers"]},
        {"name": "or ask", "who": ["managers"], "may_request": ["quotas.change"]},
    ]
    confirmations = [
        {"for": ["quotas.change"], "where": {"limit": {"max_increase": "10%"}}, "approvals": 0},
        {"for": ["change"], "approvals": 1, "approvers": ["approvers"]},
    ]
    return Policy.model_validate({**POLICY, "rules": rules, "confirmations": confirmations, **more})


async def limited(world: World, size: str) -> None:
    """Let the quota of team-alpha be this."""
    usual, world.policy = world.policy, Policy.model_validate(POLICY)
    await world.type("U0CAROL", f"quota set team-alpha {size}", delivery=f"first {size}")
    (record,) = await world.confirmations.waiting()
    await world.click("U0CAROL", "change_confirm", record.id)
    await world.work()
    world.policy = usual


@pytest.mark.parametrize(("size", "needed"), [("110GiB", 0), ("111GiB", 1), ("120GiB", 1), ("121GiB", 1), ("60GiB", 0)])
async def test_the_plan_decides_by_the_limit_that_is_there(world: World, size: str, needed: int) -> None:
    """How a change is confirmed follows from it as well."""
    await limited(world, "100GiB")
    world.policy = in_steps()
    await world.type("U0CAROL", f"quota set team-alpha {size}")
    (record,) = await world.confirmations.waiting()
    assert record.offer.needed == needed
    assert record.offer.facts["limit_now"] == 100 * GIB


async def test_beyond_the_bound_nothing_is_proposed_to_somebody_who_may_not_ask(world: World) -> None:
    """The denial comes after the look, and names what would have allowed it no more than any other."""
    await limited(world, "100GiB")
    world.policy = in_steps(rules=[STEPS | {"name": "by a fifth", "who": ["managers"]}])
    answer = await world.type("U0CAROL", "quota set team-alpha 121GiB")
    assert answer is not None
    assert "No rule allows it." in text_of(answer)
    assert await world.confirmations.waiting() == []


async def test_a_first_quota_is_no_growth(world: World) -> None:
    """Where nothing is there, nothing can be compared, so the rule does not match."""
    world.policy = in_steps(rules=[STEPS | {"name": "by a fifth", "who": ["managers"]}])
    name = next(found.name for found in world.registry.organizations() if found.quota is None)
    answer = await world.type("U0CAROL", f"quota set {name} 1GiB")
    assert answer is not None
    assert "No rule allows it." in text_of(answer)


async def test_the_click_is_judged_by_the_plan_and_a_change_since_makes_it_stale(world: World) -> None:
    """What the rule looked at is part of what the plan rests on: it cannot move unnoticed."""
    await limited(world, "100GiB")
    world.policy = in_steps()
    await world.type("U0CAROL", "quota set team-alpha 110GiB")
    (record,) = await world.confirmations.waiting()
    await world.click("U0CAROL", "change_confirm", record.id)
    await limited_behind_the_bot(world, 50 * GIB)
    (ended,) = await world.work()
    assert ended.state is State.STALE
    (fresh,) = await world.confirmations.waiting()
    assert fresh.offer.facts["limit_now"] == 50 * GIB
    assert fresh.offer.needed == 1, "more than a fifth now, so it is a request"


async def limited_behind_the_bot(world: World, limit: int) -> None:
    """Somebody changes the quota in Quay itself."""
    (quota,) = await world.quay.list_user_quota_super_user("team-alpha")
    assert quota.id is not None
    await world.quay.change_user_quota_super_user("team-alpha", quota.id, limit_bytes=limit)


@pytest.mark.parametrize(("percent", "agrees"), [("10%", True), ("5%", False)])
async def test_a_stricter_file_counts_at_the_click(world: World, percent: str, *, agrees: bool) -> None:
    """With the facts of the plan, by the rules in force then."""
    await limited(world, "100GiB")
    world.policy = in_steps()
    await world.type("U0CAROL", "quota set team-alpha 110GiB")
    (record,) = await world.confirmations.waiting()
    rule = {"name": "small steps", "who": ["managers"], "may": ["quotas.change"]}
    world.policy = in_steps(rules=[{**rule, "where": {"limit": {"max_increase": percent}}}])
    await world.click("U0CAROL", "change_confirm", record.id)
    after = await world.confirmations.get(record.id)
    assert (after.state is State.APPROVED) is agrees
