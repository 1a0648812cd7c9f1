"""One WebSocket of Socket Mode, from Slack's `hello` to its end.

Slack's rules: https://docs.slack.dev/apis/events-api/using-socket-mode/
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import ClientError, ClientWebSocketResponse, WSMsgType

from bot.web.payloads import Data, Malformed, decode

ACKNOWLEDGE_SECONDS = 1
"""How long closing waits for acknowledgements that are being made: they are made from memory."""
BROKEN = (ClientError, ConnectionError)
"""What sending over a connection that has ended may raise."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Timing:
    """Seconds that connections go by."""

    ping: float = 3
    """Between two pings."""
    silent: float = 10
    """Without any sign from Slack, until a connection is replaced. Slack's pongs may take more than 5 s."""
    linger: float = 30
    """That a connection is still read after its replacement was begun; Slack closes it some 10 s after its warning."""
    stagger: float = 2
    """Between the openings of two connections, so that Slack's refreshes don't come at the same time."""
    short: float = 5
    """A connection that ended sooner counts as a failure to open it."""
    pause: float = 0.5
    """Before the second attempt to open a connection; it grows by half with each that fails."""
    longest_pause: float = 30


DEFAULT = Timing()


@dataclass(frozen=True)
class Envelope:
    """One delivery. `id` is the same if Slack delivers it again."""

    id: str
    payload: Data
    takes_answer: bool
    """Whether the acknowledgement may carry something: the errors of a form, the options of a field."""


Take = Callable[[Envelope], Awaitable[Mapping[str, Any] | None]]
"""Makes the acknowledgement of an envelope, empty for a bare one; None leaves it to Slack to tell the person."""


class WebSocket:
    """Takes what arrives over one connection, acknowledges it over the same, and notices when Slack falls silent."""

    def __init__(self, connection: ClientWebSocketResponse, take: Take, timing: Timing) -> None:
        self._connection = connection
        self._take = take
        self._timing = timing
        self._heard = self._now()
        self._left: float | None = None
        self._acknowledging: set[asyncio.Task[None]] = set()
        self.opened = self._now()
        self.taken = 0
        """How many envelopes arrived."""
        self.leaving = asyncio.Event()
        """Set when another connection should take its place; until its end it is still read."""
        self.reason = ""
        """Why."""

    async def run(self) -> None:
        """Read until the connection ends."""
        watching = asyncio.create_task(self._watch())
        try:
            while await self._read():
                pass
        finally:
            watching.cancel()
            self.leave("ended")
            await self.close()

    def leave(self, reason: str) -> None:
        """Ask for a replacement; the first reason counts."""
        if self._left is None:
            self._left = self._now()
            self.reason = reason
            self.leaving.set()

    async def close(self) -> None:
        """Close, once what is being acknowledged has been."""
        if self._acknowledging:
            await asyncio.wait(self._acknowledging, timeout=ACKNOWLEDGE_SECONDS)
        await self._connection.close()

    async def _read(self) -> bool:
        """Take one message; False if the connection has ended."""
        message = await self._connection.receive()
        self._heard = self._now()
        match message.type:
            case WSMsgType.TEXT:
                self._hear(message.data)
            case WSMsgType.PING:
                with suppress(*BROKEN):
                    await self._connection.pong(message.data)
            case WSMsgType.CLOSE | WSMsgType.CLOSING | WSMsgType.CLOSED | WSMsgType.ERROR:
                return False
        return True

    def _hear(self, text: str) -> None:
        try:
            message = decode(text.encode(), "application/json")
        except Malformed:
            log.warning("socket_message_malformed")
            return
        payload = message.get("payload")
        if message.get("type") == "disconnect":
            self.leave(str(message.get("reason"))[:40])
        elif isinstance(envelope_id := message.get("envelope_id"), str) and isinstance(payload, dict):
            envelope = Envelope(envelope_id, payload, message.get("accepts_response_payload") is True)
            self.taken += 1
            task = asyncio.create_task(self._acknowledge(envelope))
            self._acknowledging.add(task)
            task.add_done_callback(self._acknowledging.discard)

    async def _acknowledge(self, envelope: Envelope) -> None:
        acknowledgement = await self._take(envelope)
        if acknowledgement is None:
            return
        carried = {"payload": acknowledgement} if acknowledgement and envelope.takes_answer else {}
        try:
            await self._connection.send_str(json.dumps({"envelope_id": envelope.id, **carried}))
        except BROKEN as error:
            log.info("acknowledgement_not_sent", kind=type(error).__name__)  # Slack delivers the envelope again

    async def _watch(self) -> None:
        """Ping, and end a connection over which nothing came for too long, or that has been left for long enough."""
        while True:
            await asyncio.sleep(self._timing.ping)
            now = self._now()
            if now - self._heard > self._timing.silent:
                self.leave("silent")
                await self._connection.close()
            elif self._left is not None and now - self._left > self._timing.linger:
                await self.close()
            with suppress(*BROKEN):
                await self._connection.ping()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
