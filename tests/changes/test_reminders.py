"""Half of the time of a pending change is over: the approvers' channel is reminded once, in the card's thread."""

import asyncio

from bot.alerts.config import AlertsFile
from bot.changes import Reminders
from bot.confirmations import Confirmations
from tests.support.world import ADMIN, World, text_of


async def request(world: World) -> str:
    """A change that two others have to approve within the hour."""
    await world.type("U0DAVE", "quota set team-alpha 90GiB")
    (record,) = await world.confirmations.waiting()
    return record.id


async def test_the_channel_is_reminded_at_half_of_the_time(world: World) -> None:
    """What waits, whom it lacks, who asked, until when. The channel sees the reply as well; nobody is pinged."""
    record_id = await request(world)
    await world.click("U0BOB", "change_approve", record_id)
    world.clock.forward(minutes=29, seconds=59)
    await world.reminders.run()
    assert world.slack.threads == []
    world.clock.forward(seconds=1)
    await world.reminders.run()
    ((channel, thread, said),) = world.slack.threads
    assert (world.slack.broadcasts, channel) == ([said], ADMIN)
    assert (channel, thread) in world.slack.messages
    assert "still waits: needs 1 more person of approvers besides the requester" in text_of(said)
    assert "Asked by Dave" in text_of(said)
    assert "{ago}" in text_of(said)
    assert "<@" not in text_of(said)
    assert "change_approve" not in text_of(said), "the card has the buttons"


async def test_many_workers_remind_once(world: World) -> None:
    """However often and at once they come by."""
    await request(world)
    world.clock.forward(minutes=31)
    stores = [Confirmations(world.redis, world.confirmations.sealer, world.audit, world.freezer) for _ in range(8)]
    workers = [Reminders(store, world.outbox, world.clock) for store in stores]
    await asyncio.gather(*(worker.run() for worker in workers * 3))
    world.clock.forward(minutes=10)
    await world.redis.delete(*await world.redis.keys("*:reminding"))
    await asyncio.gather(*(worker.run() for worker in workers))
    assert len(world.slack.broadcasts) == 1


async def test_what_is_decided_is_not_reminded_of(world: World) -> None:
    """Nor what has expired by the time a worker comes by."""
    await request(world)
    await world.agree()
    await world.type("U0DAVE", "quota set team-beta 90GiB", delivery="d2")
    world.clock.forward(minutes=61)
    await world.reminders.run()
    assert world.slack.broadcasts == []


async def test_what_nobody_else_decides_is_not_reminded_of(world: World) -> None:
    """A plan that only its requester sees; a waiting key, of which the watch reminds."""
    await world.type("U0CAROL", "quota set team-alpha 100GiB")
    await world.key_requests.watch(ADMIN)
    world.clock.forward(minutes=6)
    await world.reminders.run()
    world.clock.forward(hours=13)
    await world.reminders.run()
    assert world.slack.broadcasts == []


async def test_a_reminder_that_slack_does_not_take_is_posted_later(world: World) -> None:
    """A passing refusal is tried again; one that lasts is not."""
    await request(world)
    world.clock.forward(minutes=31)
    world.slack.fails = "ratelimited"
    await world.reminders.run()
    world.slack.fails = None
    await world.reminders.run()
    assert world.slack.broadcasts == [], "another process has half a minute to remind people"
    await world.redis.delete(*await world.redis.keys("*:reminding"))
    await world.reminders.run()
    assert len(world.slack.broadcasts) == 1


async def test_a_tampered_record_is_reported_instead(world: World) -> None:
    """Once, to the admins' channel."""
    world.alerts = AlertsFile(version=1, admin_channel="C2")
    record_id = await request(world)
    key = world.confirmations.keys.record(record_id)
    await world.redis.set(key, b"x" + await world.redis.get(key))
    world.clock.forward(minutes=31)
    for _ in range(2):
        await world.reminders.run()
        await world.redis.delete(*await world.redis.keys("*:reminding"), "none")
    assert world.slack.broadcasts == []
    assert (await world.events()).count("record_tampered") == 1
    ((_, reported),) = [
        one for one in world.slack.messages.items() if record_id in text_of(one[1]) and one[0][0] == "C2"
    ]
    assert "altered by somebody who is not the bot" in text_of(reported)
