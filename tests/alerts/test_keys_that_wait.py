"""A card warns of what is odd about its key, and its thread reminds people before it is too late."""

import asyncio
from datetime import timedelta
from random import Random

import pytest

from bot.alerts.config import KeyAlerts
from bot.alerts.waiting_keys import SERVICES_KEY, WatchedKeys
from bot.slack.messages import Message
from bot.views.text import date
from sandbox.quay.jwk import pseudo_jwk, thumbprint
from sandbox.quay.state import Approval, ServiceKey
from tests.support.world import ADMIN, World, text_of

CONFIG = KeyAlerts(channel=ADMIN)
CHANCE = Random(7)  # noqa: S311  # the same keys every time


@pytest.fixture
def quiet(world: World) -> World:
    """A registry in which no key waits, and one service has an approved one."""
    world.registry.keys.clear()
    arrive(world, "quay_builder", ip="10.0.0.1")
    (key,) = world.registry.keys.values()
    key.approval = Approval("SUPERUSER", world.clock.now, None, "")
    return world


def arrive(world: World, service: str, ip: str = "10.0.0.7", **life: float) -> str:
    """Let a service put up a key, and return its id."""
    jwk = pseudo_jwk(CHANCE)
    kid = thumbprint(jwk).hex()
    key = ServiceKey(kid, service, jwk, world.clock.now, metadata={"ip": ip})
    key.expiration = world.clock.now + timedelta(**life) if life else None
    world.registry.keys[kid] = key
    return kid


async def watch(world: World, *, workers: int = 1) -> None:
    """What workers do when the moment has come."""

    async def one() -> None:
        keys = await world.key_requests.watch(ADMIN)
        await world.waiting.remind(keys, CONFIG, "C2")

    await asyncio.gather(*(one() for _ in range(workers)))


def card_of(world: World, kid: str) -> str:
    (card,) = [text_of(message) for message in world.slack.messages.values() if kid in text_of(message)]
    return card


def reminders(world: World) -> list[Message]:
    return [message for _, _, message in world.slack.threads if "is still waiting" in message.text]


async def test_a_service_that_nobody_knows_is_warned_of(quiet: World) -> None:
    """Above the buttons and in the question; a second key of it does not make it known, an approved one does."""
    first, second = arrive(quiet, "quay_bui1der"), arrive(quiet, "quay_bui1der")
    known = arrive(quiet, "quay_builder")
    await watch(quiet)
    for kid in (first, second):
        card = card_of(quiet, kid)
        assert "⚠️ *No key of quay_bui1der was ever approved here. Is quay_builder meant?*" in card
        assert card.index("ever approved here") < card.index('"actions"')
        assert "Approve anyway" in card
    assert "⚠️" not in card_of(quiet, known)
    await quiet.quay.approve_service_key(first)
    await watch(quiet)
    assert "ever approved here" not in card_of(quiet, second), "what a card says stays true"
    assert "1 approved, 0 waiting" in card_of(quiet, second)


async def test_a_service_is_known_when_its_keys_are_gone(quiet: World) -> None:
    """The memory has an end: the services that were seen last."""
    await watch(quiet)
    quiet.registry.keys.clear()
    kid = arrive(quiet, "quay_builder")
    await watch(quiet)
    assert "⚠️" not in card_of(quiet, kid)
    await quiet.redis.zadd(SERVICES_KEY, {f"service{n}": n for n in range(1500)})
    await watch(quiet)
    assert await quiet.redis.zcard(SERVICES_KEY) == 1000


async def test_many_keys_from_one_address_are_warned_of_on_every_card(quiet: World) -> None:
    """On those, too, that stood there before it was a crowd; and still when some of them are gone."""
    kids = [arrive(quiet, "quay_builder") for _ in range(4)]
    await watch(quiet)
    assert "within an hour" not in card_of(quiet, kids[0])
    quiet.clock.forward(minutes=30)
    kids.append(arrive(quiet, "quay_builder"))
    kids.append(arrive(quiet, "quay_builder", ip="10.0.0.8"))
    await watch(quiet)
    for kid in kids[:5]:
        assert "⚠️ *5 keys from 10.0.0.7 within an hour.*" in card_of(quiet, kid)
    assert "within an hour" not in card_of(quiet, kids[5])
    await quiet.quay.delete_service_key(kids[1])
    await watch(quiet)
    assert "5 keys from 10.0.0.7" in card_of(quiet, kids[0])


async def test_a_warning_that_comes_later_takes_no_approval_back(quiet: World) -> None:
    """What was agreed to is the key; the buttons do what they did, and notes leave the warning there."""
    kid = arrive(quiet, "newcomer")
    await watch(quiet)
    assert await quiet.type("U0CAROL", f"keys approve {kid} --notes hello") is not None
    card = card_of(quiet, kid)
    assert "ever approved here" in card
    assert "hello" in card
    for _ in range(5):
        arrive(quiet, "quay_builder")
    await watch(quiet)
    card = card_of(quiet, kid)
    assert "hello" in card
    assert "6 keys from 10.0.0.7" in card
    record_id = await quiet.confirmations.live_for(f"waiting key {kid}")
    assert record_id
    assert await quiet.click("U0BOB", "key_approve", record_id) is None
    (done,) = await quiet.work()
    assert done.state == "done"


async def test_nothing_is_edited_while_nothing_changes(quiet: World) -> None:
    """A flood of keys is no flood of edits, either."""
    for _ in range(12):
        arrive(quiet, "quay_builder")
    for _ in range(3):
        await watch(quiet)
    assert quiet.slack.edits == []
    arrive(quiet, "quay_builder")
    await watch(quiet)
    assert quiet.slack.edits == []


async def test_reminders_come_into_the_thread_of_the_card(quiet: World) -> None:
    """At 50, 80 and 95 % of the day; the last one is seen in the channel, too. From then on Quay may remove the key."""
    kid = arrive(quiet, "quay_builder")
    said: list[int] = []
    for _ in range(26):
        await watch(quiet, workers=3)
        said.append(len(reminders(quiet)))
        quiet.clock.forward(hours=1)
    assert [said.index(number) for number in (1, 2, 3)] == [12, 20, 23]
    assert max(said) == 3
    first, *_, last = reminders(quiet)
    ends = date(quiet.registry.keys[kid].created + timedelta(days=1))
    state = f"is still waiting for approval. Quay may remove it from {ends} on, 12 h from now."
    assert first.text == f"Key {kid[:12]}… of quay_builder {state}"
    assert quiet.slack.broadcasts == [last]
    assert "1 h from now" in last.text
    ((_, message_id),) = quiet.slack.messages
    assert {thread for _, thread, _ in quiet.slack.threads} == {message_id}


async def test_a_key_that_expires_sooner_is_reminded_of_in_its_own_time(quiet: World) -> None:
    """Its card says which end comes first, and can be answered until then."""
    kid = arrive(quiet, "quay_builder", hours=2)
    await watch(quiet)
    assert "Expires, approved or not" in card_of(quiet, kid)
    assert "Quay may remove it" not in card_of(quiet, kid)
    (record,) = await quiet.confirmations.waiting()
    assert record.expires_at == quiet.clock.now + timedelta(hours=2)
    quiet.clock.forward(hours=1)
    await watch(quiet)
    assert "It expires <!date^" in reminders(quiet)[0].text
    assert "1 h from now" in reminders(quiet)[0].text


async def test_missed_reminders_are_one(quiet: World) -> None:
    """No worker came by for most of the day."""
    arrive(quiet, "quay_builder")
    await watch(quiet)
    quiet.clock.forward(hours=20)
    await watch(quiet)
    await watch(quiet)
    assert len(reminders(quiet)) == 1


async def test_nobody_is_reminded_of_what_is_decided(quiet: World) -> None:
    """By a click that no worker has carried out yet, or in Quay itself."""
    clicked, elsewhere = arrive(quiet, "quay_builder"), arrive(quiet, "quay_builder")
    await watch(quiet)
    record_id = await quiet.confirmations.live_for(f"waiting key {clicked}")
    assert record_id
    await quiet.click("U0BOB", "key_approve", record_id)
    await quiet.quay.approve_service_key(elsewhere)
    quiet.clock.forward(hours=13)
    await watch(quiet)
    assert reminders(quiet) == []


async def test_the_memory_of_a_key_goes_with_it(quiet: World) -> None:
    """Whatever became of it."""
    arrive(quiet, "quay_builder")
    await watch(quiet)
    assert len(await WatchedKeys.load(quiet.redis)) == 1
    quiet.registry.keys.clear()
    await watch(quiet)
    assert not await quiet.redis.exists(WatchedKeys.key)


async def test_a_reminder_that_the_channel_refuses_goes_to_the_admin_channel(quiet: World) -> None:
    """With the reason, and how to get at the card; once."""
    arrive(quiet, "quay_builder")
    await watch(quiet)
    quiet.slack.refuses = {ADMIN}
    quiet.clock.forward(hours=12)
    await watch(quiet)
    await watch(quiet)
    (there,) = [message for (channel, _), message in quiet.slack.messages.items() if channel == "C2"]
    assert "is still waiting" in there.text
    assert f"Meant for <#{ADMIN}>, which Slack refused: `not_in_channel`" in text_of(there)
    assert "keys approve KID" in text_of(there)


@pytest.mark.parametrize("reason", ["ratelimited", "TimeoutError"])
async def test_a_reminder_that_slack_does_not_take_now_is_said_later(quiet: World, reason: str) -> None:
    """Once."""
    arrive(quiet, "quay_builder")
    await watch(quiet)
    quiet.clock.forward(hours=12)
    quiet.slack.fails = reason
    await watch(quiet)
    quiet.slack.fails = None
    await watch(quiet)
    await watch(quiet)
    assert len(reminders(quiet)) == 1
