"""What one process takes on over HTTP at a time, and how long it waits for a request."""

import asyncio

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS = 800
"""Open connections of one process; beyond it the answer is 503. A process may commonly open 1,024 files."""
HEAD_BYTES = 16 * 1024
"""The longest request line with its headers; Slack's are below 2 KiB. uvicorn's faster parser knows no limit."""
HEAD_SECONDS = 5
"""The time for a request line and its headers to arrive."""


class PromptHeads(H11Protocol):
    """Hangs up on a connection whose next request's head does not arrive in full within HEAD_SECONDS.

    uvicorn itself waits for it as long as the other side likes, and such connections count as CONNECTIONS.
    """

    seconds: float = HEAD_SECONDS
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_waiting()

    def _wait_for_head(self) -> None:
        """Set the deadline when the wait begins, not with every byte; it ends with the head."""
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.seconds, self.timeout_keep_alive_handler)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def server_config(app: ASGIApp, host: str, port: int) -> uvicorn.Config:
    """How uvicorn serves an application on this address, within the limits."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        ws="none",
        http=PromptHeads,
        limit_concurrency=CONNECTIONS,
        h11_max_incomplete_event_size=HEAD_BYTES,
    )
