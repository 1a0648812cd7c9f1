"""How a call goes wrong: an answer of Slack's, of a gateway before it, or none; and the line that it comes over."""

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
    """What the caller gets in the place of an answer."""
    if fault.connection != "kept":
        return NoAnswer(reset=fault.connection == "reset")
    if fault.error is None:
        return HTMLResponse(_PAGE.format(status=fault.status), fault.status)
    headers = {"Retry-After": str(fault.retry_after)} if fault.status == 429 else {}
    return JSONResponse({"ok": False, "error": fault.error}, fault.status, headers)


class NoAnswer(Response):
    """Nothing: the connection is reset, or stays open until the client has had enough."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        if self._reset:
            Line.of(scope).reset()
        while (await receive())["type"] != "http.disconnect":
            pass


class Line:
    """The connection below an exchange, in the place of uvicorn's own transport: it can be reset, and fall silent."""

    def __init__(self, transport: asyncio.Transport, keepalive: Callable[[], object]) -> None:
        self._transport = transport
        self._stop_keepalive = keepalive
        self.muted = False

    @classmethod
    def below(cls, scope: Scope, send: Send) -> None:
        """Put a line below an exchange. An application does so before anything wraps `send`.

        uvicorn's own `send` is a method of the object that has the transport.
        """
        protocol = getattr(send, "__self__", None)
        transport = getattr(protocol, "transport", None)
        if protocol is not None and transport is not None:
            keepalive = getattr(protocol, "stop_keepalive", lambda: None)
            scope["sandbox.line"] = protocol.transport = cls(transport, keepalive)

    @classmethod
    def of(cls, scope: Scope) -> "Line":
        """The line below an exchange. Raises RuntimeError where the server gives no way to it."""
        line = scope.get("sandbox.line")
        if not isinstance(line, cls):
            raise RuntimeError("this server gives no way to the connection of a client")
        return line

    def reset(self) -> None:
        """End the connection so that the other side sees `ECONNRESET`."""
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()

    def mute(self) -> None:
        """Let nothing out any more, pings and what answers them included; the other side sees an idle connection."""
        self.muted = True
        self._stop_keepalive()

    def unmute(self) -> None:
        """Let things out again; what was said meanwhile is lost."""
        self.muted = False

    def write(self, data: bytes) -> None:
        """Write, unless the line is mute."""
        if not self.muted:
            self._transport.write(data)

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)
