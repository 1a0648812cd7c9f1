"""What happens to a delivery: it is acknowledged before any I/O, then handled, and its person is always answered."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import structlog

from bot.quay.turns import Rank, on_behalf_of
from bot.slack.in_flight import InFlight, TooMany
from bot.slack.messages import Message
from bot.views import errors
from bot.web.listeners import Handler, Kind, Listener
from bot.web.origin import Body, Origin, origin_of
from bot.web.replies import Replies, Reply
from handlers.dispatch import guarded

log = structlog.get_logger()
_NAMES: Mapping[Kind, str] = MappingProxyType(
    {
        "command": "The command",
        "action": "The button",
        "view": "The form",
        "options": "The field",
        "event": "The Home tab",
        "shortcut": "The shortcut",
    }
)
"""What an error message calls the thing that went wrong."""


@dataclass(frozen=True)
class Deliveries:
    """Takes deliveries, whatever transport they came by."""

    replies: Replies
    in_flight: InFlight

    async def take(self, listener: Listener, body: Body) -> Mapping[str, Any]:
        """Return the acknowledgement (the arguments of Bolt's `ack`), with the handler's work under way.

        Where the person or the process has too much under way, the acknowledgement says so if it can.
        """
        acknowledgement = await listener.acknowledge(body)
        if listener.handler is None or acknowledgement:
            return acknowledgement
        origin = origin_of(body)
        try:
            self.in_flight.admit(origin.actor, decides=listener.decides)
        except TooMany as refusal:
            return self._refuse(listener.kind, body, origin, str(refusal))
        self.in_flight.start(origin.actor, self._handle(listener, listener.handler, body, origin))
        return {}

    async def _handle(self, listener: Listener, handler: Handler, body: Body, origin: Origin) -> None:
        """Handle a payload and answer its person, whatever goes wrong."""

        async def handle() -> Message | None:
            if reply := await handler(body):
                await self.replies.send(origin, reply)
            return None

        try:
            with on_behalf_of(str(origin.actor), Rank.CHANGE if listener.decides else Rank.READ):
                trouble = await guarded(_NAMES[listener.kind], handle())
        except asyncio.CancelledError:
            trouble = errors.restarting()
        if trouble is not None:
            await self.replies.send(origin, Reply(trouble))

    def _refuse(self, kind: Kind, body: Body, origin: Origin, said: str) -> Mapping[str, Any]:
        """Refuse in the acknowledgement, which costs nothing; a button's can't say anything, so it gets an answer."""
        log.warning("request_refused", user=origin.actor.user, running=self.in_flight.running)
        match kind:
            case "command":
                return {"text": said, "response_type": "ephemeral"}
            case "view":
                first = next(block["block_id"] for block in body["view"]["blocks"] if block["type"] == "input")
                return {"response_action": "errors", "errors": {first: said}}
            case _:
                self.in_flight.refuse(origin.actor, self.replies.send(origin, Reply(errors.sentence(said))))
                return {}
