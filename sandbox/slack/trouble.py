"""Responses for failed calls, and access to the TCP connection below them."""

import asyncio
import socket
import struct
from collections.abc import Callable

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.slack.faults import Fault

_LINGER_NOT = struct.pack("ii", 1, 0)
_PAGE = """\
<html>
<head><title>{status} Server Error</title></head>
<body><h1>Server Error</h1></body>
</html>
"""


def failed(fault: Fault) -> Response:
    """The response to a call that meets a fault."""
    if fault.connection != "kept":
        return NoAnswer(reset=fault.connection == "reset")
    if fault.error is None:
        return HTMLResponse(_PAGE.format(status=fault.status), fault.status)
    headers = {"Retry-After": str(fault.retry_after)} if fault.status == 429 else {}
    return JSONResponse({"ok": False, "error": fault.error}, fault.status, headers)


class NoAnswer(Response):
    """No response: the connection is reset, or stays open until the client closes it."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        if self._reset:
            Line.of(scope).reset()
        while (await receive())["type"] != "http.disconnect":
            pass


class Line:
    """Wraps uvicorn's transport of one exchange, so that it can be reset or muted."""

    def __init__(self, transport: asyncio.Transport, keepalive: Callable[[], object]) -> None:
        self._transport = transport
        self._stop_keepalive = keepalive
        self.muted = False

    @classmethod
    def below(cls, scope: Scope, send: Send) -> None:
        """Wrap the transport of an exchange. Call it with uvicorn's own `send`, before a middleware wraps it.

        uvicorn's `send` is a bound method of the object that holds the transport.
        """
        protocol = getattr(send, "__self__", None)
        transport = getattr(protocol, "transport", None)
        if protocol is not None and transport is not None:
            keepalive = getattr(protocol, "stop_keepalive", lambda: None)
            scope["sandbox.line"] = protocol.transport = cls(transport, keepalive)

    @classmethod
    def of(cls, scope: Scope) -> "Line":
        """The wrapped transport of an exchange. Raises RuntimeError under another server than uvicorn."""
        line = scope.get("sandbox.line")
        if not isinstance(line, cls):
            raise RuntimeError("no access to the connection: this works under uvicorn only")
        return line

    def reset(self) -> None:
        """Close the connection with a RST: the client sees `ECONNRESET`."""
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()

    def mute(self) -> None:
        """Drop everything that is written, pings and pongs included. Input is still read."""
        self.muted = True
        self._stop_keepalive()

    def unmute(self) -> None:
        """Write again. What was dropped is lost."""
        self.muted = False

    def write(self, data: bytes) -> None:
        """Write, unless muted."""
        if not self.muted:
            self._transport.write(data)

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)
