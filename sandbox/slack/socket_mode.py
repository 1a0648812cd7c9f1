"""Socket Mode: deliveries over WebSockets that the bot opens.

Each envelope goes to one connection, in turn. The bot acknowledges it by its id, with a payload where it accepts one.
If the connection ends before that, the same envelope goes to another one.
https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.slack.delivery import Acknowledgement, Delivery, Send, compact
from sandbox.slack.model import Json
from sandbox.slack.settings import SlackSettings
from sandbox.slack.tickets import Tickets
from sandbox.slack.trouble import Line

MOST_CONNECTIONS = 10
Reason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]
_ANSWERED = {"command", "view_submission", "block_suggestion"}
"""Deliveries that accept a payload in the acknowledgement."""


@dataclass(eq=False)
class Connection:
    """One WebSocket, open `since` (seconds since the epoch). If it is `starved`, envelopes for it are dropped."""

    number: int
    websocket: WebSocket
    since: float
    delivered: int = 0
    starved: bool = False
    _waiting: list[tuple[str, asyncio.Future[Json | None]]] = field(default_factory=list)

    @property
    def line(self) -> Line:
        """The TCP connection below."""
        return Line.of(self.websocket.scope)

    async def say(self, message: Json) -> None:
        """Send a message; lost if the connection is muted or gone."""
        if self.line.muted:
            return
        try:
            await self.websocket.send_text(compact(message))
        except (WebSocketDisconnect, RuntimeError):
            self.end()

    async def disconnect(self, reason: Reason) -> None:
        """Send a `disconnect` message."""
        await self.say({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})

    async def ask(self, envelope: Json) -> Json | None:
        """Send an envelope and wait for its acknowledgement; None if the connection ends first."""
        answer: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        entry = (str(envelope["envelope_id"]), answer)
        self._waiting.append(entry)
        try:
            self.delivered += 1
            if not self.starved:
                await self.say(envelope)
            return await answer
        finally:
            self._waiting.remove(entry)

    def take(self, acknowledgement: Json) -> bool:
        """Resolve the envelope that an acknowledgement is for; False if none is waiting here."""
        for envelope_id, answer in self._waiting:
            if envelope_id == acknowledgement["envelope_id"] and not answer.done():
                answer.set_result(acknowledgement)
                return True
        return False

    def end(self) -> None:
        """Resolve everything that is waiting: the connection has ended."""
        for _, answer in self._waiting:
            if not answer.done():
                answer.set_result(None)


@dataclass
class SocketMode:
    """The connections of the app. New ones are refused unless `accepting`."""

    settings: SlackSettings
    tickets: Tickets
    name: str = "socket"
    connections: list[Connection] = field(default_factory=list)
    accepting: bool = True
    _count: int = 0
    _turn: int = 0
    _came: asyncio.Event = field(default_factory=asyncio.Event)
    _later: set[asyncio.Task[None]] = field(default_factory=set)

    def is_used(self) -> bool:
        """Whether deliveries use Socket Mode: by mode, or in `auto` while a connection is open."""
        return self.settings.mode == "socket" or (self.settings.mode == "auto" and bool(self.connections))

    async def stop(self) -> None:
        """Cancel scheduled refreshes."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)

    def pack(self, delivery: Delivery) -> Send:
        """Put a delivery into an envelope."""
        takes_answer = delivery.name in _ANSWERED
        envelope: Json = {
            "envelope_id": str(uuid.uuid4()),
            "type": delivery.kind,
            "payload": delivery.payload,
            "accepts_response_payload": takes_answer,
        }
        if delivery.kind == "events_api":
            envelope |= {"retry_attempt": delivery.retry, "retry_reason": "timeout" if delivery.retry else ""}

        async def send() -> Acknowledgement:
            return await self._send(envelope, takes_answer=takes_answer)

        return send

    async def _send(self, envelope: Json, *, takes_answer: bool) -> Acknowledgement:
        if not self.connections:
            return Acknowledgement("dispatch_failed")
        try:
            async with asyncio.timeout(self.settings.ack_seconds):
                while (heard := await (await self._next()).ask(envelope)) is None:
                    continue
        except TimeoutError:
            return Acknowledgement("operation_timeout")
        answer = heard.get("payload") if takes_answer else None
        return Acknowledgement(None, 200, compact(answer) if answer else "")

    async def _next(self) -> Connection:
        """The next connection in turn; waits if there is none."""
        while not self.connections:
            self._came.clear()
            await self._came.wait()
        self._turn = (self._turn + 1) % len(self.connections)
        return self.connections[self._turn]

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one WebSocket. The ticket in its URL works once, even if the connection is refused."""
        if not self.tickets.use_link(websocket.query_params.get("ticket", "")) or not self.accepting:
            await websocket.close()
            return
        await websocket.accept()
        self._count += 1
        connection = Connection(self._count, websocket, self.tickets.workspace.now())
        turned_away: Reason | None = None
        if self.settings.mode == "http":
            turned_away = "link_disabled"
        elif len(self.connections) >= MOST_CONNECTIONS:
            turned_away = "too_many_websockets"
        if turned_away:
            await connection.disconnect(turned_away)
            await websocket.close()
            return
        await connection.say(self._hello())
        self.connections.append(connection)
        self._came.set()
        try:
            async for text in websocket.iter_text():
                self._hear(connection, text)
        finally:
            self.connections.remove(connection)
            connection.end()

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections) + 1,
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self.settings.app_token_app},
        }

    def _hear(self, connection: Connection, text: str) -> None:
        """Handle an acknowledgement, also if it comes over another connection. Ignore anything else."""
        try:
            message = json.loads(text)
        except ValueError:
            return
        if isinstance(message, dict) and "envelope_id" in message:
            others = (one for one in self.connections if one is not connection)
            any(one.take(message) for one in (connection, *others))

    def chosen(self, number: int | None) -> list[Connection]:
        """The connection with this number, or all for None. Raises KeyError if there is none."""
        found = [one for one in self.connections if number in {None, one.number}]
        if number is not None and not found:
            raise KeyError(number)
        return found

    async def refresh(self, closing: Sequence[Connection], warning_seconds: float) -> None:
        """Send a warning now and close the connections later, as Slack does every few hours."""
        for connection in closing:
            await connection.disconnect("warning")

        async def later() -> None:
            await asyncio.sleep(warning_seconds)
            await self.close(closing, "refresh_requested")

        task = asyncio.create_task(later())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def close(self, closing: Sequence[Connection], reason: Reason) -> None:
        """Send a `disconnect` with the reason, and close."""
        for connection in closing:
            if connection in self.connections:
                await connection.disconnect(reason)
                await connection.websocket.close()
