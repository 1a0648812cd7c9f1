"""Slack, Quay or a process fails between two steps: nothing is lost, looks live that is not, or misleads anybody."""

from sandbox.quay.faults import Failure
from tests.support.world import ADMIN, World, markup_of, text_of

GIB = 1024**3


async def request(world: World) -> str:
    """A quota change that others must approve, with its card posted."""
    await world.type("U0DAVE", "quota set team-alpha 90GiB")
    (record,) = await world.confirmations.waiting()
    return record.id


async def arrive(world: World) -> str:
    await world.key_requests.watch(ADMIN)
    record_id = await world.confirmations.live_for(f"waiting key {world.waiting_key()}")
    assert record_id is not None
    return record_id


async def test_a_user_group_that_slack_withholds_lets_nobody_around_a_deny(world: World) -> None:
    """A failed look-up is not an empty group: nobody is known then."""
    groups = {**world.policy.groups, "contractors": ("S0CONTRACT",)}
    world.policy = world.policy.model_copy(update={"groups": groups})
    world.web.groups_refused = "internal_error"
    assert (await world.person("U0CAROL")).membership == "unknown"


async def test_an_edit_that_slack_refuses_is_made_later(world: World) -> None:
    """The debt is in Redis; whoever comes next pays it."""
    record_id = await request(world)
    world.slack.fails = "ratelimited"
    await world.click("U0EVE", "change_reject", record_id)
    assert "change_approve" in world.only_card()
    await world.outbox.deliver_due()
    world.slack.fails = None
    await world.outbox.deliver_due()
    assert "change_approve" in world.only_card(), "Slack is left alone for some seconds"
    world.clock.forward(seconds=5)
    await world.outbox.deliver_due()
    assert "change_approve" not in world.only_card()
    assert await world.confirmations.undelivered() == []


async def test_an_approver_whose_card_slack_refuses_to_edit_learns_where_the_outcome_appears(world: World) -> None:
    """On the card, as they clicked there: a direct message is for a click in Home."""
    record_id = await request(world)
    world.slack.fails = "ratelimited"
    answer = await world.click("U0EVE", "change_approve", record_id)
    assert answer is not None
    said = text_of(answer.message)
    assert "it shows the outcome as soon as Slack takes the update" in said
    assert "Messages" not in said


async def test_a_process_that_died_after_a_step_leaves_the_telling_to_the_worker(world: World) -> None:
    """The step, its audit entry and the debt are one atomic step in Redis."""
    record_id = await request(world)
    person = await world.person("U0EVE")
    await world.changes.reject(record_id, person)
    assert (await world.events())[-1] == "change_rejected"
    assert "change_approve" in world.only_card()
    await world.outbox.deliver_due()
    assert "change_approve" not in world.only_card()


async def test_a_card_that_was_never_posted_is_posted_by_the_worker(world: World) -> None:
    """A passing refusal withdraws nothing."""
    world.slack.fails = "ratelimited"
    answer = await world.type("U0DAVE", "quota set team-alpha 90GiB")
    assert answer is not None
    assert "goes on trying" in text_of(answer)
    world.slack.fails = None
    await world.forget_who_tells()
    await world.outbox.deliver_due()
    assert "change_approve" in world.only_card()


async def test_one_key_whose_card_slack_refuses_does_not_hold_up_the_others(world: World) -> None:
    """Each is tried by itself."""
    world.slack.refuses_text = world.waiting_key()
    await world.key_requests.watch(ADMIN)
    assert len(world.slack.messages) == 1


async def test_quay_down_at_the_claim_means_waiting_not_failing(world: World) -> None:
    """Nothing was sent, so the change waits until Quay answers again, or it expires."""
    record_id = await arrive(world)
    await world.click("U0BOB", "key_approve", record_id)
    world.faults.failures.append(Failure("503", method="GET"))
    assert await world.work() == []
    waiting = await world.confirmations.get(record_id)
    assert waiting.state == "approved"
    assert "tries again" in waiting.note
    assert await world.work() == [], "not at once"
    world.clock.forward(seconds=31)
    (done,) = await world.work()
    assert done.state == "done"


async def test_slack_down_at_the_claim_means_waiting_not_failing(world: World) -> None:
    """Whoever cannot be looked up has not lost a right."""
    record_id = await arrive(world)
    await world.click("U0BOB", "key_approve", record_id)
    world.clock.forward(minutes=1)
    world.web.unreachable = True
    assert await world.work() == []
    world.web.unreachable = False
    world.clock.forward(minutes=1)
    (done,) = await world.work()
    assert done.state == "done"


async def test_a_key_that_still_waits_after_a_failure_is_announced_again(world: World) -> None:
    """A new record with a new card, since the old one ended."""
    record_id, kid = await arrive(world), world.waiting_key()
    await world.click("U0BOB", "key_approve", record_id)
    world.faults.failures.append(Failure("500", method="POST"))
    (ended,) = await world.work()
    assert ended.state == "failed"
    await world.key_requests.watch(ADMIN)
    following = await world.confirmations.live_for(f"waiting key {kid}")
    assert following not in {None, record_id}
    await world.click("U0BOB", "key_approve", str(following))
    (done,) = await world.work()
    assert done.state == "done"


async def test_a_tampered_record_is_quarantined_and_holds_up_nothing(world: World) -> None:
    """Recorded once; expiry, execution and the watch go on for all others."""
    record_id = await arrive(world)
    key = world.confirmations.keys.record(record_id)
    await world.redis.set(key, b"forged" + (await world.redis.get(key)))
    world.clock.forward(days=7)
    for _ in range(3):
        await world.changes.expire_due()
        await world.outbox.deliver_due()
        await world.key_requests.watch(ADMIN)
    events = await world.events()
    assert events.count("record_tampered") == 1
    assert events.count("change_expired") == 1


async def test_a_claim_whose_worker_died_expires_if_nobody_came_in_time(world: World) -> None:
    """Nothing was sent, nobody may take it over any more, and its card does not say for ever that it is being done."""
    record_id = await request(world)
    await world.agree()
    await world.executor._claim(record_id)
    world.clock.forward(hours=1)
    await world.changes.expire_due()
    assert (await world.confirmations.get(record_id)).state == "executing", "its worker may be about to send"
    (given_back,) = await world.recover()
    assert given_back.state == "approved"
    await world.changes.expire_due()
    await world.outbox.deliver_due()
    assert (await world.confirmations.get(record_id)).state == "expired"
    assert "expired" in world.only_card()


async def test_a_rejection_is_told_in_the_thread(world: World) -> None:
    """The requester is named, so that Slack tells them."""
    record_id = await request(world)
    await world.click("U0EVE", "change_reject", record_id)
    ((channel, _, told),) = world.slack.threads
    assert channel == ADMIN
    assert "<@U0DAVE>" in text_of(told)
    assert "rejected" in text_of(told)


async def test_a_private_plan_that_expires_is_nobody_elses_news(world: World) -> None:
    """No public message, no ping."""
    await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=100 * GIB)
    world.clock.forward(minutes=11)
    await world.changes.expire_due()
    await world.outbox.deliver_due()
    assert world.slack.messages == {}
    assert await world.confirmations.undelivered() == []


async def test_notes_are_shown_to_the_approver_with_their_author(world: World) -> None:
    """And reach Quay under that name."""
    kid = world.waiting_key()
    await world.key_requests.watch(ADMIN)
    await world.type("U0EVE", f"keys approve {kid} --notes 'seen the ticket'")
    card = next(m for m in world.slack.messages.values() if kid in text_of(m))
    assert "Notes from Eve (U0EVE): seen the ticket" in text_of(card)
    assert "Other keys of the service" in text_of(card), "what the card said before stays on it"
    record_id = await world.confirmations.live_for(f"waiting key {kid}")
    await world.click("U0BOB", "key_approve", str(record_id))
    (done,) = await world.work()
    assert done.state == "done"
    notes = world.registry.keys[kid].approval.notes  # type: ignore[union-attr]
    assert notes.startswith("Notes from Eve (U0EVE): seen the ticket")
    assert "Approved in Slack by Bob (U0BOB)" in notes


async def test_the_same_card_is_pointed_at_not_copied(world: World) -> None:
    """A copy that only one person sees could not be edited, and would look live for ever."""
    kid = world.waiting_key()
    await world.key_requests.watch(ADMIN)
    answer = await world.type("U0BOB", f"keys approve {kid}")
    assert answer is not None
    assert "https://slack.test/" in text_of(answer)
    assert "key_approve" not in text_of(answer)


async def test_what_a_record_does_not_offer_is_never_taken_for_what_it_does(world: World) -> None:
    """A reject button's operation on a quota's record is no approval of the quota."""
    record_id = await request(world)
    answer = await world.click("U0EVE", "key_reject", record_id)
    assert answer is not None
    assert "not what this record offers" in text_of(answer.message)
    assert (await world.confirmations.get(record_id)).approvals == ()


async def test_a_keys_card_in_a_shared_channel_approves_nothing(world: World) -> None:
    """The channel of alerts.yaml is looked at like any other."""
    world.web.shared.add("C9")
    await world.key_requests.watch("C9")
    record_id = await world.confirmations.live_for(f"waiting key {world.waiting_key()}")
    answer = await world.click("U0BOB", "key_approve", str(record_id))
    assert answer is not None
    assert "shared with another company" in answer.message.text


async def test_a_key_that_is_named_like_a_mention_pings_nobody(world: World) -> None:
    """Neither in the card nor in what notifications read."""
    key = world.registry.keys.pop(world.waiting_key())
    key.kid = "<!channel>"
    world.registry.keys[key.kid] = key
    await world.key_requests.watch(ADMIN)
    cards = list(world.slack.messages.values())
    assert any("<!channel>" in text_of(card) for card in cards), "as plain text, in the heading"
    assert all("<!channel>" not in card.text for card in cards)
    assert all("<!channel>" not in text for card in cards for text in markup_of(card))


async def test_the_system_default_is_what_a_namespace_without_a_quota_is_measured_by(world: World) -> None:
    """With its percentage, and that Quay refuses pushes by it."""
    world.registry.features.default_quota_bytes = 5 * GIB
    answer = await world.type("U0CAROL", "quota show team-mobile")
    assert answer is not None
    assert "team-mobile is at 240 % of the system default: 12 GiB of 5 GiB" in text_of(answer)
    assert "Pushes are blocked now.\\nPushes are refused at the system default, 5 GiB." in text_of(answer)
