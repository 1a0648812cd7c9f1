"""What goes to the bot, and how the bot took it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from sandbox.slack.model import Json

Kind = Literal["slash_commands", "interactive", "events_api"]
Failure = Literal["operation_timeout", "dispatch_failed", "http_service_error"]


@dataclass(frozen=True)
class Acknowledgement:
    """How the bot took a delivery; `failure` is Slack's word for what went wrong, if anything did."""

    failure: Failure | None = None
    status: int = 0
    body: str = ""
    final: bool = False

    def answer(self) -> Json | None:
        """The body as a JSON object; empty where nothing came, None where it is something else."""
        if not self.body.strip():
            return {}
        try:
            found = json.loads(self.body)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None


@dataclass(frozen=True)
class Delivery:
    """One thing that the bot is told; `retry` counts from 1 where it was told before, and `reason` says why again."""

    kind: Kind
    payload: Json
    retry: int = 0
    reason: str = ""

    @property
    def name(self) -> str:
        """`command`, the type of an interaction, or that of an event."""
        if self.kind == "slash_commands":
            return "command"
        told: Json = self.payload["event"] if self.kind == "events_api" else self.payload
        return str(told["type"])


Send = Callable[[], Awaitable[Acknowledgement]]


class Way(Protocol):
    """How deliveries get to the bot."""

    name: str

    def pack(self, delivery: Delivery) -> Send:
        """Make a delivery ready: each time that it is sent it is the same, byte for byte."""
        ...


def compact(payload: Json) -> str:
    """JSON as Slack writes it."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
