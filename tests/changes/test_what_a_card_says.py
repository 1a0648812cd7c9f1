"""A card of a change that others decide on: the plan, who asked, who agreed, whom it still needs, the time left."""

import pytest

from bot.permissions import Policy
from tests.support.world import ADMIN, POLICY, World


async def request(world: World) -> str:
    await world.type("U0DAVE", "quota set team-alpha 90GiB")
    (record,) = await world.confirmations.waiting()
    return record.id


async def test_it_says_who_asked_what_changes_and_whom_it_needs(world: World) -> None:
    """Groups are words, people are named without a mention, and the time left is Slack's to tell."""
    record_id = await request(world)
    shown = world.only_card()
    assert "80 GiB → *90 GiB*" in shown
    assert "Dave (`U0DAVE`) asked" in shown
    assert "Needs 2 people of approvers besides the requester" in shown
    assert "{time} ({ago})" in shown
    assert "<@" not in shown
    await world.click("U0BOB", "change_approve", record_id)
    assert (
        "Approved by Bob (`U0BOB`) (1 of 2) · Needs 1 more person of approvers besides the requester"
        in world.only_card()
    )


async def test_where_the_requester_counts_it_says_so(world: World) -> None:
    """By the confirmation in force."""
    own = {**POLICY["confirmations"][-1], "self_approval": True}
    world.policy = Policy.model_validate(POLICY | {"confirmations": [*POLICY["confirmations"][:-1], own]})
    await request(world)
    assert "besides the requester" not in world.only_card()


@pytest.mark.parametrize("end", ["approved", "rejected", "withdrawn", "expired", "done"])
async def test_an_ended_card_has_no_buttons_and_no_time_left(world: World, end: str) -> None:
    """Nor does it say whom it needs."""
    record_id = await request(world)
    if end in {"approved", "done"}:
        await world.agree()
    if end == "done":
        for record in await world.work():
            await world.outbox.deliver(record)
    if end in {"rejected", "withdrawn"}:
        await world.click("U0EVE" if end == "rejected" else "U0DAVE", "change_reject", record_id)
    if end == "expired":
        world.clock.forward(hours=1)
        await world.changes.expire_due()
        await world.outbox.deliver_due()
    shown = world.only_card()
    assert all(word not in shown for word in ("actions", "change_approve", "{ago}", "Needs"))


async def test_a_card_that_slack_refuses_is_told_as_one(world: World) -> None:
    """Nobody can approve what nobody sees: the request is withdrawn, and its requester hears why."""
    world.slack.refuses |= {ADMIN, "C2"}
    said = await world.type("U0DAVE", "quota set team-alpha 900GiB")
    assert said is not None
    assert "Slack did not take the card (not_in_channel), so nobody can approve it." in said.text
