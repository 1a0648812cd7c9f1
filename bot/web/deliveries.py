"""What happens to a delivery: it is acknowledged before any I/O, then handled, and its person is always answered."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.quay.turns import Rank, on_behalf_of
from bot.slack.in_flight import InFlight, TooMany
from bot.slack.messages import Message
from bot.storage.dedupe import DedupeKey
from bot.views import errors
from bot.web.listeners import Dedupe, Handler, Kind, Listener
from bot.web.origin import Body, Payload, origin_of
from bot.web.replies import Replies, Reply
from handlers.dispatch import guarded
from handlers.forms import at_first_input

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

    redis: Redis
    workspace: Callable[[], str]
    replies: Replies
    in_flight: InFlight

    async def take(self, listener: Listener, body: Body, name: str) -> Mapping[str, Any]:
        """Return the acknowledgement (the arguments of Bolt's `ack`), with the handler's work under way.

        `name` is the same when the same is delivered again, which is acknowledged and not handled. Where the person or
        the process has too much under way, the acknowledgement says so if it can.
        """
        payload = Payload(body, origin_of(body, self.workspace()), DedupeKey(self.redis, name))
        acknowledgement = await listener.acknowledge(payload)
        if listener.handler is None or acknowledgement:
            return acknowledgement
        actor = payload.origin.actor
        try:
            self.in_flight.admit(actor, decides=listener.decides)
        except TooMany as refusal:
            return self._refuse(listener.kind, payload, str(refusal))
        self.in_flight.start(actor, self._handle(listener, listener.handler, payload), decides=listener.decides)
        return {}

    async def _handle(self, listener: Listener, handler: Handler, payload: Payload) -> None:
        """Handle a payload and answer its person, whatever goes wrong."""

        async def handle() -> Message | None:
            await _take(payload.once, listener.dedupe)
            if reply := await handler(payload):
                await self.replies.send(payload.origin, reply)
            return None

        try:
            with on_behalf_of(str(payload.origin.actor), Rank.CHANGE if listener.decides else Rank.READ):
                trouble = await guarded(_NAMES[listener.kind], handle())
        except asyncio.CancelledError:
            trouble = errors.restarting()
        if trouble is not None:
            await self.replies.send(payload.origin, Reply(trouble))

    def _refuse(self, kind: Kind, payload: Payload, said: str) -> Mapping[str, Any]:
        """Refuse in the acknowledgement, which costs nothing; a button's can't say anything, so it gets an answer."""
        origin = payload.origin
        log.warning("request_refused", user=origin.actor.user, running=self.in_flight.running)
        match kind:
            case "command":
                return {"text": said, "response_type": "ephemeral"}
            case "view" if wrong := at_first_input(payload.body["view"], said):
                return {"response_action": "errors", "errors": wrong}
            case _:
                self.in_flight.refuse(origin.actor, self.replies.send(origin, Reply(errors.sentence(said))))
                return {}


async def _take(once: DedupeKey, when: Dedupe) -> None:
    """Take the right to handle a payload, unless its handler does. Raises SeenBefore or RedisError."""
    if when == "within":
        return
    try:
        await once.take()
    except RedisError as error:
        if when != "if possible":
            raise
        log.warning("delivery_not_remembered", kind=type(error).__name__)
