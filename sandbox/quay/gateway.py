"""What stands between a client and the simulated Quay: it limits, delays, answers instead of Quay, or breaks off."""

import asyncio
import json
import logging
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from sandbox.quay import answers
from sandbox.quay.faults import Failure, FailureKind, Faults, RateLimit
from sandbox.quay.odd import odd, with_body

_LOGIN_PAGE = (
    "<!doctype html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to go on</h1></body></html>\n"
)
_FOREIGN_JSON = {"status": "ok", "service": "some other one"}
_TIMER_MARGIN = 0.01  # seconds; the loop's clock and the registry's do not agree to the last digit
_NGINX_WORDS = {503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}

_logger = logging.getLogger(__name__)

Quay = Callable[[Request, bytes], Response]


@dataclass(frozen=True)
class _LateRequest:
    due: datetime
    work: Callable[[], Response]


class Gateway:
    """Serves a Quay under faults. `clock` says when late writes land and how fast requests come."""

    def __init__(self, quay: Quay, faults: Faults, clock: Callable[[], datetime]) -> None:
        self._quay = quay
        self._faults = faults
        self._clock = clock
        self._late: list[_LateRequest] = []
        self._buckets: dict[str, tuple[float, datetime]] = {}

    @property
    def late_requests(self) -> int:
        """How many requests are answered, but not worked on yet."""
        return len(self._late)

    def land(self, *, everything: bool = False) -> None:
        """Do the work of late requests whose time has come, or of all."""
        now = self._clock()
        due = sorted((each for each in self._late if everything or each.due <= now), key=lambda each: each.due)
        self._late = [each for each in self._late if each not in due]
        for each in due:
            each.work()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Answer a request. Returns the status that went out, 0 if none did."""
        method, path = scope["method"], scope["path"]
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        self.land()
        body = await Request(scope, receive).body()
        if not self._lets_through(scope):
            await _page(429)(scope, receive, noting)
            return status
        failure = self._faults.failure(method, path)
        before, after = self._faults.delays(method, path)
        if before:
            await asyncio.sleep(before)
        response = self._response(scope, body, failure)
        if after:
            await asyncio.sleep(after)
        if failure is None or failure.kind not in ("closed", "reset", "cut"):
            await response(scope, receive, noting)
            return status
        if failure.kind == "cut" and response.body:
            start = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
            half = bytes(response.body)[: len(response.body) // 2]
            await noting(start)
            await noting({"type": "http.response.body", "body": half, "more_body": True})
        await _hang_up(receive, send, rudely=failure.kind == "reset")
        return status

    def _response(self, scope: Scope, body: bytes, failure: Failure | None) -> Response:
        """What Quay says, or what the client hears instead; does the work if it is to be done now."""
        request = Request(self._without_lost_page(scope))
        if failure is None or failure.spoils:
            response = odd(self._quay(request, body), self._faults.oddities(request.method, request.url.path))
            if failure is not None and failure.kind == "garbled":
                return with_body(response, bytes(response.body)[: len(response.body) * 2 // 3])
            return response
        if failure.kind == "unauthorized":
            return self._quay(_of_nobody(request), body)
        if failure.after_effect:
            self._quay(request, body)
        elif failure.late_seconds is not None:
            self._work_later(failure.late_seconds, lambda: self._quay(request, body))
        return _instead(failure.kind, str(request.base_url).rstrip("/"))

    def _work_later(self, seconds: float, work: Callable[[], Response]) -> None:
        """Keep the work for its time. The timer is for clocks that go on by themselves, while nobody asks."""
        self._late.append(_LateRequest(self._clock() + timedelta(seconds=seconds), work))
        asyncio.get_running_loop().call_later(seconds + _TIMER_MARGIN, self.land)

    def _without_lost_page(self, scope: Scope) -> Scope:
        if not self._faults.stuck_pages:
            return scope
        query = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
        rest = [(name, value) for name, value in query if name != "next_page"]
        if not self._faults.loses_page(scope["method"], scope["path"], token_given=len(rest) < len(query)):
            return scope
        return {**scope, "query_string": urlencode(rest).encode()}

    def _lets_through(self, scope: Scope) -> bool:
        """Whether a request is within the rate, as nginx counts: a bucket for each address that leaks steadily."""
        limit = self._faults.rate_limit
        if limit is None:
            self._buckets.clear()
            return True
        address, now = (scope.get("client") or ("",))[0], self._clock()
        level = _level(self._buckets.get(address), now, limit)
        if level > limit.burst:
            return False
        self._buckets[address] = (level, now)
        return True


def _level(bucket: tuple[float, datetime] | None, now: datetime, limit: RateLimit) -> float:
    if bucket is None:
        return 0
    level, since = bucket
    return max(level - limit.per_second * (now - since).total_seconds() + 1, 0)


def _of_nobody(request: Request) -> Request:
    """The same request with a token that Quay does not know."""
    headers = [(name, value) for name, value in request.scope["headers"] if name != b"authorization"]
    return Request({**request.scope, "headers": [*headers, (b"authorization", b"Bearer revoked")]})


def _instead(kind: FailureKind, base_url: str) -> Response:
    match kind:
        case "500":
            return answers.Crash().response(base_url)
        case "readonly":
            return answers.ReadOnlyMode().response(base_url)
        case "forbidden":
            return answers.unauthorized().response(base_url)
        case "html":
            return Response(_LOGIN_PAGE, 200, media_type="text/html")
        case "foreign":
            return Response(json.dumps(_FOREIGN_JSON), 200, media_type="application/json")
        case "502" | "503" | "504" | "429":
            return _page(int(kind))
        case _:
            return Response()


def _page(status: int) -> Response:
    """An error page of nginx."""
    title = f"{status} {_NGINX_WORDS.get(status, HTTPStatus(status).phrase)}"
    html = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Response(html, status, {"server": "nginx"}, "text/html")


async def _hang_up(receive: Receive, send: Send, *, rudely: bool) -> None:
    """Break the connection. uvicorn's `send` is a method of the object that has the connection's transport."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        _logger.warning("this server gives no way to hang up on a client")
        return
    if rudely:
        number = transport.get_extra_info("socket").fileno()
        with socket.socket(fileno=socket.dup(number)) as twin:  # a socket of uvloop's takes no options itself
            twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
