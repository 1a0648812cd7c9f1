"""Two pending changes of the same thing: the second is told of the first."""

import asyncio

from bot.views.text import date
from tests.support.world import World, text_of

BESIDE = "another change of the same thing was pending"


async def test_a_private_plan_is_told_of_a_card(world: World) -> None:
    """What it is, who asked, and where it is."""
    await world.type("U0DAVE", "quota set team-alpha 90GiB", delivery="one")
    answer = await world.type("U0CAROL", "quota set team-alpha 95GiB", delivery="two")
    assert answer is not None
    ((channel, message_id),) = world.slack.messages
    asked = next(record for record in await world.confirmations.waiting() if record.private).created_at
    assert f"When this was asked, {date(asked)}, {BESIDE}" in text_of(answer), "it may end, and the plan stays"
    shown = text_of(answer)
    assert f"{BESIDE}:* Set the quota of team-alpha to 90 GiB, asked by Dave" in shown
    assert f"<https://slack.test/{channel}/{message_id}|Its card>" in shown


async def test_a_card_is_told_of_a_private_plan(world: World) -> None:
    """Which nobody else can look at, so its id stands there; approving asks the question with that in it."""
    answer = await world.type("U0CAROL", "quota set team-alpha 95GiB", delivery="one")
    assert answer is not None
    assert BESIDE not in text_of(answer)
    await world.type("U0DAVE", "quota set team-alpha 90GiB", delivery="two")
    first = next(record for record in await world.confirmations.waiting() if record.private)
    assert f"asked by Carol. Change `{first.id}`" in world.only_card()
    assert world.only_card().count(BESIDE) == 2, "on the card, and in the question of Approve"


async def test_of_two_at_once_one_is_told(world: World) -> None:
    """At least one, whoever was first: the other is looked up after one's own is stored."""
    texts = [("U0DAVE", "quota set team-alpha 90GiB", "one"), ("U0DAVE", "quota set team-alpha 95GiB", "two")]
    await asyncio.gather(*(world.type(user, text, delivery=delivery) for user, text, delivery in texts))
    told = [record for record in await world.confirmations.waiting() if record.neighbour]
    assert told


async def test_the_third_is_told_of_the_first_when_the_second_is_over(world: World) -> None:
    """Whatever is still pending counts."""
    await world.type("U0DAVE", "quota set team-alpha 90GiB", delivery="one")
    (first,) = await world.confirmations.waiting()
    world.clock.forward(seconds=1)
    await world.type("U0DAVE", "quota set team-alpha 95GiB", delivery="two")
    second = next(record for record in await world.confirmations.waiting() if record.id != first.id)
    await world.click("U0DAVE", "change_reject", second.id)
    answer = await world.type("U0CAROL", "quota set team-alpha 99GiB", delivery="three")
    assert answer is not None
    assert "to 90 GiB, asked by Dave" in text_of(answer)


async def test_what_is_over_or_is_about_something_else_is_not_spoken_of(world: World) -> None:
    """Nor is a change told of itself when Slack delivers it again."""
    await world.type("U0DAVE", "quota set team-alpha 90GiB", delivery="one")
    await world.type("U0DAVE", "quota set team-alpha 90GiB", delivery="one")
    assert BESIDE not in world.only_card()
    (first,) = await world.confirmations.waiting()
    answer = await world.type("U0CAROL", "quota set team-beta 95GiB", delivery="two")
    assert answer is not None
    assert BESIDE not in text_of(answer)
    await world.click("U0EVE", "change_reject", first.id)
    answer = await world.type("U0CAROL", "quota set team-alpha 95GiB", delivery="three")
    assert answer is not None
    assert BESIDE not in text_of(answer)


async def test_when_the_first_is_done_the_second_no_longer_fits(world: World) -> None:
    """Its plan rests on the limit as it was, so a fresh one is offered."""
    await world.type("U0DAVE", "quota set team-alpha 90GiB", delivery="one")
    await world.type("U0CAROL", "quota set team-alpha 95GiB", delivery="two")
    second = next(record for record in await world.confirmations.waiting() if record.private)
    await world.click(
        "U0BOB", "change_approve", next(r.id for r in await world.confirmations.waiting() if not r.private)
    )
    await world.click(
        "U0EVE", "change_approve", next(r.id for r in await world.confirmations.waiting() if not r.private)
    )
    (done,) = await world.work()
    assert done.state == "done"
    await world.click("U0CAROL", "change_confirm", second.id)
    (stale,) = await world.work()
    assert stale.state == "stale"
    ((_, _, fresh),) = world.slack.whispers
    assert "90 GiB → *95 GiB*" in text_of(fresh)


async def test_an_organization_and_its_quota_are_one_thing(world: World) -> None:
    """Deleting it would leave the other change with nothing to change."""
    await world.type("U0DAVE", "quota set team-beta 90GiB", delivery="one")
    await world.type("U0ALICE", "orgs delete team-beta --type-the-name team-beta", delivery="two")
    assert any(f"{BESIDE}:* Set the quota of team-beta to 90 GiB" in text_of(m) for m in world.slack.messages.values())
