"""Where the permissions file wants the name typed, the requester types it before the card is posted."""

import pytest

from bot.permissions import Policy
from tests.support.world import POLICY, World, text_of


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("orgs delete team-beta", "orgs delete team-beta --type-the-name team-beta"),
        ("orgs delete team-beta --type-the-name team-bet", "orgs delete team-beta --type-the-name team-beta"),
        ("users delete jrivera", "users delete jrivera --type-the-name jrivera"),
    ],
)
async def test_without_the_name_the_answer_says_what_to_type(world: World, text: str, again: str) -> None:
    """And nothing is stored or posted."""
    answer = await world.type("U0ALICE", text)
    assert answer is not None
    assert f"Type: {again}" in text_of(answer)
    assert await world.confirmations.waiting() == []
    assert world.slack.messages == {}


async def test_with_the_name_the_card_is_posted(world: World) -> None:
    """The record says that it was typed."""
    assert await world.type("U0ALICE", "orgs delete team-beta --type-the-name team-beta") is None
    (record,) = await world.confirmations.waiting()
    assert record.typed
    assert "change_approve" in world.only_card()


async def test_a_file_that_asks_for_the_name_afterwards_stops_what_was_asked_without(world: World) -> None:
    """The confirmation in force at the click decides."""
    lenient = [entry | {"type_the_name": False} for entry in POLICY["confirmations"]]
    strict, world.policy = world.policy, Policy.model_validate(POLICY | {"confirmations": lenient})
    await world.type("U0ALICE", "orgs delete team-beta")
    (record,) = await world.confirmations.waiting()
    world.policy = strict
    answer = await world.click("U0BOB", "change_approve", record.id)
    assert answer is not None
    assert "wants the name typed" in answer.message.text
    assert world.registry.organization("team-beta")


async def test_a_plan_that_went_stale_keeps_what_was_typed(world: World) -> None:
    """The fresh plan is of the same thing; the approvers agree anew."""
    await world.type("U0ALICE", "orgs delete team-beta --type-the-name team-beta")
    await world.agree()
    organization = world.registry.organization("team-beta")
    assert organization is not None
    organization.email = "moved@example.com"
    (stale,) = await world.work()
    assert stale.state == "stale"
    (fresh,) = await world.confirmations.waiting()
    assert fresh.typed
    assert fresh.approvals == ()
