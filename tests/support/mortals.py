"""Processes that die at a step of ours: at any call to Redis, Quay or Slack, before it is made or after it was."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import httpx
from redis.asyncio import Redis

from bot.changes.executor import SEND_WITHIN
from bot.confirmations import TAKEN_OVER_AFTER
from bot.quay.client import Quay
from bot.slack.messages import Message, MessageId
from sandbox.quay.app import create_app
from sandbox.quay.faults import Faults
from sandbox.quay.seed import seed
from sandbox.quay.state import Organization
from tests.support.world import Clock, FakeSlack, World

NAMESPACE = "team-alpha"
LIMIT = 80 * 1024**3
Breakage = Literal["refused", "no way there", "500 before", "500 after", "lost before", "lands late", "lost after"]


seeded = cache(seed)
"""One registry for all streets: nothing but the limit of NAMESPACE changes in it."""


class Death(BaseException):
    """The process ends here: nothing catches it but the test."""


@dataclass
class Fate:
    """How many more steps to the outside a process lives to take; without end where none is set."""

    left: int | None = None
    dead: bool = False
    held_up_at: int | None = None
    """After so many steps the process stands still, until it is let go on."""
    held_up: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def step(self) -> None:
        """Take one step. Raises Death, from then on always."""
        if self.left is not None:
            self.left -= 1
            self.dead = self.dead or self.left < 0
        if self.dead:
            raise Death
        if self.held_up_at is not None:
            self.held_up_at -= 1
            if self.held_up_at < 0:
                self.held_up_at = None
                self.held_up.set()
                await self.go_on.wait()


class MortalRedis(Redis):
    """The client of one process."""

    fate = Fate()

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        await self.fate.step()
        answer = await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        await self.fate.step()
        return answer


@dataclass
class MortalSlack(FakeSlack):
    """What one process says; the messages themselves belong to all."""

    fate: Fate = field(default_factory=Fate)

    async def post(self, channel: str, message: Message, *, thread: MessageId | None = None) -> MessageId:
        await self.fate.step()
        message_id = await super().post(channel, message, thread=thread)
        await self.fate.step()
        return message_id

    async def edit(self, channel: str, message_id: MessageId, message: Message) -> None:
        await self.fate.step()
        await super().edit(channel, message_id, message)
        await self.fate.step()


@dataclass
class Office:
    """The one registry, what goes wrong on the way to it, and every write that reached it, by its change."""

    reader: World
    """A process that lives for ever, to look at things."""
    breaks: list[tuple[str, Breakage]] = field(default_factory=list)
    """The next things that go wrong: for a method, and how."""
    writes: Counter[str] = field(default_factory=Counter)
    took: set[str] = field(default_factory=set)
    """The changes whose write Quay took."""
    late: set[str] = field(default_factory=set)
    """The changes whose call left its process when that was taken for dead: Quay has no way to refuse such a call."""
    on_their_way: list[tuple[str, int]] = field(default_factory=list)
    """Calls whose process has heard nothing, and that Quay has not got yet; with their limits."""
    lately: int = 0
    """How many writes came since the last quiet moment, in which nothing was under way."""
    troubles: int = 0
    """How often a call broke, or somebody else changed something."""

    @property
    def limit(self) -> int:
        namespace = self.reader.registry.organization(NAMESPACE)
        assert isinstance(namespace, Organization)
        assert namespace.quota
        return namespace.quota.limit_bytes

    @limit.setter
    def limit(self, limit: int) -> None:
        namespace = self.reader.registry.organization(NAMESPACE)
        assert isinstance(namespace, Organization)
        assert namespace.quota
        namespace.quota.limit_bytes = limit

    def came_between(self, change: str) -> int:
        """How often something kept the bot from seeing what became of a change: a trouble, or another change."""
        return self.troubles + self.writes.total() - self.writes[change]

    def let_late_calls_land(self) -> None:
        """Let Quay take what was on its way for long."""
        for change, limit in self.on_their_way:
            self.limit = limit
            self.took.add(change)
            self.troubles += 1
        self.on_their_way.clear()

    def breakage(self, method: str) -> Breakage | None:
        """What goes wrong with a call of this method, counted as used."""
        for planned in self.breaks:
            if planned[0] == method:
                self.breaks.remove(planned)
                self.troubles += 1
                return planned[1]
        return None

    async def entries(self) -> list[dict[str, Any]]:
        """The audit, oldest first, read as anybody could."""
        return [json.loads(fields[b"body"]) for _, fields in await self.reader.redis.xrange("quaymaster:audit")]

    async def change_of(self, limit: int) -> str:
        """The change that a write belongs to: the last one that the audit has an intent of, with this limit."""
        intents = [entry["details"] for entry in await self.entries() if entry["event"] == "change_intent"]
        found = [details["change"] for details in intents if details["arguments"]["limit"] == limit]
        assert found, "a call was sent without an intent in the audit"
        return str(found[-1])


class MortalWay(httpx.AsyncBaseTransport):
    """The way of one process to the registry."""

    def __init__(self, office: Office, quay: httpx.ASGITransport, fate: Fate) -> None:
        self._office, self._quay, self._fate = office, quay, fate
        self._looked_at = office.reader.clock()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            self._looked_at = self._office.reader.clock()
        assert self._office.reader.clock() - self._looked_at <= SEND_WITHIN, (
            "the registry was not looked at just before"
        )
        decided_at = self._office.reader.clock()
        await self._fate.step()
        method = "GET" if request.method == "GET" else "write"
        broken = self._office.breakage(method)
        late = self._office.reader.clock() - decided_at >= TAKEN_OVER_AFTER
        answer = await (self._read(request, broken) if method == "GET" else self._write(request, broken, late=late))
        await self._fate.step()
        return answer

    async def _read(self, request: httpx.Request, broken: Breakage | None) -> httpx.Response:
        if broken is not None:
            return httpx.Response(503, request=request)
        return await self._quay.handle_async_request(request)

    async def _write(self, request: httpx.Request, broken: Breakage | None, *, late: bool) -> httpx.Response:
        limit = json.loads(request.content)["limit_bytes"]
        change = await self._office.change_of(limit)
        if late:
            self._office.late.add(change)
        shown = (await self._office.reader.confirmations.get(change)).rests_on["limit_now"]
        assert self._office.limit == shown or self._office.lately, "the plan did not fit any more"
        self._office.lately += 1
        self._office.writes[change] += 1
        match broken:
            case "refused":
                return httpx.Response(400, json={"message": "not today"}, request=request)
            case "500 before":
                return httpx.Response(500, request=request)
            case "no way there":
                raise httpx.ConnectError("refused", request=request)
            case "lost before" | "lands late":
                if broken == "lands late":
                    self._office.on_their_way.append((change, limit))
                raise httpx.ReadTimeout("no answer", request=request)
        answer = await self._quay.handle_async_request(request)
        if answer.is_success:
            self._office.took.add(change)
        if broken == "500 after":
            return httpx.Response(500, request=request)
        if broken == "lost after":
            raise httpx.ReadTimeout("no answer", request=request)
        return answer


@dataclass
class Street:
    """Several processes over one Redis, one registry and one Slack; whichever dies is followed by a new one."""

    url: str
    clock: Clock
    office: Office
    slack: FakeSlack
    quay: httpx.ASGITransport
    processes: list[World] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)
    deaths: int = 0
    _opened: list[Redis] = field(default_factory=list)

    @classmethod
    async def open(cls, url: str, processes: int) -> "Street":
        """An empty database, and the seeded registry with the one limit as it was."""
        redis, clock = Redis.from_url(url), Clock()
        await redis.flushdb()
        registry, faults, slack = seeded(), Faults(), FakeSlack()
        quay = httpx.ASGITransport(create_app(registry, faults))
        http = httpx.AsyncClient(transport=quay, base_url="http://quay.test")
        reader = World(registry, faults, redis, Quay(http, "sandbox-superuser"), "", clock, slack)
        office = Office(reader)
        office.limit = LIMIT
        street = cls(url, clock, office, slack, quay, _opened=[redis])
        for _ in range(processes):
            street.fates.append(Fate())
            street.processes.append(street._start(street.fates[-1]))
        return street

    async def close(self) -> None:
        """End every connection."""
        for redis in self._opened:
            await redis.aclose()

    async def let_lease_end(self, world: World) -> None:
        """So much time has passed since a process renewed its lease that Redis has forgotten it."""
        key = f"quaymaster:worker:lease:{world.execution.lease.id}"
        await self.office.reader.redis.delete(key)

    async def bury(self) -> None:
        """Start a new process in the place of each that died."""
        for place, fate in enumerate(self.fates):
            if fate.dead:
                self.deaths += 1
                await self.let_lease_end(self.processes[place])
                self.fates[place] = Fate()
                self.processes[place] = self._start(self.fates[place])

    def _start(self, fate: Fate) -> World:
        redis = MortalRedis.from_url(self.url)
        assert isinstance(redis, MortalRedis)
        redis.fate = fate
        self._opened.append(redis)
        way = MortalWay(self.office, self.quay, fate)
        http = httpx.AsyncClient(transport=way, base_url="http://quay.test")
        slack, said = self.slack, MortalSlack(fate=fate)
        said.messages, said.threads, said.whispers = slack.messages, slack.threads, slack.whispers
        said.broadcasts, said.edits = slack.broadcasts, slack.edits
        return World(
            self.office.reader.registry,
            self.office.reader.faults,
            redis,
            Quay(http, "sandbox-superuser", attempts=1),
            "http://quay.test",
            self.clock,
            said,
        )
