"""A change that is asked for in direct messages or in Home: approvers see it, and who asked is told."""

import pytest

from bot.alerts.config import AlertsFile
from bot.permissions import Policy
from tests.support.world import POLICY, World, text_of

ALONE = {"name": "askers may ask alone", "who": ["askers"], "may_request": ["quotas.change"], "in": ["dm", "home"]}


@pytest.fixture
def asking(world: World) -> World:
    world.policy = Policy.model_validate({**POLICY, "rules": [*POLICY["rules"], ALONE]})
    world.alerts = AlertsFile(version=1, admin_channel="C2")
    return world


@pytest.mark.parametrize("channel", ["DU0DAVE", "home"])
async def test_its_card_is_where_approvers_see_it(asking: World, channel: str) -> None:
    """In the admins' channel, with a link for the requester; it is judged as asked for where it was."""
    answer = await asking.type("U0DAVE", "quota set team-alpha 90GiB", channel=channel)
    ((place, message_id),) = asking.slack.messages
    (record,) = await asking.confirmations.waiting()
    assert (place, record.channel) == ("C2", channel)
    assert answer is not None
    assert f"<https://slack.test/C2/{message_id}|Its card> is in <#C2>" in text_of(answer)
    assert "approvers can approve it" in text_of(answer)
    pending = await asking.type("U0DAVE", "pending", channel=channel)
    assert pending is not None
    assert "<#C2>" in text_of(pending)


@pytest.mark.parametrize("channel", ["DU0DAVE", "home"])
async def test_its_requester_is_told_the_end(asking: World, channel: str) -> None:
    """In the thread of its card, and in their direct messages: they may not be in the card's channel."""
    await asking.type("U0DAVE", "quota set team-alpha 90GiB", channel=channel)
    await asking.agree()
    (done,) = await asking.work()
    assert done.state == "done"
    assert [place for place, _, _ in asking.slack.threads] == ["C2"]
    (told,) = [text_of(message) for (place, _), message in asking.slack.messages.items() if place == "DU0DAVE"]
    assert "Set the quota of team-alpha to 90 GiB*: done" in told


async def test_who_agrees_in_home_is_told_the_end(world: World) -> None:
    """No card shows it there: the tab says that the click counts, and the Messages tab what became of it."""
    record = await world.propose("U0DAVE", "quota set", namespace="team-alpha", limit=90 * 1024**3)
    first = await world.click("U0BOB", "change_approve", record.id, at_home=True)
    assert first is not None
    assert "others have to agree as well. What becomes of it is told in the *Messages* tab" in text_of(first.message)
    await world.click("U0EVE", "change_approve", record.id)
    namespace = world.registry.organization("team-alpha")
    assert namespace is not None
    assert namespace.quota is not None
    namespace.quota.limit_bytes = 70 * 1024**3
    (stale,) = await world.work()
    assert stale.state == "stale"
    (told,) = [text_of(message) for (place, _), message in world.slack.messages.items() if place == "DU0BOB"]
    assert "no longer fits" in told
    assert "DU0EVE" not in {place for place, _ in world.slack.messages}


async def test_a_key_approved_in_direct_messages_has_one_card(asking: World) -> None:
    """Where approvers are; asked again, the same one is linked."""
    rule = {"name": "askers ask for keys alone", "who": ["askers"], "may_request": ["keys.change"], "in": ["dm"]}
    asking.policy = Policy.model_validate({**POLICY, "rules": [*POLICY["rules"], rule]})
    for delivery in ("one", "two"):
        answer = await asking.type(
            "U0DAVE", f"keys approve {asking.waiting_key()}", channel="DU0DAVE", delivery=delivery
        )
        assert answer is not None
        assert "Its card> is in <#C2>" in text_of(answer)
    assert [place for place, _ in asking.slack.messages] == ["C2"]
