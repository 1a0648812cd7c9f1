"""A registry and a Slack for stories about quota alerts: small fakes, passed in."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from bot.alerts.config import AlertsFile
from bot.alerts.sweep import QuotaSweep
from bot.quay.answers import Page
from bot.quay.models import Organization, Quota, QuotaLimit, QuotaReport, User
from bot.slack.messages import Message, MessageId, MessengerError
from sandbox.slack.blocks import check_message

CONFIG = AlertsFile.model_validate(
    {
        "version": 1,
        "admin_channel": "C0ADMIN",
        "quotas": {
            "levels": [80, 90],
            "routes": [
                {"namespaces": ["ml-*"], "channel": "C0ML", "levels": [70]},
                {"namespaces": ["web-*"], "channel": "C0WEB"},
                {"namespaces": ["*", "user:*"], "channel": "C0ADMIN"},
            ],
        },
    }
)


class Died(Exception):
    """The worker's process ended."""


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 23, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **length: int) -> None:
        self.now += timedelta(**length)


@dataclass
class FakeSettings:
    """Whether the registry checks quotas at a push."""

    checked: bool = True

    async def are_checked(self) -> bool:
        return self.checked


@dataclass
class FakeRegistry:
    """Namespaces with a limit of 100 bytes; whoever asks for a page waits a moment, as over a network."""

    used: dict[str, int] = field(default_factory=dict)
    incomplete: set[str] = field(default_factory=set)
    unlimited: set[str] = field(default_factory=set)
    off: bool = False
    """Whether quota management is: Quay's lists then have neither quotas nor reports."""
    limits: dict[str, int] = field(default_factory=dict)
    """Those that are not 100."""
    unreadable: set[str] = field(default_factory=set)
    """Those whose entries in the lists don't fit."""
    repeats: bool = False
    """Whether it has forgotten every token: it gives the first page for each of them."""
    requests: Counter[str] = field(default_factory=Counter)
    quota_settings: FakeSettings = field(default_factory=FakeSettings)

    async def list_all_organizations(self, *, limit: int, next_page: str | None) -> Page[Organization]:
        names = [name for name in self.used if not name.startswith("user:")]
        chosen, token = await self._page("organizations", names, limit, next_page)
        items = tuple(
            Organization(name=name, quotas=self._quotas(), quota_report=self._report(name))
            for name in chosen
            if name not in self.unreadable
        )
        left_out = tuple(f"organizations.{name}" for name in chosen if name in self.unreadable)
        return Page[Organization](items=items, next_page=token, left_out=left_out)

    async def list_all_users(self, *, limit: int, next_page: str | None) -> Page[User]:
        names = [name for name in self.used if name.startswith("user:")]
        chosen, token = await self._page("users", names, limit, next_page)
        items = tuple(
            User(username=name.removeprefix("user:"), quotas=self._quotas(), quota_report=self._report(name))
            for name in chosen
        )
        return Page[User](items=items, next_page=token)

    async def _page(self, kind: str, names: list[str], limit: int, token: str | None) -> tuple[list[str], str | None]:
        self.requests[kind] += 1
        await asyncio.sleep(0)
        start = 0 if self.repeats else int(token or 0)
        end = start + limit
        return names[start:end], str(end) if end < len(names) else None

    def _quotas(self) -> tuple[Quota, ...]:
        return (Quota(limit_bytes=100, limits=(QuotaLimit(type="Reject", limit_percent=100),)),)

    def _report(self, name: str) -> QuotaReport | None:
        if self.off:
            return None
        return QuotaReport(
            quota_bytes=self.used[name],
            configured_quota=None if name in self.unlimited else self.limits.get(name, 100),
            backfill_status="running" if name in self.incomplete else "complete",
        )


@dataclass
class RecordingMessenger:
    """Keeps what was said. `refusals` are Slack's words by channel; its worker can die at a call."""

    posts: list[tuple[str, str]] = field(default_factory=list)
    replies: list[tuple[str, str, str]] = field(default_factory=list)
    edits: list[tuple[str, str, str]] = field(default_factory=list)
    broadcasts: list[str] = field(default_factory=list)
    """Those of the replies that the channel sees as well."""
    messages: dict[str, Message] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    """What was done since somebody last looked, in its order: `post C0A team-a is at 85 %`."""
    refusals: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    dies: bool = False
    dies_after_posting: bool = False

    async def post(self, channel: str, message: Message, *, thread: MessageId | None = None) -> MessageId:
        await self._reach(channel, message)
        self.heard.append(f"{'reply' if thread else 'post'} {channel} {_beginning(message)}")
        if thread:
            self.replies.append((channel, thread, message.text))
            return MessageId(f"{len(self.replies)}.1")
        self.posts.append((channel, message.text))
        message_id = MessageId(f"{len(self.posts)}.0")
        self.messages[message_id] = message
        if self.dies_after_posting:
            raise Died
        return message_id

    async def broadcast(self, channel: str, message: Message, *, thread: MessageId) -> MessageId:
        self.broadcasts.append(message.text)
        return await self.post(channel, message, thread=thread)

    async def edit(self, channel: str, message_id: MessageId, message: Message) -> None:
        await self._reach(channel, message)
        if message_id in self.deleted:
            raise MessengerError("message_not_found")
        self.heard.append(f"edit {channel} {_beginning(message)}")
        self.edits.append((channel, message_id, message.text))
        self.messages[message_id] = message

    async def _reach(self, channel: str, message: Message) -> None:
        problems = check_message({"text": message.text, "blocks": [dict(block) for block in message.blocks]})
        assert not problems, problems
        await asyncio.sleep(0)
        if self.dies:
            raise Died
        if channel in self.refusals:
            raise MessengerError(self.refusals[channel])

    def listen(self) -> list[str]:
        """What was done since the last time."""
        heard, self.heard = self.heard, []
        return heard

    def words(self, message_id: str) -> str:
        return json.dumps(self.messages[message_id].blocks, ensure_ascii=False)


def _beginning(message: Message) -> str:
    return message.text.split(" of its")[0].split(":")[0].split(" · ")[0]


@dataclass
class Workshop:
    """A sweep with everything around it."""

    redis: Redis
    config: AlertsFile = CONFIG
    quay: FakeRegistry = field(default_factory=FakeRegistry)
    slack: RecordingMessenger = field(default_factory=RecordingMessenger)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.sweep = QuotaSweep(self.quay, self.redis, self.slack, self.clock)

    async def at(self, moment: str, **used: int) -> list[str]:
        """Sweep at a moment (in UTC), and say what was done."""
        self.clock.now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        await self.run(**used)
        return self.slack.listen()

    async def run(self, **used: int) -> None:
        """Sweep after the namespaces (`ml_a` for ml-a) were filled that far."""
        self.quay.used |= {name.replace("_", "-"): amount for name, amount in used.items()}
        await self.sweep.run(self.config)
        self.clock.advance(minutes=15)
