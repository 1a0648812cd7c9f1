"""The admin channel and `status` name user groups that Slack doesn't have; each change is reported once."""

import asyncio
from dataclasses import replace

import pytest

from bot.alerts.settings import AlertSettings
from bot.jobs.user_group_check import UserGroupCheck
from bot.permissions import Policy
from bot.slack.directory import Directory
from bot.slack.messages import MessengerError
from tests.support.world import ADMIN, POLICY, InMemory, World, text_of

GROUPS = {**POLICY["groups"], "ops": ["S0OPS", "S0GONE"]}


@pytest.fixture
def check(world: World) -> UserGroupCheck:
    """A file that names two groups, of which Slack has one."""
    world.policy = Policy.model_validate(POLICY | {"groups": GROUPS})
    world.web.groups["S0OPS"] = []
    settings = AlertSettings(InMemory("alerts.yaml", lambda: world.alerts), lambda: ADMIN)
    return UserGroupCheck(world.redis, world.authorization, world.slack, settings)


def reports(world: World) -> list[str]:
    return [text_of(message) for (channel, _), message in world.slack.messages.items() if channel == ADMIN]


async def test_a_lost_group_is_reported_once(world: World, check: UserGroupCheck) -> None:
    """With what follows from it."""
    await world.person("U0ALICE")
    for _ in range(3):
        await check.run()
    (report,) = reports(world)
    assert "S0GONE" in report
    assert "S0OPS" not in report
    assert "doesn't exist in Slack" in report
    assert "applies to everyone" in report


async def test_that_it_is_back_is_reported_too(world: World, check: UserGroupCheck) -> None:
    """Once."""
    await world.person("U0ALICE")
    await check.run()
    world.web.groups["S0GONE"] = []
    world.clock.forward(minutes=2)
    await world.person("U0ALICE")
    for _ in range(2):
        await check.run()
    assert len(reports(world)) == 2
    assert "available again" in reports(world)[1]


async def test_a_report_that_slack_does_not_take_is_made_later(world: World, check: UserGroupCheck) -> None:
    """And then once."""
    await world.person("U0ALICE")
    world.slack.fails = "ratelimited"
    with pytest.raises(MessengerError):
        await check.run()
    world.slack.fails = None
    await check.run()
    assert len(reports(world)) == 1


async def test_nothing_is_reported_while_slack_has_not_answered(world: World, check: UserGroupCheck) -> None:
    """No answer is no loss."""
    world.web.groups_refused = "internal_error"
    await world.person("U0ALICE")
    await check.run()
    assert reports(world) == []
    assert check.sentences() == []


async def test_a_worker_that_has_not_asked_slack_yet_reports_nothing(world: World, check: UserGroupCheck) -> None:
    """A restart doesn't make a lost group available."""
    await world.person("U0ALICE")
    await check.run()
    restarted = replace(check, authorization=replace(check.authorization, directory=Directory(world.web, world.clock)))
    await restarted.run()
    assert len(reports(world)) == 1
    await restarted.authorization.directory.groups.now(["S0GONE"])
    await restarted.run()
    assert len(reports(world)) == 1


async def test_of_several_workers_one_reports(world: World, check: UserGroupCheck) -> None:
    """However close together they look; each has a connection of its own."""
    await world.person("U0ALICE")
    await asyncio.gather(*(world.redis.exists("a key") for _ in range(4)))
    await asyncio.gather(*(check.run() for _ in range(4)))
    assert len(reports(world)) == 1


async def test_status_names_a_lost_group(world: World, check: UserGroupCheck) -> None:
    """Whoever asks how the bot is reads it there."""
    await world.person("U0ALICE")
    assert check.sentences() == [
        "User group S0GONE doesn't exist in Slack. "
        "Nobody gets rights from it, and a deny that names it applies to everyone."
    ]
