"""Service keys that are created and changed from Slack."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.quay.faults import Failure
from sandbox.quay.state import ServiceKey
from tests.support.world import World, text_of


def made(world: World, change: str) -> ServiceKey | None:
    keys = world.registry.keys.values()
    return next((key for key in keys if key.metadata.get("quaymaster_change") == change), None)


def approved_key(world: World, service: str = "clair_scanner") -> ServiceKey:
    return next(key for key in world.registry.keys.values() if key.service == service and key.approval)


async def test_a_key_is_created_by_the_approval_of_somebody_else(world: World) -> None:
    """Quay approves it by itself, so it goes the way of an approval; its record in Quay says who stands behind it."""
    done = await world.carry_out(
        "keys create clair_scanner --expires 90d --name 'clair eu' --notes why --meta team=sec"
    )
    key = made(world, done.id)
    assert key is not None
    assert (done.state, key.name, key.metadata["team"]) == ("done", "clair eu", "sec")
    assert key.expiration == world.clock.now + timedelta(days=90)
    assert key.approval is not None
    assert key.approval.notes.startswith("Notes from Alice (U0ALICE): why")
    assert "approved by Bob (U0BOB)" in key.approval.notes


async def test_nobody_may_create_one_without_such_an_approval(world: World) -> None:
    """Not even by their own confirmation."""
    await world.type("U0CAROL", "keys create clair_scanner --expires never")
    (record,) = await world.confirmations.waiting()
    assert (record.offers[0].needed, record.offers[0].approvers) == (1, ("approvers",))
    answer = await world.click("U0CAROL", "change_approve", record.id)
    assert answer is not None


@pytest.mark.parametrize("does", ["creates", "deletes"])
async def test_waiting_keys_that_quay_deletes_along_with_a_change_are_named(world: World, does: str) -> None:
    """Those of that service that have been waiting for more than a day, and Quay does delete them."""
    kid = world.waiting_key()
    service = world.registry.keys[kid].service
    other = next(key.kid for key in world.registry.keys.values() if key.service == service and key.approval)
    command = f"keys create {service} --expires 90d" if does == "creates" else f"keys delete {other}"
    await world.type("U0ALICE", command, delivery="young")
    assert "waiting for more than a day" not in world.only_card()
    world.clock.forward(hours=25)
    await world.type("U0ALICE", command, delivery="old")
    card = text_of(list(world.slack.messages.values())[-1])
    assert f"that have been waiting for more than a day: {kid[:12]}…" in card
    record_id = next(record.id for record in await world.confirmations.waiting() if record.id in card)
    await world.click("U0BOB", "change_approve", record_id)
    await world.work()
    assert kid not in world.registry.keys


async def test_a_service_without_any_key_is_a_warning(world: World) -> None:
    """It may be a slip of the finger."""
    await world.type("U0ALICE", "keys create clare_scanner --expires 90d")
    assert "There is no key of clare_scanner yet" in world.only_card()


@pytest.mark.parametrize(
    ("failure", "state", "said"),
    [
        (Failure("500", method="POST"), "failed", "Quay lists no key of this change"),
        (Failure("500", after_effect=True, method="POST"), "done", "Its private key is lost"),
        (Failure("closed", method="POST"), "unknown", "Quay lists no key of this change"),
        (Failure("closed", after_effect=True, method="POST"), "done", "Its private key is lost"),
    ],
)
async def test_the_metadata_says_whose_key_it_is(world: World, failure: Failure, state: str, said: str) -> None:
    """Without an answer the private key is lost; the outcome says so, and what to do."""
    await world.type("U0ALICE", "keys create clair_scanner --expires never")
    record = await world.agree()
    world.faults.failures.append(failure)
    (done,) = await world.work()
    assert done.state == state
    assert said in done.note
    key = made(world, record.id)
    assert (key is None) == (state != "done")
    if key is not None:
        assert f"keys delete {key.kid}" in done.note


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keys create Clair --expires 90d", "cannot be a service"),
        ("keys create clair-scanner --expires 90d", "cannot be a service"),
        (f"keys create {'c' * 256} --expires 90d", "cannot be a service"),
        ("keys create clair", "EXPIRES is missing"),
        ("keys create clair --expires yesterday", "is no date"),
        ("keys create clair --expires 2020-01-01", "has passed"),
        ("keys create clair --expires 9999999d", "is too far away"),
        ("keys create clair --expires 9999-12-31T23:59:59-12:00", "too far away"),
        ("keys create clair --expires 2026-02-30", "is no date"),
        ("keys create clair --expires never --name 'bad!name'", "cannot be a key's name"),
        (f"keys create clair --expires never --name {'n' * 256}", "cannot be a key's name"),
        ("keys create clair --expires never --notes 'a\0b'", "the character NUL"),
        ("keys create clair --expires never --meta team", "is no KEY=VALUE"),
        ("keys create clair --expires never --meta ip=1.2.3.4", "is not yours to write"),
        ("keys create clair --expires never --meta db_password=x", "looks like a secret"),
    ],
)
async def test_what_quay_would_refuse_is_refused_before(world: World, text: str, said: str) -> None:
    """Names of more than 255 characters and notes with a NUL would be a 500."""
    answer = await world.type("U0ALICE", text)
    assert answer is not None
    assert said in text_of(answer)
    assert await world.confirmations.waiting() == []


async def test_a_key_is_changed(world: World) -> None:
    """The plan shows each field before and after; metadata is added to the old."""
    key = approved_key(world)
    await world.type("U0ALICE", f"keys update {key.kid[:10]} --name 'clair us' --expires 2027-06-01 --meta team=sec")
    card = world.only_card()
    assert "clair production → *clair us*" in card
    assert "2026-12-04 12:00 UTC> → *<!date" in card
    assert "*Metadata team:* none → *sec*" in card
    await world.agree()
    (done,) = await world.work()
    assert done.state == "done"
    assert (key.name, key.metadata["team"], key.metadata["creator"]) == ("clair us", "sec", "quayadmin")
    assert key.expiration == datetime(2027, 6, 1, tzinfo=UTC)


async def test_a_key_that_never_expires(world: World) -> None:
    """Said in a word."""
    key = approved_key(world)
    done = await world.carry_out(f"keys update {key.kid[:10]} --expires never")
    assert (done.state, key.expiration) == ("done", None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", "Say what is to change"),
        ("--name 'clair production'", "there is nothing to change"),
        ("--expires 2020-01-01", "has passed"),
    ],
)
async def test_what_is_pointless_is_refused(world: World, options: str, said: str) -> None:
    """Before anything is stored."""
    answer = await world.type("U0ALICE", f"keys update {approved_key(world).kid[:10]} {options}")
    assert answer is not None
    assert said in text_of(answer)
    assert await world.confirmations.waiting() == []


async def test_a_change_that_failed_is_told_field_by_field(world: World) -> None:
    """Quay saves the expiry before it looks at the name, so reading back decides."""
    key = approved_key(world)
    await world.type("U0ALICE", f"keys update {key.kid[:10]} --name 'clair us' --expires never")
    await world.agree()
    world.faults.failures.append(Failure("500", method="PUT"))
    (done,) = await world.work()
    assert done.state == "failed"
    assert "Name: not changed, it is clair production" in done.note


async def test_a_key_that_changed_meanwhile_makes_the_plan_stale(world: World) -> None:
    """Its expiry is part of what was agreed to."""
    key = approved_key(world)
    await world.type("U0ALICE", f"keys update {key.kid[:10]} --name 'clair us'")
    await world.agree()
    key.expiration = None
    (stale,) = await world.work()
    assert (stale.state, key.name) == ("stale", "clair production")


async def test_an_expiry_that_passed_before_anybody_agreed_is_not_sent(world: World) -> None:
    """The plan no longer fits."""
    await world.type("U0ALICE", "keys create clair_scanner --expires 1h")
    await world.agree()
    world.clock.forward(hours=2)
    (stale,) = await world.work()
    assert stale.state == "stale"
    assert "has passed" in stale.note
