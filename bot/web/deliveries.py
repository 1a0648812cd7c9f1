"""What happens to a delivery: it is acknowledged before any I/O, then handled, and its person is always answered."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bot.slack.messages import Message
from bot.views import errors
from bot.web.in_flight import InFlight
from bot.web.listeners import Handler, Kind, Listener
from bot.web.origin import Body, origin_of
from bot.web.replies import Replies, Reply
from handlers.dispatch import guarded

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
        """Return the acknowledgement (the arguments of Bolt's `ack`), with the handler's work under way."""
        acknowledgement = await listener.acknowledge(body)
        if listener.handler is not None and not acknowledgement:
            self.in_flight.start(self._handle(listener.kind, listener.handler, body))
        return acknowledgement

    async def _handle(self, kind: Kind, handler: Handler, body: Body) -> None:
        """Handle a payload and answer its person, whatever goes wrong."""
        origin = origin_of(body)

        async def handle() -> Message | None:
            if reply := await handler(body):
                await self.replies.send(origin, reply)
            return None

        try:
            trouble = await guarded(_NAMES[kind], handle())
        except asyncio.CancelledError:
            trouble = errors.restarting()
        if trouble is not None:
            await self.replies.send(origin, Reply(trouble))
