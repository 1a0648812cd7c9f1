"""The channels that the alerts file names are looked at when it comes into force."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.alerts.channels import ChannelCheck
from bot.alerts.config import AlertsFile
from bot.slack.limits import Limits
from bot.slack.messages import MessengerError
from bot.slack.messenger import SlackMessenger, open_slack
from sandbox.slack.app import SlackSettings, create_app
from sandbox.slack.cast import default_workspace
from tests.support.alerts import CONFIG, Clock, RecordingMessenger
from tests.support.servers import served


@dataclass
class Slack(RecordingMessenger):
    """One whose channels have troubles, or which cannot be asked."""

    troubles: dict[str, str] = field(default_factory=dict)
    unreachable: bool = False
    asked: list[str] = field(default_factory=list)

    async def trouble_with(self, channel: str) -> str | None:
        self.asked.append(channel)
        if self.unreachable:
            raise MessengerError("TimeoutError")
        return self.troubles.get(channel)


@dataclass
class Start:
    """A process that starts: the check is new, and what Redis knows is not."""

    redis: Redis
    slack: Slack = field(default_factory=Slack)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.check = ChannelCheck(self.redis, self.slack, self.clock, "alerts.yaml", lambda: "C0FIRST")

    async def run(self, config: AlertsFile = CONFIG) -> None:
        await self.check.run(config)


async def test_troubles_are_one_line_in_the_log_and_one_message(redis: Redis) -> None:
    """However often a process looks, and however many start."""
    first = Start(redis, Slack(troubles={"C0ML": "not_in_channel", "C0WEB": "is_archived"}))
    with capture_logs() as logs:
        await first.run()
        await first.run()
        await replace(first).run()
    assert [entry["channels"] for entry in logs] == [{"C0ML": "not_in_channel", "C0WEB": "is_archived"}] * 2
    ((channel, text),) = first.slack.posts
    assert (channel, text) == ("C0ADMIN", "2 channels of alerts.yaml cannot be used.")
    assert "<#C0ML> `C0ML`: the bot is not in it: invite it there" in first.slack.words("1.0")


async def test_a_changed_file_is_looked_at_anew(redis: Redis) -> None:
    """Each channel once for each version; no trouble, no word."""
    start = Start(redis)
    await start.run()
    assert sorted(start.slack.asked) == ["C0ADMIN", "C0ML", "C0WEB"]
    await start.run(CONFIG.model_copy(update={"quotas": None}))
    assert start.slack.asked[3:] == ["C0ADMIN"]
    assert start.slack.posts == []


async def test_a_slack_that_does_not_answer_is_asked_again_a_minute_later(redis: Redis) -> None:
    """A tick comes every two seconds, and must not add to what keeps Slack from answering."""
    start = Start(redis, Slack(unreachable=True))
    with pytest.raises(MessengerError):
        await start.run()
    await start.run()
    assert len(start.slack.asked) == 1
    start.slack.unreachable = False
    start.clock.advance(minutes=1)
    await start.run()
    assert len(start.slack.asked) == 4


async def test_a_message_that_slack_did_not_take_is_tried_again_a_minute_later(redis: Redis) -> None:
    """It is not taken for told, by this process or another."""
    start = Start(redis, Slack(troubles={"C0ML": "channel_not_found"}, refusals={"C0ADMIN": "ratelimited"}))
    with pytest.raises(MessengerError):
        await start.run()
    start.slack.refusals = {}
    await start.run()
    assert start.slack.posts == []
    start.clock.advance(minutes=1)
    await start.run()
    await replace(start).run()
    assert len(start.slack.posts) == 1


async def test_trouble_with_the_admin_channel_itself_is_told_where_permissions_name_one(redis: Redis) -> None:
    """Else nobody would hear that nobody hears."""
    start = Start(redis, Slack(troubles={"C0ADMIN": "channel_not_found"}))
    await start.run()
    assert start.slack.posts == [("C0FIRST", "1 channel of alerts.yaml cannot be used.")]


@pytest.mark.parametrize(
    ("channel", "scopes", "trouble"),
    [
        ("C0ML", {"channels:read"}, None),
        ("C0GENERAL", {"channels:read"}, "not_in_channel"),
        ("C0GENERAL", {"channels:read", "chat:write.public"}, None),
        ("G0SECRET", {"channels:read", "groups:read", "chat:write.public"}, "channel_not_found"),
    ],
)
async def test_a_public_channel_may_be_one_that_the_bot_is_not_in(
    channel: str, scopes: set[str], trouble: str | None
) -> None:
    """Where its token has the scope for that, as the manifest asks for."""
    settings = SlackSettings("http://127.0.0.1:9/", scopes=scopes)
    async with (
        served(create_app(default_workspace(), settings)) as url,
        open_slack(f"{url}/api/", settings.bot_token) as web,
    ):
        assert await SlackMessenger(web, Limits(lambda: datetime.now(UTC))).trouble_with(channel) == trouble
