"""The whole road of a change, with a real Redis and the simulated Quay; Slack is a small fake, passed in."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, Self, TypeVar

from redis.asyncio import Redis
from saq.queue.redis import RedisQueue
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.alerts.config import AlertsFile
from bot.app import Connections, build_app
from bot.changes import Executor
from bot.config.settings import Settings
from bot.config.watched_file import WatchedFile
from bot.confirmations import Record
from bot.jobs.worker import EXECUTE
from bot.loading import Files, build_grammar
from bot.permissions import Actor, Person, Place, Policy
from bot.quay.client import Quay, open_client
from bot.slack.messages import Message, MessageId, MessengerError
from bot.storage.dedupe import DedupeKey
from handlers.confirmations import REJECT, ClickAnswer
from handlers.dispatch import Delivery, guarded
from sandbox.quay.app import create_app
from sandbox.quay.faults import Faults
from sandbox.quay.seed import seed
from sandbox.quay.state import Registry
from sandbox.slack.blocks import check_message, check_view
from tests.support.servers import served

T = TypeVar("T")

grammar_of = cache(build_grammar)
TOKEN = "sandbox-superuser"
SETTINGS = Settings.model_validate(
    {
        "slack_bot_token": "xoxb-1",
        "slack_signing_secret": "s" * 32,
        "quay_url": "https://quay.test/",
        "quay_token": TOKEN,
        "redis_url": "redis://127.0.0.1/",
    }
)
START = datetime(2026, 11, 24, 12, tzinfo=UTC)
TEAM = "T1"
ADMIN = "C1"
POLICY: dict[str, Any] = {
    "version": 1,
    "workspace": TEAM,
    "groups": {
        "staff": ["*"],
        "approvers": ["U0BOB", "U0EVE"],
        "managers": ["U0CAROL"],
        "askers": ["U0DAVE"],
        "admins": ["U0ALICE"],
    },
    "channels": {"admin": [ADMIN, "C2"]},
    "rules": [
        {"name": "staff may look", "who": ["staff"], "may": ["read"]},
        {"name": "managers set quotas", "who": ["managers"], "may": ["quotas.change", "keys.change"]},
        {"name": "askers may ask", "who": ["askers"], "may_request": ["quotas.change", "keys.change"]},
        {"name": "admins change everything", "who": ["admins"], "may": ["change"]},
    ],
    "confirmations": [
        {
            "for": ["deleteOrganization", "deleteInstallUser"],
            "approvals": 1,
            "approvers": ["approvers"],
            "type_the_name": True,
            "expires": "15m",
        },
        {"for": ["keys.change"], "approvals": 1, "approvers": ["approvers"], "expires": "24h"},
        {"for": ["quotas.change"], "where": {"limit": {"max": "500GiB"}}, "approvals": 0, "expires": "10m"},
        {"for": ["change"], "approvals": 2, "approvers": ["approvers"], "expires": "1h"},
    ],
}


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **length: float) -> None:
        self.now += timedelta(**length)


@dataclass
class FakeSlack:
    """What a channel shows, as the bot posted and edited it; refuses on demand; every message must be valid."""

    messages: dict[tuple[str, str], Message] = field(default_factory=dict)
    threads: list[tuple[str, str, Message]] = field(default_factory=list)
    broadcasts: list[Message] = field(default_factory=list)
    """Those of the threads that are shown in the channel as well."""
    whispers: list[tuple[str, str, Message]] = field(default_factory=list)
    edits: list[Message] = field(default_factory=list)
    files: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Who was sent a file, its name, and what is in it."""
    refuses: set[str] = field(default_factory=set)
    """Channels that the bot is not in."""
    fails: str | None = None
    """Slack's word for a failure of everything."""
    refuses_text: str | None = None

    async def post(self, channel: str, message: Message, *, thread: MessageId | None = None) -> MessageId:
        self._accept(channel, message)
        message_id = MessageId(f"1.{len(self.messages) + len(self.threads)}")
        if thread:
            self.threads.append((channel, thread, message))
        else:
            self.messages[channel, message_id] = message
        return message_id

    async def broadcast(self, channel: str, message: Message, *, thread: MessageId) -> MessageId:
        message_id = await self.post(channel, message, thread=thread)
        self.broadcasts.append(message)
        return message_id

    async def edit(self, channel: str, message_id: MessageId, message: Message) -> None:
        self._accept(channel, message)
        self.messages[channel, message_id] = message
        self.edits.append(message)

    async def link(self, channel: str, message_id: MessageId) -> str:
        return f"https://slack.test/{channel}/{message_id}"

    async def direct(self, user: str) -> str:
        return f"D{user}"

    def for_alerts(self) -> Self:
        return self

    async def trouble_with(self, channel: str) -> str | None:
        return "not_in_channel" if channel in self.refuses else None

    async def upload(self, user: str, name: str, content: bytes, title: str) -> None:
        assert content, "Slack takes no empty file"
        if self.fails:
            raise MessengerError(self.fails)
        assert title
        self.files.append((user, name, content))

    async def whisper(self, channel: str, user: str, message: Message) -> None:
        self._accept(channel, message)
        self.whispers.append((channel, user, message))

    def _accept(self, channel: str, message: Message) -> None:
        valid(message)
        if self.fails:
            raise MessengerError(self.fails)
        if channel in self.refuses or (self.refuses_text and self.refuses_text in text_of(message)):
            raise MessengerError("not_in_channel")


def valid(message: Message) -> None:
    problems = check_message({"text": message.text, "blocks": [dict(block) for block in message.blocks]})
    assert not problems, problems


class FakeWeb(AsyncWebClient):
    """Who people are; whoever is not listed is a full member, and an unreachable Slack says nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, list[str]] = {}
        """Who is in each user group; Slack has no other."""
        self.disabled_groups: set[str] = set()
        self.groups_refused: str | None = None
        """Slack's word for refusing to list user groups."""
        self.group_requests = 0
        self.shared: set[str] = set()
        self.unreachable = False
        self.silent_about: set[str] = set()
        self.is_org_install = False
        self.nobody: set[str] = set()
        """Ids that Slack says nobody has."""
        """People of whom Slack says nothing."""

    def _answer(self, data: dict[str, Any]) -> AsyncSlackResponse:
        response = AsyncSlackResponse(
            client=self, http_verb="POST", api_url="", req_args={}, data=data, headers={}, status_code=200
        )
        if self.unreachable:
            raise TimeoutError
        return response

    def _refuse(self, word: str) -> NoReturn:
        raise SlackApiError(word, self._answer({"ok": False, "error": word}))  # type: ignore[no-untyped-call]

    async def users_info(self, *, user: str, **_: Any) -> AsyncSlackResponse:
        if user in self.silent_about:
            raise TimeoutError
        if user in self.nobody:
            self._refuse("user_not_found")
        known = {"id": user, "team_id": TEAM, "real_name": user.removeprefix("U0").title(), "profile": {}}
        return self._answer({"ok": True, "user": {**known, **self.users.get(user, {})}})

    async def usergroups_list(self, *, team_id: str | None = None, **_: Any) -> AsyncSlackResponse:
        self.group_requests += 1
        if self.is_org_install and team_id != TEAM:
            self._refuse("missing_argument")
        if self.groups_refused:
            self._refuse(self.groups_refused)
        groups = [{"id": group, "users": users, "date_delete": 0} for group, users in self.groups.items()]
        groups += [{"id": group, "users": [], "date_delete": 1} for group in self.disabled_groups]
        return self._answer({"ok": True, "usergroups": groups})

    async def conversations_info(self, *, channel: str, **_: Any) -> AsyncSlackResponse:
        return self._answer({"ok": True, "channel": {"id": channel, "is_ext_shared": channel in self.shared}})


class WatchedQuay(Quay):
    """The client, with a moment after an approval was sent at which a story can go wrong."""

    async def after_approval(self) -> None:
        """Nothing goes wrong."""

    async def approve_service_key(self, kid: str, notes: str | None = None) -> None:
        await super().approve_service_key(kid, notes)
        await self.after_approval()


class SettledExecutor(Executor):
    """Returns when what it left in the outbox was delivered; in the bot, that happens beside the work."""

    async def execute(self, id_: str) -> Record | None:
        ended = await super().execute(id_)
        await self.tools.outbox.settle()
        return ended


class InMemory(WatchedFile[T]):
    """A file that says what the test wants it to say."""

    def __init__(self, name: str, value: Callable[[], T]) -> None:
        super().__init__(Path(name), lambda _text, _name: value())
        self._of = value

    def current(self) -> T:
        return self._of()


class Wakes(RedisQueue):
    """A queue that remembers for which changes a worker was to be woken."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        self.woken: list[str] = []

    async def enqueue(self, job_or_func: Any, **kwargs: Any) -> None:
        assert job_or_func == EXECUTE
        self.woken.append(kwargs["change"])


@dataclass
class World:
    """Everything that a story needs."""

    registry: Registry
    faults: Faults
    redis: Redis
    quay: Quay
    quay_url: str
    clock: Clock = field(default_factory=Clock)
    slack: FakeSlack = field(default_factory=FakeSlack)
    web: FakeWeb = field(default_factory=FakeWeb)
    policy: Policy = field(default_factory=lambda: Policy.model_validate(POLICY))
    alerts: AlertsFile | None = None
    settings: Settings = SETTINGS

    def __post_init__(self) -> None:
        grammar = grammar_of("/quay")
        policy = InMemory("permissions.yaml", lambda: self.policy)
        files = Files(grammar, policy, InMemory("alerts.yaml", lambda: self.alerts))
        self.queue = Wakes(self.redis)
        connections = Connections(self.redis, self.queue, self.quay, self.web, self.slack)
        self.app = build_app(self.settings, files, connections, self.clock)
        handlers, bot = self.app.handlers, self.app.handlers.bot
        self.dispatcher, self.clicks = handlers.dispatcher, handlers.buttons.records
        self.reveals, self.paging = handlers.buttons.secrets, handlers.buttons.lists
        self.pages, self.exporter = self.dispatcher.pages, self.paging.exporter
        self.changes, self.key_requests = bot.changes.approvals, bot.changes.key_requests
        self.execution, self.measurement = bot.changes.execution, bot.changes.measurement
        executor = self.execution.executor
        self.executor = SettledExecutor(*(getattr(executor, part.name) for part in fields(executor)))
        self.reminders, self.expiry = bot.changes.reminders, bot.changes.secret_expiry
        self.freeze_notices, self.audit = bot.changes.freeze_notices, bot.audit
        self.outbox, self.vault = bot.changes.tools.outbox, bot.changes.tools.vault
        self.authorization, self.confirmations = bot.authorization, bot.changes.tools.confirmations
        self.freezer, self.effects = self.confirmations.freezer, bot.changes.tools.effects
        self.memory = bot.changes.tools.memory
        self.alert_parts = self.app.preview.alerts
        self.waiting, self.expiring = self.alert_parts.waiting, self.alert_parts.expiring

    async def person(self, user: str) -> Person:
        return await self.authorization.person(Actor(TEAM, user))

    async def propose(self, user: str, command: str, delivery: str = "d1", /, **arguments: Any) -> Record:
        return await self.changes.propose(delivery, await self.person(user), Place(ADMIN), command, arguments)

    async def type(
        self, user: str, text: str, *, channel: str = ADMIN, delivery: str = "d1", signature: str = ""
    ) -> Message | None:
        """What somebody is answered who types a command; one with a signature is answered once."""
        once = DedupeKey(self.redis, signature) if signature else None
        command = Delivery(delivery, TEAM, user, channel, text, once)
        answer = await guarded(f"/quay {text}", self.dispatcher.answer(await self.person(user), command))
        if answer is not None:
            valid(answer)
        return answer

    async def click(
        self, user: str, action_id: str, record_id: str, reason: str = "", *, at_home: bool = False
    ) -> ClickAnswer | None:
        """What somebody is answered who presses a button of a card; Reject opens a window, which is submitted."""
        person = await self.person(user)
        if action_id == REJECT:
            answer = await self.clicks.reject(record_id, person, reason)
        else:
            answer = await self.clicks.click(action_id, record_id, person, at_home=at_home)
        await self.outbox.settle()
        if answer is not None:
            valid(answer.message)
        return answer

    async def agree(self) -> Record:
        """Let Bob and Eve agree to the one change that waits, as many as it needs."""
        (record,) = [one for one in await self.confirmations.waiting() if one.requester is not None]
        for user in ("U0BOB", "U0EVE")[: record.offers[0].needed]:
            await self.click(user, "change_approve", record.id)
        return record

    async def carry_out(self, text: str, delivery: str = "d1") -> Record:
        """What becomes of a change that Alice asks for and others agree to."""
        answer = await self.type("U0ALICE", text, delivery=delivery)
        assert answer is None, text_of(answer)
        await self.agree()
        (done,) = await self.work()
        return done

    async def turn(self, user: str, action_id: str, id_: str) -> ClickAnswer:
        """What somebody is answered who clicks under a list."""
        answer = await self.paging.click(action_id, id_, await self.person(user))
        valid(answer.message)
        return answer

    async def work(self) -> list[Record]:
        """What a worker does with everything that is due."""
        done = [await self.executor.execute(record_id) for record_id in await self.confirmations.due(self.clock())]
        await self.outbox.settle()
        return [record for record in done if record is not None]

    async def beat(self) -> None:
        """What a worker's heartbeat does for its lease."""
        async with self.redis.pipeline() as pipeline:
            self.execution.lease.renew(pipeline)
            await pipeline.execute()

    async def pass_away(self) -> None:
        """Let the lease of this world's worker end, as it does half a minute after the worker's death."""
        await self.redis.delete(f"quaymaster:worker:lease:{self.execution.lease.id}")

    async def recover(self) -> list[Record]:
        """What a worker does about the claims of dead ones; returns those records that it moved."""
        found = await self.execution.recovery.run()
        await self.outbox.settle()
        return found

    async def look_again(self) -> list[Record]:
        """What a worker does about unknown outcomes; returns those that are concluded."""
        found = await self.execution.looks.run()
        await self.outbox.settle()
        return found

    async def conclude(self, record: Record) -> Record:
        """What becomes of a record once Quay was looked at as often as it is."""
        while record.look_at is not None:
            self.clock.now = max(self.clock.now, record.look_at)
            await self.look_again()
            record = await self.confirmations.get(record.id)
        return record

    async def reveal(self, user: str, id_: str) -> tuple[list[dict[str, Any]], ClickAnswer | None]:
        """The modals that somebody sees who presses Reveal once, and what stands in the button's place then."""
        views: list[dict[str, Any]] = []

        async def show(view: dict[str, Any]) -> bool:
            problems = check_view(view)
            assert not problems, problems
            views.append(view)
            return True

        return views, await self.reveals.reveal(id_, await self.person(user), show)

    async def events(self) -> list[str]:
        return [entry.event async for entry in self.audit.entries()][::-1]

    async def forget_who_tells(self) -> None:
        """Let the half minute pass that one process has for telling people (a key's expiry in Redis)."""
        for pattern in ("*:telling:*", "*:delivering"):  # of secrets, and of records
            for key in await self.redis.keys(pattern):
                await self.redis.delete(key)

    def waiting_key(self) -> str:
        """The kid of a key that waits and is what it says it is."""
        return next(key.kid for key in self.registry.keys.values() if key.approval is None and len(key.kid) == 64)

    def only_card(self) -> str:
        """The one message that stands in the channels, as text."""
        (message,) = self.slack.messages.values()
        return text_of(message)


def markup_of(message: Message) -> list[str]:
    """The texts of a message in which Slack looks for markup."""

    def found(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [part["text"]] if part.get("type") == "mrkdwn" else []
            return own + [text for value in part.values() for text in found(value)]
        return [text for item in part for text in found(item)] if isinstance(part, list) else []

    return found([dict(block) for block in message.blocks])


def text_of(message: Message) -> str:
    """Everything that a message shows."""
    return message.text + json.dumps([dict(block) for block in message.blocks], ensure_ascii=False)


@asynccontextmanager
async def open_world(redis: Redis, kind: type[Quay] = Quay, **settings: Any) -> AsyncIterator[World]:
    """A world at START, with the seeded registry; `settings` are those of the bot that differ from SETTINGS."""
    clock = Clock()
    registry, faults = seed(clock), Faults()
    async with served(create_app(registry, faults)) as url, open_client(url) as http:
        quay = kind(http, TOKEN, attempts=1)
        world = World(registry, faults, redis, quay, url, clock, settings=SETTINGS.model_copy(update=settings))
        yield world
        await world.outbox.settle()
