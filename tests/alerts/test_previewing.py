"""`quaymaster alerts preview` prints what would be posted now; nothing is posted, and nothing in Redis changes."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.alerts.config import AlertsFile
from bot.alerts.tokens import TokenEnds
from bot.jobs.preview import Preview, Saying, as_text
from bot.quay.errors import QuayError, Unauthorized
from bot.slack.messages import Message
from bot.views.blocks import actions, button, context, header, section, table
from bot.views.plain import plain
from tests.support.cli import ROOT
from tests.support.world import START, World, valid

ALERTS = """\
version: 1
admin_channel: C1
quotas:
  routes:
    - {namespaces: ["team-ml-*"], channel: C0ML, levels: [70, 90]}
    - {namespaces: ["*"], channel: C1}
report: {channel: C0REPORT}
"""
FILE = AlertsFile.model_validate(
    {
        "version": 1,
        "admin_channel": "C1",
        "keys": {"channel": "C0KEYS"},
        "quotas": {
            "routes": [
                {"namespaces": ["team-ml-*"], "channel": "C0ML", "levels": [70, 90]},
                {"namespaces": ["*"], "channel": "C1"},
            ]
        },
        "report": {"channel": "C0REPORT"},
    }
)


@dataclass
class Rehearsing:
    """A world's parts that speak by themselves, and their preview."""

    world: World
    failure: QuayError | None = None

    def __post_init__(self) -> None:
        parts = self.world.alert_parts
        self.sweep, self.reporter, self.expiring = parts.sweep, parts.reporter, parts.expiring
        self.health, self.tokens = parts.health, parts.tokens

    async def preview(self, file: AlertsFile = FILE) -> Sequence[Saying]:
        """What is foreseen, valid, with nothing posted and Redis as it was."""
        before, posted = await self._contents(), (len(self.world.slack.messages), len(self.world.slack.edits))
        alerts = replace(self.world.alert_parts, tokens=self.tokens)
        found = await Preview(self.world.quay, self.world.key_requests, alerts).run(file)
        previewed, self.failure = found.sayings, found.failure
        assert await self._contents() == before
        assert (len(self.world.slack.messages), len(self.world.slack.edits)) == posted
        for each in previewed:
            valid(each.message)
        return previewed

    async def round(self, file: AlertsFile = FILE) -> None:
        """What the workers do on their schedules."""
        await self.tokens.run(file.admin_channel)
        try:
            keys = await self.health.over(self.world.key_requests.watch(file.keys_channel), file.admin_channel)
        except QuayError:
            return
        if file.keys:
            await self.world.waiting.remind(keys, file.keys, file.admin_channel)
            await self.expiring.run(keys, file.keys, file.admin_channel)
        await self.sweep.run(file)

    async def _contents(self) -> dict[bytes, bytes]:
        keys = sorted(await self.world.redis.keys("*"))
        return {key: await self.world.redis.dump(key) for key in keys}


@pytest.fixture
def rehearsing(world: World) -> Rehearsing:
    return Rehearsing(world)


def shown(message: Message) -> str:
    """What a message shows, without the ids of its buttons."""
    return "\n".join((message.text, *plain(message)))


def told(sayings: Sequence[Saying]) -> list[tuple[str, str, str]]:
    return [(each.kind, each.channel, each.message.text) for each in sayings]


async def test_a_preview_is_what_the_next_round_says(rehearsing: Rehearsing) -> None:
    """Cards, keys that end and namespaces, to the letter, in the same channels and order."""
    previewed = await rehearsing.preview()
    await rehearsing.round()
    said = [(channel, message) for (channel, _), message in rehearsing.world.slack.messages.items()]
    assert [(each.channel, shown(each.message)) for each in previewed] == [(channel, shown(m)) for channel, m in said]
    assert {channel for channel, _ in said} == {"C1", "C0KEYS", "C0ML"}


async def test_edits_and_replies_are_foreseen_as_such(rehearsing: Rehearsing) -> None:
    """With the memory of what was said before, which is not touched."""
    world = rehearsing.world
    await rehearsing.round()
    assert await rehearsing.preview() == []
    namespace = world.registry.namespaces["team-ml-vision"]
    assert namespace.quota
    namespace.quota_bytes = namespace.quota.limit_bytes
    world.clock.forward(minutes=15)
    previewed = told(await rehearsing.preview())
    assert [(kind, channel) for kind, channel, _ in previewed] == [("edit", "C0ML"), ("reply", "C0ML")]
    await rehearsing.round()
    assert world.slack.edits[-1].text == previewed[0][2]
    assert world.slack.threads[-1][2].text == previewed[1][2]


async def test_reminders_of_waiting_keys_are_foreseen(rehearsing: Rehearsing) -> None:
    """As replies under their cards."""
    await rehearsing.round()
    rehearsing.world.clock.forward(hours=14)
    replies = [each for each in await rehearsing.preview() if each.kind == "reply" and each.channel == "C0KEYS"]
    before = len(rehearsing.world.slack.threads)
    await rehearsing.round()
    said = [message for channel, _, message in rehearsing.world.slack.threads[before:] if channel == "C0KEYS"]
    assert [each.message.text for each in replies] == [message.text for message in said]
    assert any("is still waiting for approval" in each.message.text for each in replies)


async def test_a_report_that_is_due_is_foreseen(rehearsing: Rehearsing) -> None:
    """And remains due; where nobody has seen its schedule yet, it is not."""
    reports = FILE.model_copy(update={"keys": None, "quotas": None})
    await rehearsing.round(reports)
    assert await rehearsing.preview(reports) == []
    assert await rehearsing.reporter.due(reports) is None
    rehearsing.world.clock.now = START + timedelta(days=7)
    ((kind, channel, text),) = told(await rehearsing.preview(reports))
    assert (kind, channel, text.split(" from ")[0]) == ("post", "C0REPORT", "The registry")
    assert await rehearsing.reporter.due(reports) is not None


async def test_without_sections_there_are_cards_alone(rehearsing: Rehearsing) -> None:
    """In the admin channel, as the worker posts them."""
    nothing = FILE.model_copy(update={"keys": None, "quotas": None, "report": None})
    previewed = await rehearsing.preview(nothing)
    await rehearsing.round(nothing)
    said = [(channel, message.text) for (channel, _), message in rehearsing.world.slack.messages.items()]
    assert [(each.channel, each.message.text) for each in previewed] == said
    assert {channel for channel, _ in said} == {"C1"}


async def test_a_quay_that_cannot_be_used_is_foreseen(rehearsing: Rehearsing) -> None:
    """Once enough looks agree; and its end, as an edit and a reply."""
    world, tokens = rehearsing.world, dict(rehearsing.world.registry.tokens)
    await rehearsing.round()
    world.registry.tokens.clear()
    assert await rehearsing.preview() == []
    assert isinstance(rehearsing.failure, Unauthorized)
    await rehearsing.round()
    world.clock.forward(minutes=1)
    ((kind, channel, text),) = told(await rehearsing.preview())
    assert (kind, channel, text.split(":")[0]) == ("post", "C1", "Quay refuses the bot's token")
    await rehearsing.round()
    world.registry.tokens.update(tokens)
    for _ in range(2):
        world.clock.forward(minutes=1)
        previewed = told(await rehearsing.preview())
        await rehearsing.round()
    assert [(kind, text) for kind, _, text in previewed] == [
        ("edit", "Quay answers the bot again, after 2 min"),
        ("reply", "Quay answers the bot again, after 2 min."),
    ]
    assert rehearsing.failure is None


async def test_a_token_that_ends_soon_is_foreseen(rehearsing: Rehearsing) -> None:
    """Before anything else, and without Quay."""
    ends = {"QUAY_TOKEN": START + timedelta(days=6)}
    rehearsing.tokens = TokenEnds(rehearsing.world.redis, rehearsing.world.slack, rehearsing.world.clock, ends)
    first = told(await rehearsing.preview())[0]
    assert first == ("post", "C1", "The bot's QUAY_TOKEN ends in 6 d")


def test_a_message_reads_as_plain_lines() -> None:
    """Dates and links as what they fall back to, tables in columns, buttons by their names."""
    drawn, _ = table(("Namespace", "Full"), [("team-a", "90 %"), ("b", "8 %")])
    message = Message(
        "unused",
        (
            header("A & B"),
            section("*80 GiB* &lt;of&gt; 100\n<https://quay.test|its page> by <@U0BOB>"),
            drawn,
            actions([button("Acknowledge", "alert_ack", "1"), button("Other", "alert_snooze", "1")], "b"),
            context("<!date^1795520000^{date}|2026-11-24 12:13 UTC>"),
        ),
    )
    valid(message)
    assert plain(message) == [
        "A & B",
        "*80 GiB* <of> 100",
        "its page by <@U0BOB>",
        "Namespace  Full",
        "team-a     90 %",
        "b          8 %",
        "[Acknowledge] [Other]",
        "2026-11-24 12:13 UTC",
    ]
    assert plain(Message("Only &amp; text")) == ["Only & text"]
    assert as_text([Saying("C1", "post", Message("Hello"))]) == "post in C1\n    Hello\n1 message. Nothing was posted."


async def run_cli(world: World, redis_url: str, folder: Path, *arguments: str) -> tuple[int, str]:
    """The command line as a process of its own, between the world's Quay and Redis."""
    (folder / "alerts.yaml").write_text(ALERTS)
    environment = {
        "PATH": os.environ["PATH"],
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": "s" * 32,
        "SLACK_API_URL": "http://127.0.0.1:9/api/",
        "QUAY_URL": world.quay_url,
        "QUAY_TOKEN": "sandbox-superuser",
        "REDIS_URL": redis_url,
        "PERMISSIONS_FILE": str(ROOT / "permissions.yaml"),
        "ALERTS_FILE": str(folder / "alerts.yaml"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", "alerts", "preview", *arguments),
        env=environment,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, (out + err).decode()


async def test_the_command_line_prints_it(world: World, redis_url: str, tmp_path: Path) -> None:
    """As JSON; Slack, which cannot be reached here, is not needed."""
    status, printed = await run_cli(world, redis_url, tmp_path, "--json")
    assert status == 0, printed
    messages = json.loads(printed)
    assert {message["channel"] for message in messages} == {"C0ML", "C1"}
    assert all(message["kind"] == "post" and message["blocks"] for message in messages)
    assert await world.redis.keys("*") == []


async def test_a_quay_that_does_not_answer_is_said(world: World, redis_url: str, tmp_path: Path) -> None:
    """With status 1."""
    world.registry.tokens.clear()
    status, printed = await run_cli(world, redis_url, tmp_path)
    assert status == 1
    assert "HTTP 401" in printed
    assert await world.redis.keys("*") == []
