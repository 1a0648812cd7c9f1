"""A delivery to the bot, and its acknowledgement."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from sandbox.slack.model import Json

Kind = Literal["slash_commands", "interactive", "events_api"]
Failure = Literal["operation_timeout", "dispatch_failed", "http_service_error"]


@dataclass(frozen=True)
class Acknowledgement:
    """How the bot acknowledged a delivery; `failure` is Slack's error code if it didn't."""

    failure: Failure | None = None
    status: int = 0
    body: str = ""
    final: bool = False

    def answer(self) -> Json | None:
        """The body as a JSON object: empty if there is no body, None if it is something else."""
        if not self.body.strip():
            return {}
        try:
            found = json.loads(self.body)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None


@dataclass(frozen=True)
class Delivery:
    """A command, an interaction or an event; `retry` is 0 the first time, `reason` why it is sent again."""

    kind: Kind
    payload: Json
    retry: int = 0
    reason: str = ""

    @property
    def name(self) -> str:
        """`command`, or the type of the interaction or event."""
        if self.kind == "slash_commands":
            return "command"
        told: Json = self.payload["event"] if self.kind == "events_api" else self.payload
        return str(told["type"])


Send = Callable[[], Awaitable[Acknowledgement]]


class Way(Protocol):
    """A transport to the bot: HTTP or Socket Mode."""

    name: str

    def pack(self, delivery: Delivery) -> Send:
        """Encode a delivery. Each call of the result sends the same bytes."""
        ...


def compact(payload: Json) -> str:
    """JSON without spaces, non-ASCII as it is, like Slack's."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
