"""Deliveries to the bot: deadline, retries of events, irregularities on request, and a log."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, PositiveInt

from sandbox.slack.delivery import Acknowledgement, Delivery, Failure, Send, Way
from sandbox.slack.model import Json
from sandbox.slack.settings import SlackSettings

How = Literal["twice", "late", "held"]
_RETRY_REASONS: Mapping[Failure, str] = {
    "operation_timeout": "http_timeout",
    "dispatch_failed": "connection_failed",
    "http_service_error": "http_error",
}
_LOG_LENGTH = 1000


class Irregularity(BaseModel):
    """Matching deliveries go wrong.

    Args:
        how: `twice`: the same request is sent twice at the same time. `late`: the bot gets it, but its acknowledgement
            reaches Slack after the deadline. `held`: it isn't sent until released.
        of: A name (`command`, `block_actions`, `view_submission`, `app_home_opened`…) or a pattern.
        times: Number of deliveries. None: until cleared.
    """

    model_config = ConfigDict(extra="forbid")

    how: How
    of: str = "*"
    times: PositiveInt | None = 1


@dataclass
class Sent:
    """One sent delivery: `at` in seconds since the epoch, `seconds` until it was acknowledged or failed."""

    number: int
    at: float
    way: str
    delivery: Delivery
    send: Send
    acknowledgement: Acknowledgement | None = None
    seconds: float | None = None

    def shown(self) -> Json:
        """The entry as JSON."""
        delivery, heard = self.delivery, self.acknowledgement
        return {
            "number": self.number,
            "at": self.at,
            "way": self.way,
            "name": delivery.name,
            "payload": delivery.payload,
            "retry": delivery.retry,
            "seconds": self.seconds,
            "status": heard.status if heard else None,
            "failure": heard.failure if heard else None,
            "answer": heard.body if heard else None,
        }


@dataclass
class _Held:
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Deliveries:
    """Sends deliveries; `choose` picks the transport, `clock` is the workspace's in seconds since the epoch."""

    settings: SlackSettings
    choose: Callable[[], Way]
    clock: Callable[[], float]
    irregularities: list[Irregularity] = field(default_factory=list)
    log: deque[Sent] = field(default_factory=lambda: deque(maxlen=_LOG_LENGTH))
    _count: int = 0
    _held: list[_Held] = field(default_factory=list)
    _later: set[asyncio.Task[object]] = field(default_factory=set)

    async def command(self, fields: Mapping[str, str]) -> Acknowledgement:
        """Deliver a slash command."""
        return await self.deliver(Delivery("slash_commands", dict(fields)))

    async def interaction(self, payload: Json) -> Acknowledgement:
        """Deliver an interaction."""
        return await self.deliver(Delivery("interactive", payload))

    async def event(self, payload: Json) -> Acknowledgement:
        """Deliver an event; if that fails, retry up to three times later."""
        first = await self.deliver(Delivery("events_api", payload))
        if first.failure and not first.final:
            self._in_background(self._retry(payload, first))
        return first

    def event_later(self, payload: Json) -> None:
        """Deliver an event in the background."""
        self._in_background(self.event(payload))

    async def deliver(self, delivery: Delivery) -> Acknowledgement:
        """Deliver once, with the irregularity that is due."""
        way = self.choose()
        send = way.pack(delivery)
        match self._irregularity(delivery.name):
            case "held":
                return await self._hold(delivery, way.name, send)
            case "twice":
                both = (self._send(delivery, way.name, send) for _ in range(2))
                first, _ = await asyncio.gather(*both)
                return first
            case "late":
                await self._send(delivery, way.name, send)
                return Acknowledgement("operation_timeout")
        return await self._send(delivery, way.name, send)

    async def replay(self, number: int, *, anew: bool) -> Acknowledgement:
        """Send a logged delivery again: the same bytes, or signed `anew`. Raises KeyError if there is none."""
        sent = next((one for one in self.log if one.number == number), None)
        if sent is None:
            raise KeyError(number)
        way = self.choose()
        if anew:
            return await self._send(sent.delivery, way.name, way.pack(sent.delivery))
        return await self._send(sent.delivery, sent.way, sent.send)

    async def release(self, *, latest_first: bool) -> int:
        """Send the held deliveries one after another; returns how many."""
        held, self._held = self._held, []
        for one in reversed(held) if latest_first else held:
            one.go_on.set()
            await one.done.wait()
        return len(held)

    def waiting(self) -> int:
        """Number of held deliveries."""
        return len(self._held)

    async def close(self) -> None:
        """Cancel everything in the background."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)

    def _in_background(self, work: Coroutine[object, object, object]) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _retry(self, payload: Json, last: Acknowledgement) -> None:
        for number, seconds in enumerate(self.settings.retry_seconds, 1):
            if last.failure is None or last.final:
                return
            await asyncio.sleep(seconds)
            last = await self.deliver(Delivery("events_api", payload, number, _RETRY_REASONS[last.failure]))

    async def _hold(self, delivery: Delivery, way: str, send: Send) -> Acknowledgement:
        held = _Held()
        self._held.append(held)
        await held.go_on.wait()
        try:
            return await self._send(delivery, way, send)
        finally:
            held.done.set()

    async def _send(self, delivery: Delivery, way: str, send: Send) -> Acknowledgement:
        self._count += 1
        sent = Sent(self._count, self.clock(), way, delivery, send)
        self.log.append(sent)
        began = time.perf_counter()
        sent.acknowledgement = await send()
        sent.seconds = round(time.perf_counter() - began, 6)
        return sent.acknowledgement

    def _irregularity(self, name: str) -> How | None:
        """The irregularity that applies to a delivery, counted as used."""
        met = next((one for one in self.irregularities if fnmatchcase(name, one.of)), None)
        if met is None:
            return None
        if met.times is not None:
            met.times -= 1
            if not met.times:
                self.irregularities.remove(met)
        return met.how
