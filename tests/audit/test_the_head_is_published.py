"""The audit's head is posted in the admin channel once a day: from then on nothing before it can go unnoticed."""

import asyncio
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.alerts.config import AlertsFile
from bot.alerts.settings import AlertSettings
from bot.audit import HEAD, STREAM, Audit
from bot.audit.store import PUBLISHED
from bot.jobs.audit_upkeep import PUBLISHING, AuditUpkeep
from bot.slack.messages import MessengerError
from tests.support.world import ADMIN, World, text_of

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def audit_upkeep(world: World) -> AuditUpkeep:
    return keeper(world)


def keeper(world: World, audit: Audit | None = None) -> AuditUpkeep:
    world.alerts = AlertsFile(version=1, time_zone=BERLIN, admin_channel=ADMIN)
    settings = AlertSettings(world.app.files.alerts, lambda: None)
    return AuditUpkeep(world.redis, audit or world.audit, world.slack, world.clock, settings, timedelta(days=400))


async def a_minute_later(world: World, audit_upkeep: AuditUpkeep, **length: float) -> None:
    """Time passes, and the half minute that one worker has (a key's expiry in Redis) is over."""
    world.clock.forward(**length)
    await world.redis.delete(PUBLISHING)
    await audit_upkeep.publish()


def posted(world: World) -> list[str]:
    return [text_of(message) for message in world.slack.messages.values()]


async def begin(world: World, audit_upkeep: AuditUpkeep) -> None:
    """At noon in UTC, one o'clock in Berlin."""
    await world.audit.record("command_allowed", actor="T1/U1")
    await audit_upkeep.publish()
    assert posted(world) == []


async def test_at_eight_in_the_morning_once(world: World, audit_upkeep: AuditUpkeep) -> None:
    """In the time zone of alerts.yaml; short, with all that verifying takes."""
    await begin(world, audit_upkeep)
    await a_minute_later(world, audit_upkeep, hours=18, minutes=59)
    assert posted(world) == []
    for _ in range(3):
        await a_minute_later(world, audit_upkeep, minutes=1)
    (message,) = posted(world)
    sequence, hash_ = await world.audit.head()
    assert f"entry {sequence}, {hash_[:12]}…" in message
    assert f"quaymaster audit verify --published {sequence}:{hash_}" in message


async def test_of_many_workers_one_posts(world: World, audit_upkeep: AuditUpkeep) -> None:
    """Each day."""
    await begin(world, audit_upkeep)
    for day in range(1, 4):
        world.clock.forward(days=1)
        await world.redis.delete(PUBLISHING)
        await asyncio.gather(*(keeper(world).publish() for _ in range(8)))
        assert len(posted(world)) == day


async def test_days_that_were_missed_are_made_up_for_once(world: World, audit_upkeep: AuditUpkeep) -> None:
    """The latest head vouches for all before it."""
    await begin(world, audit_upkeep)
    await a_minute_later(world, audit_upkeep, days=5)
    await a_minute_later(world, audit_upkeep, minutes=1)
    assert len(posted(world)) == 1


async def test_what_slack_refuses_is_posted_a_minute_later(world: World, audit_upkeep: AuditUpkeep) -> None:
    """A day without its head would be a day that can be cut off."""
    await begin(world, audit_upkeep)
    world.slack.fails = "ratelimited"
    with pytest.raises(MessengerError):
        await a_minute_later(world, audit_upkeep, days=1)
    world.slack.fails = None
    await a_minute_later(world, audit_upkeep, minutes=1)
    assert len(posted(world)) == 1


async def test_verifying_looks_for_the_last_published_head_by_itself(world: World, audit_upkeep: AuditUpkeep) -> None:
    """Whoever cuts off the end, and moves the head, forgets that the bot remembers."""
    first = await world.audit.record("command_allowed", actor="T1/U1")
    await begin(world, audit_upkeep)
    await a_minute_later(world, audit_upkeep, days=1)
    (_, last) = await world.redis.xrange(STREAM)
    await world.redis.xdel(STREAM, last[0])
    await world.redis.set(HEAD, f"{first.sequence} {first.hash}")
    assert (await world.audit.verify()).problems == ("the last published head, entry 2, is not in the record",)


async def test_an_altered_memory_of_it_is_a_problem_and_silences_nobody(
    world: World, audit_upkeep: AuditUpkeep
) -> None:
    """The head is posted again."""
    await begin(world, audit_upkeep)
    await world.redis.set(PUBLISHED, b"forged")
    assert (await world.audit.verify()).problems == ("what the bot remembers of the last published head was altered",)
    await a_minute_later(world, audit_upkeep, minutes=1)
    assert len(posted(world)) == 1


async def test_a_memory_that_was_taken_out_silences_nobody(world: World, audit_upkeep: AuditUpkeep) -> None:
    """However often that is done: only a record that is new has nothing to post yet."""
    await begin(world, audit_upkeep)
    for day in range(1, 4):
        await world.redis.delete(PUBLISHED)
        await a_minute_later(world, audit_upkeep, days=1)
        assert len(posted(world)) == day


async def test_without_a_channel_nothing_counts_as_posted(world: World) -> None:
    """It is made up for when there is one again."""
    await begin(world, keeper(world))
    audit_upkeep = keeper(world)
    world.alerts = None
    await a_minute_later(world, audit_upkeep, days=1)
    await a_minute_later(world, keeper(world), minutes=1)
    assert len(posted(world)) == 1


async def edited(world: World) -> None:
    (id_, fields), *_ = await world.redis.xrevrange(STREAM, count=1)
    await world.redis.xdel(STREAM, id_)
    await world.redis.xadd(STREAM, {**fields, b"body": b"{}"})


async def moved(world: World) -> None:
    await world.redis.set(HEAD, f"7 {'0' * 64}")


@pytest.mark.parametrize("tamper", [edited, moved])
async def test_a_record_whose_end_was_altered_gets_a_warning_instead(
    world: World, audit_upkeep: AuditUpkeep, tamper: Any
) -> None:
    """Nobody should vouch for it."""
    await begin(world, audit_upkeep)
    await tamper(world)
    await a_minute_later(world, audit_upkeep, days=1)
    (message,) = posted(world)
    assert "altered by somebody who is not the bot" in message


async def test_the_minutely_work_does_each_thing(world: World, audit_upkeep: AuditUpkeep) -> None:
    """Refusals are summed up and months closed as well."""
    for _ in range(25):
        await world.audit.denials.record("command_denied", actor="T1/U1")
    world.clock.forward(days=40)
    await audit_upkeep.sum_up()
    await audit_upkeep.close_months()
    assert (await world.events())[20:] == ["denials_counted", "segment_sealed"]
