"""A waiting key, from its arrival to its outcome."""

import asyncio

import pytest
from redis.asyncio import Redis

from bot.changes import NotKnown
from bot.permissions import Policy
from sandbox.quay.faults import Failure, Faults, OddEntries
from tests.support.world import ADMIN, POLICY, WatchedQuay, World, open_world, text_of


async def arrive(world: World) -> str:
    """The record of the one honest waiting key, with its card posted."""
    await world.key_requests.watch(ADMIN)
    record_id = await world.confirmations.live_for(f"waiting key {world.waiting_key()}")
    assert record_id is not None
    return record_id


async def test_each_waiting_key_gets_one_card(world: World) -> None:
    """However often the watch comes by."""
    waiting = [key for key in world.registry.keys.values() if key.approval is None]
    for _ in range(3):
        await world.key_requests.watch(ADMIN)
    assert len(world.slack.messages) == len(waiting) == 2
    shown = "".join(map(text_of, world.slack.messages.values()))
    assert all(key.kid in shown for key in waiting)
    assert "*Quay may remove it from:* <!date^" in shown
    assert "answer by" not in shown, "a waiting key has no deadline"
    assert "*Other keys of the service:* 2 approved, 0 waiting" in shown
    assert shown.count("which is not the id") == 1, "the key whose id is not its thumbprint is marked"


async def test_an_approver_presses_approve(world: World) -> None:
    """The registry holds an approved key whose notes name that person; the card has no buttons any more."""
    record_id = await arrive(world)
    assert await world.click("U0BOB", "key_approve", record_id) is None
    assert world.queue.woken == [record_id]
    (done,) = await world.work()
    assert done.state == "done"
    key = world.registry.keys[str(done.offer.arguments["kid"])]
    assert key.approval is not None
    assert "Bob (U0BOB)" in key.approval.notes
    assert record_id in key.approval.notes
    card = next(m for m in world.slack.messages.values() if str(done.offer.arguments["kid"]) in text_of(m))
    assert "✅" in text_of(card)
    assert "key_approve" not in text_of(card)
    assert "*Approved* by Bob (`U0BOB`). Quay has it approved" in text_of(card)
    assert "Quay may remove it from" not in text_of(card), "that is over"
    assert await world.events() == [
        "key_arrived",
        "key_arrived",
        "change_approved",
        "change_intent",
        "change_outcome",
    ]


async def test_a_stricter_file_asks_for_more_of_what_is_pending(world: World) -> None:
    """What is needed is read at each click, from the file in force then; the card says so."""
    record_id = await arrive(world)
    stricter = [{**entry, "approvals": 2 * entry["approvals"]} for entry in POLICY["confirmations"]]
    world.policy = Policy.model_validate({**POLICY, "confirmations": stricter})
    await world.click("U0BOB", "key_approve", record_id)
    pending = await world.confirmations.get(record_id)
    assert (pending.state, pending.offers[0].needed) == ("pending", 2)
    assert await world.work() == []
    await world.click("U0EVE", "key_approve", record_id)
    (done,) = await world.work()
    assert done.state == "done"


@pytest.mark.parametrize("user", ["U0DAVE", "U0CAROL"])
async def test_somebody_who_may_not_is_told_so(world: World, user: str) -> None:
    """Even with a `may` for the operation: approving is for the approvers. Recorded, and nothing sent."""
    record_id = await arrive(world)
    answer = await world.click(user, "key_approve", record_id)
    assert answer is not None
    assert "Deciding on it is for approvers" in answer.message.text
    assert "Nothing changed. The request is still pending." in text_of(answer.message)
    assert (await world.confirmations.get(record_id)).state == "pending"
    assert (await world.events())[-1] == "command_denied"
    assert not world.queue.woken


@pytest.mark.parametrize(
    "membership", [{"is_restricted": True}, {"deleted": True}, {"team_id": "T2"}, {"is_bot": True}]
)
async def test_guests_and_strangers_never_approve(world: World, membership: dict[str, object]) -> None:
    """Named by id or not: people who left, people of other companies, bots. A guest only because `*` is meant."""
    record_id = await arrive(world)
    world.web.users["U0EVE" if membership != {"is_restricted": True} else "U0GUEST"] = membership
    user = "U0EVE" if membership != {"is_restricted": True} else "U0GUEST"
    assert await world.click(user, "key_approve", record_id) is not None
    assert (await world.confirmations.get(record_id)).state == "pending"


async def test_nothing_is_approved_while_slack_says_nothing(world: World) -> None:
    """Fail closed: whoever cannot be looked up may do nothing."""
    record_id = await arrive(world)
    world.clock.forward(minutes=5)
    world.web.unreachable = True
    with pytest.raises(NotKnown):
        await world.click("U0BOB", "key_approve", record_id)
    assert (await world.confirmations.get(record_id)).state == "pending"


async def test_fifty_clicks_are_one_approval(world: World) -> None:
    """One execution; everybody else is told who was first."""
    record_id = await arrive(world)
    clicks = [world.click(user, "key_approve", record_id) for user in ["U0BOB", "U0EVE"] * 25]
    answers = await asyncio.gather(*clicks)
    told = [answer for answer in answers if answer is not None]
    assert len(told) == 49
    assert all("was first" in answer.message.text + text_of(answer.message) for answer in told)
    executed = await asyncio.gather(*(world.executor.execute(record_id) for _ in range(20)))
    assert len([record for record in executed if record is not None]) == 1
    assert (await world.events()).count("change_intent") == 1


async def test_reject_deletes_the_key(world: World) -> None:
    """And is one approval of that, by whoever may."""
    record_id, kid = await arrive(world), world.waiting_key()
    await world.click("U0EVE", "key_reject", record_id)
    (done,) = await world.work()
    assert (done.state, kid in world.registry.keys) == ("done", False)
    assert "*Rejected and deleted* by Eve (`U0EVE`)" in "".join(map(text_of, world.slack.messages.values()))


async def test_a_click_after_expiry_does_nothing(world: World) -> None:
    """The card says so by itself once the worker has come by, and a click says so before that."""
    record_id = await arrive(world)
    world.clock.forward(days=7)
    answer = await world.click("U0BOB", "key_approve", record_id)
    assert answer is not None
    assert "expired" in text_of(answer.message)
    await world.changes.expire_due()
    await world.outbox.deliver_due()
    assert all("expired" in text_of(message) for message in world.slack.messages.values())
    assert all("key_approve" not in text_of(message) for message in world.slack.messages.values())


async def test_a_key_that_has_been_waiting_for_more_than_a_day_can_still_be_approved(world: World) -> None:
    """Quay keeps it until another key of its service changes, so the card stays as it is."""
    record_id, kid = await arrive(world), world.waiting_key()
    world.clock.forward(days=3)
    await world.changes.expire_due()
    await world.key_requests.watch(ADMIN)
    assert not world.slack.edits
    assert await world.click("U0BOB", "key_approve", record_id) is None
    (done,) = await world.work()
    assert done.state == "done"
    assert world.registry.keys[kid].approval


async def test_a_key_that_still_waits_when_its_card_expires_gets_the_next_card(world: World) -> None:
    """A new card with its own buttons, and only one."""
    first, kid = await arrive(world), world.waiting_key()
    world.clock.forward(days=7)
    await world.changes.expire_due()
    for _ in range(3):
        await world.key_requests.watch(ADMIN)
    cards = [text_of(message) for message in world.slack.messages.values() if kid in text_of(message)]
    assert len(cards) == 2
    second = await world.confirmations.live_for(f"waiting key {kid}")
    assert second not in {None, first}
    assert await world.click("U0BOB", "key_approve", str(second)) is None
    await world.work()
    assert world.registry.keys[kid].approval


async def test_a_key_that_waits_for_longer_than_ended_records_are_kept_has_one_card(world: World) -> None:
    """Its first record is gone after a month; the live one is found all the same, and can be approved."""
    first, kid = await arrive(world), world.waiting_key()
    world.clock.forward(days=7)
    await world.changes.expire_due()
    await world.key_requests.watch(ADMIN)
    second = await world.confirmations.live_for(f"waiting key {kid}")
    await world.redis.delete(world.confirmations.keys.record(first))
    for _ in range(3):
        await world.key_requests.watch(ADMIN)
    assert await world.confirmations.live_for(f"waiting key {kid}") == second
    assert len([message for message in world.slack.messages.values() if kid in text_of(message)]) == 2
    assert await world.click("U0BOB", "key_approve", str(second)) is None
    await world.work()
    assert world.registry.keys[kid].approval


async def test_a_key_that_is_older_than_a_day_when_it_is_first_seen_is_offered(world: World) -> None:
    """The bot may have been away."""
    world.clock.forward(days=2)
    record_id = await arrive(world)
    assert await world.click("U0BOB", "key_approve", record_id) is None
    (done,) = await world.work()
    assert done.state == "done"


async def test_an_approval_that_no_worker_took_in_time_expires(world: World) -> None:
    """Approved but unclaimed past its expiry: nothing is sent."""
    record_id = await arrive(world)
    await world.click("U0BOB", "key_approve", record_id)
    world.clock.forward(days=7)
    assert await world.executor.execute(record_id) is None
    await world.changes.expire_due()
    assert (await world.confirmations.get(record_id)).state == "expired"
    assert "change_intent" not in await world.events()


async def test_a_key_that_was_approved_elsewhere_has_its_card_ended(world: World) -> None:
    """The watch notices, and says by whom."""
    record_id, kid = await arrive(world), world.waiting_key()
    await world.quay.approve_service_key(kid, "by hand")
    await world.key_requests.watch(ADMIN)
    record = await world.confirmations.get(record_id)
    assert record.state == "stale"
    assert "approved by quayadmin" in record.note
    assert "by hand" in record.note


async def test_a_key_that_vanished_has_its_card_ended(world: World) -> None:
    """Deleted elsewhere, or by Quay itself after a day."""
    record_id, kid = await arrive(world), world.waiting_key()
    await world.quay.delete_service_key(kid)
    await world.key_requests.watch(ADMIN)
    assert "no longer in Quay" in (await world.confirmations.get(record_id)).note


async def test_a_key_that_cannot_be_read_has_not_vanished(world: World) -> None:
    """Its card stays, and the other keys have theirs; once it can be read again nothing was missed."""
    record_id, kid = await arrive(world), world.waiting_key()
    cards = len(world.slack.messages)
    world.faults.odd_entries.append(OddEntries("service", operation="listServiceKeys", names=(kid,)))
    await world.key_requests.watch(ADMIN)
    assert (await world.confirmations.get(record_id)).state == "pending"
    assert len(world.slack.messages) == cards
    world.faults.odd_entries.clear()
    await world.quay.delete_service_key(kid)
    await world.key_requests.watch(ADMIN)
    assert (await world.confirmations.get(record_id)).state == "stale"


async def test_approved_elsewhere_between_click_and_execution_is_stale(world: World) -> None:
    """Quay would answer 201 all the same, so the bot looks before it acts."""
    record_id, kid = await arrive(world), world.waiting_key()
    await world.click("U0BOB", "key_approve", record_id)
    await world.quay.approve_service_key(kid, "by hand")
    (ended,) = await world.work()
    assert ended.state == "stale"
    assert "change_intent" not in await world.events()
    assert world.registry.keys[kid].approval.notes == "by hand"  # type: ignore[union-attr]


async def test_another_key_under_the_same_id_is_stale(world: World) -> None:
    """What was agreed to is the key that was shown, not its id."""
    record_id, kid = await arrive(world), world.waiting_key()
    await world.click("U0BOB", "key_approve", record_id)
    world.registry.keys[kid].jwk = {**world.registry.keys[kid].jwk, "n": "AAAA"}
    (ended,) = await world.work()
    assert ended.state == "stale"
    assert world.registry.keys[kid].approval is None


async def test_an_approver_who_lost_the_right_before_the_execution_does_not_count(world: World) -> None:
    """Checked once more at the claim."""
    record_id = await arrive(world)
    await world.click("U0BOB", "key_approve", record_id)
    world.web.users["U0BOB"] = {"deleted": True}
    world.clock.forward(minutes=1)
    (ended,) = await world.work()
    assert ended.state == "failed"
    assert "Bob may no longer agree to it" in ended.note
    assert "Nothing was changed" in ended.note


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (Failure("500", method="POST"), "failed"),
        (Failure("500", after_effect=True, method="POST"), "done"),
        (Failure("closed", method="POST"), "unknown"),
        (Failure("closed", after_effect=True, method="POST"), "done"),
    ],
)
async def test_what_quay_says_afterwards_decides_not_its_answer(world: World, failure: Failure, state: str) -> None:
    """A 500 or a broken connection tells nothing, so the bot reads back; it never sends twice."""
    record_id = await arrive(world)
    await world.click("U0BOB", "key_approve", record_id)
    world.faults.failures.append(failure)
    (ended,) = await world.work()
    assert ended.state == state
    assert (await world.events()).count("change_intent") == 1


class BreaksAfterwards(WatchedQuay):
    """Quay takes the approval, and then answers nothing any more."""

    faults: Faults

    async def after_approval(self) -> None:
        self.faults.failures.append(Failure("500", remaining=9, method="GET"))


async def test_where_reading_back_fails_as_well_the_outcome_is_unknown(redis: Redis) -> None:
    """Said plainly, with what to look at."""
    async with open_world(redis, BreaksAfterwards) as world:
        world.quay.faults = world.faults  # type: ignore[attr-defined]
        record_id = await arrive(world)
        await world.click("U0BOB", "key_approve", record_id)
        (ended,) = await world.work()
        assert ended.state == "unknown"
        assert "checks Quay again, three times within 90 s" in ended.note
        shown = "".join(map(text_of, world.slack.messages.values()))
        assert f"`keys show {ended.offer.arguments['kid']}`" in shown
        assert '"look_again"' in shown


class Death(BaseException):
    """The process ends here."""


class DiesAfterwards(WatchedQuay):
    """The worker dies between Quay's answer and whatever would have come next."""

    async def after_approval(self) -> None:
        raise Death


async def test_a_worker_that_died_after_the_call_leaves_the_truth_to_quay(redis: Redis) -> None:
    """The next worker reads who approved the key from its notes, and sends nothing."""
    async with open_world(redis, DiesAfterwards) as world:
        record_id = await arrive(world)
        await world.click("U0BOB", "key_approve", record_id)
        with pytest.raises(Death):
            await world.executor.execute(record_id)
        assert await world.recover() == []
        world.clock.forward(minutes=5)
        (settled,) = await world.recover()
        assert settled.state == "done"
        assert (await world.events()).count("change_intent") == 1


async def test_a_tampered_record_is_refused_and_recorded(world: World) -> None:
    """Write access to Redis does not approve anything."""
    record_id = await arrive(world)
    key = world.confirmations.keys.record(record_id)
    await world.redis.set(key, (await world.redis.get(key)).replace(b'"pending"', b'"approved"'))
    answer = await world.click("U0BOB", "key_approve", record_id)
    assert answer is not None
    assert "altered by somebody" in answer.message.text
    assert await world.executor.execute(record_id) is None
    assert (await world.events()).count("record_tampered") == 2
