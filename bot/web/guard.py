"""The guard in front of everything that Slack delivers: only what Slack signed, lately and in full, gets past it.

In this order, so that a stranger costs as little as possible: the headers, the age, the announced length, the body
within a limit and a deadline, and the signature over its raw bytes. Nothing is parsed before that.
Slack's rules: https://docs.slack.dev/authentication/verifying-requests-from-slack/
"""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bot.web.refusals import Reason, Refusals

MOST_BYTES = 1_000_000
"""The longest body that is read; Slack's own stay far below."""
MOST_HELD = 16 * MOST_BYTES
"""The most bytes of bodies that are held at one time while nobody knows yet whether Slack sent them."""
BODY_SECONDS = 3
"""The time for a body to arrive; Slack waits no longer for its answer."""
AGE_SECONDS = 300
"""How far a delivery's time may be from ours, in both directions."""

_SECONDS = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_LENGTH = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class Signed:
    """A delivery that Slack signed; nothing of it is parsed yet."""

    body: bytes
    content_type: str
    signature: str
    """The same if the same delivery comes again, which makes it the delivery's name."""


class Refused(Exception):
    """A delivery is turned away with this status; `reason` is for the log."""

    def __init__(self, status: int, reason: Reason) -> None:
        super().__init__(reason)
        self.status = status
        self.reason: Reason = reason


class ClientGone(Exception):
    """The other side hung up before its body was complete."""


class Guard:
    """An ASGI application that verifies a delivery and hands it on, or turns it away and closes the connection.

    `deliver` answers what got past; `now` is the clock that ages are measured by; `body_seconds` is BODY_SECONDS.
    """

    def __init__(
        self,
        signing_secret: str,
        deliver: Callable[[Signed], Awaitable[Response]],
        refusals: Refusals,
        now: Callable[[], datetime],
        *,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._secret = signing_secret.encode()
        self._deliver = deliver
        self._refusals = refusals
        self._now = now
        self._body_seconds = body_seconds
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        try:
            signed = await self._verify(request, receive)
        except Refused as refused:
            self._refusals.refuse(refused.reason)
            answer: Response = JSONResponse({"error": refused.reason}, refused.status, headers={"connection": "close"})
        except ClientGone:
            return
        else:
            self._refusals.accept()
            answer = await self._deliver(signed)
        await answer(scope, receive, send)

    async def _verify(self, request: Request, receive: Receive) -> Signed:
        """Return the delivery. Raises Refused or ClientGone."""
        stamp = _only(request, "x-slack-request-timestamp")
        signature = _only(request, "x-slack-signature")
        if stamp is None or signature is None:
            raise Refused(401, "unsigned")
        if not _SECONDS.fullmatch(stamp):
            raise Refused(400, "malformed")
        if not _SIGNATURE.fullmatch(signature):
            raise Refused(401, "malformed")
        if abs(self._now().timestamp() - int(stamp)) > AGE_SECONDS:
            raise Refused(401, "old")
        length = _only(request, "content-length") or "0"
        if not _LENGTH.fullmatch(length) or int(length) > MOST_BYTES:
            raise Refused(413, "too long")
        body = await self._read(receive)
        expected = hmac.new(self._secret, b"v0:%b:%b" % (stamp.encode(), body), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(f"v0={expected}", signature):
            raise Refused(401, "forged")
        return Signed(body, request.headers.get("content-type", ""), signature)

    async def _read(self, receive: Receive) -> bytes:
        """Read the body as far as it may be held. Raises Refused or ClientGone."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_seconds):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise ClientGone
                    part = message.get("body", b"")
                    if len(body) + len(part) > MOST_BYTES:
                        raise Refused(413, "too long")
                    if self._held + len(part) > MOST_HELD:
                        raise Refused(503, "too many")
                    self._held += len(part)
                    body += part
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise Refused(408, "too slow") from None
        finally:
            self._held -= len(body)


def _only(request: Request, name: str) -> str | None:
    """The one value of a header; None where there is none, or more than one."""
    values = request.headers.getlist(name)
    return values[0] if len(values) == 1 else None
