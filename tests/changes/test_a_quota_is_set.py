"""Quota changes: the requester's own confirmation, requests that others decide, plans that go stale."""

import pytest

from bot.alerts.config import AlertsFile
from sandbox.quay.state import Organization
from tests.support.world import ADMIN, World, text_of

GIB = 1024**3


def limit_of(world: World, name: str = "team-alpha") -> int | None:
    namespace = world.registry.organization(name)
    assert isinstance(namespace, Organization)
    return namespace.quota.limit_bytes if namespace.quota else None


async def test_the_plan_says_exactly_what_will_change(world: World) -> None:
    """The state now and after, to the requester alone; nothing has changed yet."""
    answer = await world.type("U0CAROL", "quota set team-alpha 100GiB")
    assert answer is not None
    shown = text_of(answer)
    assert "80 GiB → *100 GiB*" in shown
    assert "77.5 GiB (96.9 %) → *77.5 % of the quota*" in shown
    assert "change_confirm" in shown
    assert world.slack.messages == {}
    assert limit_of(world) == 80 * GIB


async def test_the_requesters_own_confirmation_is_enough(world: World) -> None:
    """Where the file says `approvals: 0`; the channel hears of it, the requester by name."""
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=100 * GIB)
    await world.click("U0CAROL", "change_confirm", record.id)
    (done,) = await world.work()
    assert (done.state, limit_of(world)) == ("done", 100 * GIB)
    (told,) = world.slack.messages.values()
    assert "<@U0CAROL>" in text_of(told)


async def test_nobody_else_can_confirm_it(world: World) -> None:
    """Not even somebody who may do the same."""
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=100 * GIB)
    answer = await world.click("U0BOB", "change_confirm", record.id)
    assert answer is not None
    assert "Only the person who asked for it can confirm it" in answer.message.text
    assert await world.work() == []


async def test_where_there_is_no_quota_one_is_created(world: World) -> None:
    """One intent, two operations, whichever the state asks for."""
    assert limit_of(world, "team-mobile") is None
    record = await world.propose("U0CAROL", "quota set", namespace="team-mobile", limit=20 * GIB)
    assert record.offer.operation == "createUserQuotaSuperUser"
    await world.click("U0CAROL", "change_confirm", record.id)
    await world.work()
    assert limit_of(world, "team-mobile") == 20 * GIB


async def test_a_users_own_namespace_goes_by_the_other_operation(world: World) -> None:
    """Quay names them the other way round."""
    name = world.registry.users()[5].name
    record = await world.propose("U0CAROL", "quota set", namespace=f"user:{name}", limit=20 * GIB)
    assert record.offer.operation in {"createOrganizationQuotaSuperUser", "changeOrganizationQuotaSuperUser"}
    await world.click("U0CAROL", "change_confirm", record.id)
    (done,) = await world.work()
    assert done.state == "done"
    user = world.registry.user(name)
    assert user is not None
    assert user.quota is not None
    assert user.quota.limit_bytes == 20 * GIB


async def test_more_than_the_file_lets_one_confirm_needs_two_others(world: World) -> None:
    """The second entry applies above its bound; the card counts the approvals."""
    answer = await world.type("U0CAROL", "quota set team-alpha 600GiB")
    assert answer is None
    ((_, card),) = world.slack.messages.items()
    assert "Needs 2 people of approvers" in text_of(card)
    (record,) = await world.confirmations.waiting()
    await world.click("U0BOB", "change_approve", record.id)
    assert "(1 of 2)" in world.only_card()
    assert await world.work() == []
    await world.click("U0EVE", "change_approve", record.id)
    await world.work()
    assert limit_of(world) == 600 * GIB
    assert "✅" in world.only_card()


async def test_a_request_is_decided_by_others(world: World) -> None:
    """Somebody without the right asks; approvers decide; the requester is told in the thread."""
    assert await world.type("U0DAVE", "quota set team-alpha 90GiB") is None
    (record,) = await world.confirmations.waiting()
    assert record.offers[0].needed == 2
    assert await world.click("U0DAVE", "change_approve", record.id) is not None
    await world.click("U0EVE", "change_reject", record.id)
    ended = await world.confirmations.get(record.id)
    assert (ended.state, ended.closed_by_label) == ("rejected", "Eve")
    assert "Rejected" in world.only_card()


async def test_the_requester_withdraws(world: World) -> None:
    """With the same button: their own no is a cancellation."""
    await world.type("U0DAVE", "quota set team-alpha 90GiB")
    (record,) = await world.confirmations.waiting()
    await world.click("U0DAVE", "change_reject", record.id)
    assert (await world.confirmations.get(record.id)).state == "cancelled"


async def test_a_change_meanwhile_makes_the_plan_stale_and_a_fresh_one_is_offered(world: World) -> None:
    """Nothing is executed on a plan that no longer fits."""
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=100 * GIB)
    await world.click("U0CAROL", "change_confirm", record.id)
    namespace = world.registry.organization("team-alpha")
    assert namespace is not None
    assert namespace.quota is not None
    namespace.quota.limit_bytes = 90 * GIB
    (stale,) = await world.work()
    assert (stale.state, limit_of(world)) == ("stale", 90 * GIB)
    ((_, user, fresh),) = world.slack.whispers
    assert user == "U0CAROL"
    assert "90 GiB → *100 GiB*" in text_of(fresh)


async def test_use_that_moves_by_itself_makes_nothing_stale(world: World) -> None:
    """The digest covers what the change rests on, never the figures that move."""
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=100 * GIB)
    await world.click("U0CAROL", "change_confirm", record.id)
    namespace = world.registry.organization("team-alpha")
    assert namespace is not None
    namespace.quota_bytes += GIB
    (done,) = await world.work()
    assert done.state == "done"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "quota set nowhere 10GiB",
            "There is no organization 'nowhere' in Quay. A user's own namespace is written user:nowhere",
        ),
        ("quota set user:nowhere 10GiB", "There is no user 'nowhere'"),
        ("quota set team-alpha 80GiB", "is already 80 GiB, with limits: warning 80%, reject 100%"),
        ("quota delete team-mobile", "has no quota of its own"),
    ],
)
async def test_what_is_pointless_is_refused_before_anything_is_stored(world: World, text: str, said: str) -> None:
    """In a sentence, to that person alone; nothing reaches Quay that Quay would answer with 500."""
    answer = await world.type("U0CAROL", text)
    assert answer is not None
    assert said in answer.text
    assert await world.confirmations.waiting() == []


async def test_a_limit_below_the_use_warns(world: World) -> None:
    """Pushes are refused at once, and the plan says so before."""
    answer = await world.type("U0CAROL", "quota set team-alpha 50GiB")
    assert answer is not None
    assert "Usage (77.5 GiB) exceeds the new limit. Pushes will be blocked immediately." in text_of(answer)


async def test_delivered_twice_is_proposed_once(world: World) -> None:
    """Slack may deliver a command again."""
    for _ in range(2):
        await world.type("U0DAVE", "quota set team-alpha 90GiB", delivery="trigger-1")
    assert len(await world.confirmations.waiting()) == 1
    assert len(world.slack.messages) == 1


async def test_a_card_that_slack_does_not_take_goes_to_the_fallback_channel(world: World) -> None:
    """The bot is not in the channel: the card goes to the admin channel instead."""
    world.alerts = AlertsFile(version=1, admin_channel="C2")
    world.slack.refuses.add(ADMIN)
    await world.type("U0DAVE", "quota set team-alpha 90GiB")
    assert [channel for channel, _ in world.slack.messages] == ["C2"]


async def test_a_card_that_no_channel_takes_withdraws_the_change(world: World) -> None:
    """What nobody can see nobody can approve; the requester is told."""
    world.alerts = AlertsFile(version=1, admin_channel="C2")
    world.slack.refuses |= {ADMIN, "C2"}
    answer = await world.type("U0DAVE", "quota set team-alpha 90GiB")
    assert answer is not None
    assert "nobody can approve it" in answer.text
    assert await world.confirmations.waiting() == []


async def test_quota_delete_lifts_the_limit(world: World) -> None:
    """Needs two others by this file, since there is no limit to be within bounds."""
    await world.type("U0CAROL", "quota delete team-alpha")
    (record,) = await world.confirmations.waiting()
    await world.click("U0BOB", "change_approve", record.id)
    await world.click("U0EVE", "change_approve", record.id)
    (done,) = await world.work()
    assert (done.state, limit_of(world)) == ("done", None)
