"""The report is posted once for each of its moments: by one of many workers, late if need be, and never twice."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.alerts.config import AlertsFile
from bot.alerts.report_job import Reporter
from bot.alerts.samples import Samples
from bot.alerts.schedule import TAKEN_FOR, ScheduledRuns
from bot.audit import STREAM
from bot.model.usage import Usage
from bot.quay.errors import QuayError
from bot.slack.messages import MessengerError
from bot.views.report import report
from tests.support.world import START, World, text_of

MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)
CONFIG = AlertsFile.model_validate({"version": 1, "admin_channel": "C1", "report": {"channel": "C0REPORT"}})
LATER = TAKEN_FOR + timedelta(seconds=1)


def reporter_of(world: World) -> Reporter:
    parts = (world.redis, world.quay, world.audit, Samples(world.redis), world.slack, ScheduledRuns(world.redis))
    return Reporter(*parts, world.clock)


async def tick(world: World, config: AlertsFile = CONFIG) -> int:
    """What one worker does when its clock ticks; how many reports it has posted."""
    reporter = reporter_of(world)
    moment = await reporter.due(config)
    if moment is None:
        return 0
    await reporter.post(config, moment)
    return 1


@pytest.fixture
async def begun(world: World) -> World:
    """A world whose workers have seen the schedule, and then Monday morning."""
    assert await tick(world) == 0
    world.clock.now = MONDAY
    return world


def reports(world: World) -> dict[str, str]:
    return {channel: text_of(message) for (channel, _), message in world.slack.messages.items()}


async def test_a_schedule_that_is_new_begins_with_its_next_moment(world: World) -> None:
    """Whoever adds the section on a Thursday does not get Monday's report."""
    assert await tick(world) == 0
    world.clock.now = MONDAY - timedelta(seconds=1)
    assert await tick(world) == 0
    world.clock.now = MONDAY
    assert await tick(world) == 1


async def test_of_many_workers_one_posts_it(begun: World) -> None:
    """And no later tick posts it again."""
    assert sum(await asyncio.gather(*(tick(begun) for _ in range(5)))) == 1
    for _ in range(3):
        begun.clock.forward(hours=40)
        assert await tick(begun) == 0
    assert list(reports(begun)) == ["C0REPORT"]


async def test_reports_that_were_missed_are_caught_up_with_one(begun: World) -> None:
    """The latest, of its own week."""
    begun.clock.now = MONDAY + timedelta(days=16)
    assert [await tick(begun) for _ in range(3)] == [1, 0, 0]
    assert "The registry from 07 Dec to 14 Dec 2026" in reports(begun)["C0REPORT"]


async def test_without_the_section_there_is_no_report(begun: World) -> None:
    """Nothing is taken either."""
    assert await tick(begun, CONFIG.model_copy(update={"report": None})) == 0
    assert await tick(begun) == 1


async def test_what_quay_did_not_answer_is_reported_later(begun: World) -> None:
    """Ten minutes later by whoever comes by, and once."""
    token = begun.registry.tokens.pop("sandbox-superuser")
    with pytest.raises(QuayError):
        await tick(begun)
    begun.registry.tokens["sandbox-superuser"] = token
    assert await tick(begun) == 0
    begun.clock.now += LATER
    assert [await tick(begun) for _ in range(2)] == [1, 0]


async def test_what_slack_did_not_take_is_posted_later(begun: World) -> None:
    """As long as that may pass."""
    begun.slack.fails = "ratelimited"
    with pytest.raises(MessengerError):
        await tick(begun)
    begun.slack.fails = None
    begun.clock.now += LATER
    assert await tick(begun) == 1


async def test_what_its_channel_refuses_goes_to_the_admin_channel(begun: World) -> None:
    """With the reason, and once."""
    begun.slack.refuses = {"C0REPORT"}
    assert await tick(begun) == 1
    begun.clock.now += LATER
    assert await tick(begun) == 0
    assert list(reports(begun)) == ["C1"]
    assert "Meant for <#C0REPORT>, which Slack refused: `not_in_channel`" in reports(begun)["C1"]


async def test_the_report_tells_what_quay_and_the_audit_say(begun: World) -> None:
    """Figures of this registry, growth since the samples of a week ago, and a change from request to outcome."""
    begun.clock.now = START
    await Samples(begun.redis).take({"team-alpha": Usage("team-alpha", 1, 1, complete=True)}, MONDAY - timedelta(7))
    await begun.carry_out("users create newcomer")
    begun.clock.now = MONDAY
    begun.slack.messages.clear()
    assert await tick(begun) == 1
    found = await reporter_of(begun).compose(CONFIG, MONDAY)
    (grown,) = [each for each in found.growths if each.grown is not None]
    assert grown.grown == pytest.approx(grown.reading.used - 1, rel=2**-24)
    assert found.deeds
    assert (found.deeds.done, found.deeds.answered) == ({"users create": 1}, 1)
    waiting = sum(key.approval is None for key in begun.registry.keys.values())
    complete = [one.quota_bytes for one in begun.registry.namespaces.values() if one.backfill == "complete"]
    assert found.keys.waiting == waiting
    assert (found.together.namespaces, found.together.used) == (len(complete), sum(complete))


async def test_the_size_grows_from_one_report_to_the_next(begun: World) -> None:
    """As it was measured by then."""
    assert await tick(begun) == 1
    begun.registry.size.size_bytes += 5 * 2**30
    begun.registry.size.last_ran = MONDAY + timedelta(days=1)
    begun.slack.messages.clear()
    begun.clock.now = MONDAY + timedelta(days=7)
    assert await tick(begun) == 1
    assert "(+5 GiB)" in reports(begun)["C0REPORT"]


async def test_an_audit_that_was_tampered_with_does_not_stop_the_report(begun: World) -> None:
    """It is said in it."""
    await begun.audit.record("policy_loaded", actor=None)
    stored: Any = await begun.redis.xrevrange(STREAM, count=1)
    await begun.redis.xadd(STREAM, {**stored[0][1], b"body": b"{}"})
    assert await tick(begun) == 1
    assert "The audit is not as it was recorded" in reports(begun)["C0REPORT"]


async def test_composing_changes_nothing(begun: World) -> None:
    """A preview can be had at any time."""
    before = await begun.redis.keys("*")
    report(await reporter_of(begun).compose(CONFIG, MONDAY))
    assert await begun.redis.keys("*") == before
    assert await tick(begun) == 1


async def test_ten_minutes_after_a_worker_died_another_may_take_its_moment(redis: Redis) -> None:
    """Until then nobody may, and never once it is done."""
    scheduled_runs, moment = ScheduledRuns(redis), MONDAY
    assert not await scheduled_runs.take("report", moment - timedelta(days=7), moment)
    assert await scheduled_runs.take("report", moment, moment)
    assert not await scheduled_runs.take("report", moment, moment + TAKEN_FOR - timedelta(seconds=1))
    assert await scheduled_runs.take("report", moment, moment + TAKEN_FOR)
    await scheduled_runs.keep("report", moment)
    assert not await scheduled_runs.take("report", moment, moment + timedelta(days=1))


async def test_the_next_moment_can_be_taken_as_soon_as_one_is_kept(redis: Redis) -> None:
    """However soon after it."""
    scheduled_runs, minute = ScheduledRuns(redis), timedelta(minutes=1)
    await scheduled_runs.take("report", MONDAY, MONDAY)
    for moment in (MONDAY + minute, MONDAY + 2 * minute):
        assert await scheduled_runs.take("report", moment, moment)
        await scheduled_runs.keep("report", moment)
