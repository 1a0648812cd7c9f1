"""A plan that only its requester sees cannot be edited later: nothing in it claims what will not stay so."""

from bot.permissions import Policy
from bot.views.text import date
from tests.support.world import POLICY, World, text_of


async def test_a_plan_says_until_when_it_can_be_confirmed(world: World) -> None:
    """By the clock; a click after that says that nothing was done, and takes the plan's place."""
    plan = await world.type("U0CAROL", "quota set team-alpha 95GiB")
    (record,) = await world.confirmations.waiting()
    assert plan is not None
    assert f"you can confirm it until {date(record.expires_at)}." in text_of(plan)
    world.clock.forward(minutes=11)
    late = await world.click("U0CAROL", "change_confirm", record.id)
    assert late is not None
    assert late.replaces
    assert "nothing was done" in text_of(late.message)


async def test_a_confirmed_plan_says_when_that_was(world: World) -> None:
    """And not that it is about to be done, which would stand there for good."""
    await world.type("U0CAROL", "quota set team-alpha 95GiB")
    (record,) = await world.confirmations.waiting()
    answer = await world.click("U0CAROL", "change_confirm", record.id)
    assert answer is not None
    assert answer.replaces
    assert f"Confirmed {date(world.clock())}. What became of it is told separately." in text_of(answer.message)
    assert "about to be done" not in text_of(answer.message)


async def test_who_confirmed_is_told_that_it_waits_for_a_thaw(world: World) -> None:
    """Once, and when it expires meanwhile, that nothing was done."""
    await world.type("U0CAROL", "quota set team-alpha 95GiB")
    (record,) = await world.confirmations.waiting()
    await world.click("U0CAROL", "change_confirm", record.id)
    admins = {"name": "admins may stop everything", "who": ["admins"], "may": ["freeze"]}
    world.policy = Policy.model_validate({**POLICY, "rules": [*POLICY["rules"], admins]})
    await world.type("U0ALICE", "freeze Quay is being upgraded")
    assert await world.work() == await world.work() == []
    ((_, user, waits),) = world.slack.whispers
    assert user == "U0CAROL"
    assert "It waits, since changes are frozen: Quay is being upgraded" in text_of(waits)
    world.clock.forward(minutes=11)
    await world.changes.expire_due()
    await world.forget_who_tells()
    await world.outbox.deliver_due()
    told = [text_of(message) for message in world.slack.messages.values()]
    assert any("expired. Nothing was done. Ask again" in text for text in told)


async def test_who_lost_their_right_is_told_to_ask_again(world: World) -> None:
    """And not whom deciding on it is for."""
    await world.type("U0CAROL", "quota set team-alpha 95GiB")
    (record,) = await world.confirmations.waiting()
    world.policy = Policy.model_validate({**POLICY, "rules": POLICY["rules"][:1]})
    answer = await world.click("U0CAROL", "change_confirm", record.id)
    assert answer is not None
    assert "You may no longer confirm this by yourself. Nothing was done. Ask again" in text_of(answer.message)
