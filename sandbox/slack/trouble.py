"""How a call goes wrong: an answer of Slack's, of a gateway before it, or none at all."""

import socket
import struct

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
            _reset(scope)
        while (await receive())["type"] != "http.disconnect":
            pass


def remember_transport(scope: Scope, send: Send) -> None:
    """Keep the way to a connection's transport: uvicorn's own `send` is a method of the object that has it.

    An application calls it before anything wraps `send`.
    """
    scope["sandbox.transport"] = getattr(getattr(send, "__self__", None), "transport", None)


def _reset(scope: Scope) -> None:
    """End a connection so that the other side sees `ECONNRESET`. Raises RuntimeError where there is no transport."""
    transport = scope.get("sandbox.transport")
    if transport is None:
        raise RuntimeError("this server gives no way to reset a connection")
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()
