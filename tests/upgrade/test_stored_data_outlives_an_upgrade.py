"""What version 0.1.0 left in Redis is read, believed and finished by this version.

`stored_by_0_1_0.json` was written by the code of 0.1.0: one key for each entry, as Redis's DUMP gives it. It holds
changes in every state that a restart can meet, a waiting key, a secret, a list, alerts, a freeze and the audit.
It is never regenerated: it is the data of users.
"""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.alerts.sweep import QuotaSweep
from bot.confirmations import State
from bot.permissions import Actor
from tests.support.alerts import CONFIG, FakeRegistry
from tests.support.world import ADMIN, TEAM, World, open_world, text_of

STORED: dict[str, Any] = json.loads(Path(__file__).with_name("stored_by_0_1_0.json").read_text())
NAMES: dict[str, Any] = STORED["names"]


@pytest.fixture
async def upgraded(redis: Redis) -> Any:
    """A bot of this version over the data of the one before, with changes no longer frozen."""
    for key, dumped in STORED["keys"].items():
        await redis.restore(key, 0, b64decode(dumped))
    async with open_world(redis) as world:
        yield world


@pytest.fixture
async def thawed(upgraded: World) -> World:
    """The same, after somebody lifted the freeze."""
    await upgraded.freezer.thaw(Actor(TEAM, "U0ALICE"), "Alice", ADMIN)
    return upgraded


async def test_changes_are_still_frozen(upgraded: World) -> None:
    """The stored freeze carries its seal, and stops the change that was approved."""
    freeze = await upgraded.freezer.look()
    assert (freeze.on, freeze.reason) == (True, "the release")
    await upgraded.work()
    assert (await upgraded.confirmations.get(NAMES["approved"])).state is State.APPROVED


@pytest.mark.parametrize(
    ("name", "state", "agreed"),
    [
        ("half_approved", State.PENDING, 1),
        ("private", State.PENDING, 0),
        ("approved", State.APPROVED, 1),
        ("intended", State.EXECUTING, 1),
        ("undelivered", State.REJECTED, 0),
        ("with_secret", State.DONE, 2),
    ],
)
async def test_each_record_carries_its_seal(upgraded: World, name: str, state: State, agreed: int) -> None:
    """No field that this version added changes how a stored record is read."""
    record = await upgraded.confirmations.get(NAMES[name])
    assert (record.state, len(record.approvals), record.registry) == (state, agreed, None)


async def test_a_half_approved_change_takes_its_second_approval(thawed: World) -> None:
    """And is then done once."""
    await thawed.click("U0EVE", "change_approve", NAMES["half_approved"])
    await thawed.work()
    assert (await thawed.confirmations.get(NAMES["half_approved"])).state is State.DONE
    assert "team-gamma" in {org.name for org in thawed.registry.organizations()}


async def test_an_approved_change_runs(thawed: World) -> None:
    """The due-set of the version before is this version's."""
    await thawed.work()
    assert (await thawed.confirmations.get(NAMES["approved"])).state is State.DONE


async def test_a_private_plan_can_be_confirmed(thawed: World) -> None:
    """The plan's digest still means the same."""
    await thawed.click("U0CAROL", "change_confirm", NAMES["private"])
    await thawed.work()
    assert (await thawed.confirmations.get(NAMES["private"])).state is State.DONE


async def test_a_call_that_was_noted_is_not_sent_again(thawed: World) -> None:
    """Its worker died; what Quay has now decides what is said of it."""
    thawed.clock.forward(minutes=10)
    await thawed.recover()
    record = await thawed.confirmations.get(NAMES["intended"])
    assert record.state in {State.FAILED, State.UNKNOWN}
    assert (await thawed.events()).count("change_intent") == 2, "one for each change that was carried out before"


async def test_what_was_not_delivered_is_delivered(upgraded: World) -> None:
    """The outbox of the version before is this version's."""
    await upgraded.outbox.deliver_due()
    assert any("too much" in text_of(message) for message in upgraded.slack.edits)


async def test_a_stored_secret_opens_for_its_owner(upgraded: World) -> None:
    """It was encrypted by the version before."""
    views, _ = await upgraded.reveal("U0ALICE", NAMES["with_secret"])
    assert views


async def test_a_waiting_key_is_approved(thawed: World) -> None:
    """The card that stands is the one whose button is pressed."""
    record = next(record for record in await thawed.confirmations.waiting() if record.requester is None)
    await thawed.click("U0BOB", "key_approve", record.id)
    await thawed.work()
    assert (await thawed.confirmations.get(record.id)).state is State.DONE


async def test_the_audit_continues_unbroken(thawed: World) -> None:
    """The new entries follow the old head, which proves that none of the old was rewritten."""
    sequence, hash_ = NAMES["audit_head"]
    verified = await thawed.audit.verify(published=(sequence, hash_))
    assert verified.problems == ()
    assert (await thawed.audit.head())[0] > sequence


async def test_an_alert_is_not_said_a_second_time(upgraded: World) -> None:
    """Its state names the message that stands, and what was said in it."""
    registry = FakeRegistry(used={"ml-a": 75, "web-b": 85, "ops-c": 95, "calm": 10})
    swept = await QuotaSweep(registry, upgraded.redis, upgraded.slack, upgraded.clock).run(CONFIG)
    assert (swept.namespaces, swept.posted) == (4, 0)
