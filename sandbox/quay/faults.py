"""What can go wrong between a client and Quay, on demand."""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, get_args

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.quay.answers import Crash

FailureKind = Literal["500", "503", "429", "closed"]
FAILURE_KINDS: tuple[FailureKind, ...] = get_args(FailureKind)
_LOG_LENGTH = 20_000

_logger = logging.getLogger(__name__)


@dataclass
class Failure:
    """The next `remaining` requests that match will fail, either before anything happened or after it did.

    `closed` breaks the connection without an answer. Empty `method` and `path_prefix` match everything.
    """

    kind: FailureKind
    remaining: int = 1
    after_effect: bool = False
    method: str = ""
    path_prefix: str = ""

    def concerns(self, method: str, path: str) -> bool:
        """Whether it still has something to do with such a request."""
        return self.remaining > 0 and self.method in ("", method) and path.startswith(self.path_prefix)


@dataclass
class Faults:
    """The switches: a delay for every request, failures for the next ones, tokens that are no longer good."""

    delay_seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)
    revoked_tokens: set[str] = field(default_factory=set)

    def take(self, method: str, path: str) -> Failure | None:
        """The failure that a request meets, counted as used."""
        for failure in self.failures:
            if failure.concerns(method, path):
                failure.remaining -= 1
                self.failures = [one for one in self.failures if one.remaining > 0]
                return failure
        return None


@dataclass(frozen=True)
class LoggedRequest:
    """One request to the simulated Quay; `ms` is how long it took, `status` 0 if no answer went out."""

    method: str
    path: str
    status: int
    ms: float
    token: str


def new_request_log() -> deque[LoggedRequest]:
    """An empty log that forgets the oldest requests when it gets long."""
    return deque(maxlen=_LOG_LENGTH)


async def serve_with(faults: Faults, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> int:
    """Let the app answer, except for what the faults make of it.

    Returns the status that went out, 0 if none did.
    """
    status = 0

    async def noting(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        await send(message)

    failure = faults.take(scope["method"], scope["path"])
    if faults.delay_seconds:
        await asyncio.sleep(faults.delay_seconds)
    if failure is None or failure.after_effect:
        await app(scope, receive, noting if failure is None else _discard)
    if failure is not None and failure.kind == "closed":
        await _close_connection(receive, send)
    elif failure is not None:
        await _failure_page(failure.kind)(scope, receive, noting)
    return status


def _failure_page(kind: FailureKind) -> Response:
    if kind == "500":
        return Crash().response("")
    title = {"503": "503 Service Temporarily Unavailable", "429": "429 Too Many Requests"}[kind]
    html = f"<html>\n<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n"
    return Response(html, int(kind), {"content-type": "text/html"})


async def _discard(_message: Message) -> None:
    """Stands for a client that hears nothing."""


async def _close_connection(receive: Receive, send: Send) -> None:
    """Hang up. uvicorn's `send` is a method of the object that has the connection's transport."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        _logger.warning("this server gives no way to hang up on a client")
        return
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
