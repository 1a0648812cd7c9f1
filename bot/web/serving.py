"""Serving HTTP until the process is told to end."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from bot.web.limits import server_config

ENDING = (signal.SIGINT, signal.SIGTERM)


async def serve_http(app: ASGIApp, host: str, port: int) -> None:
    """Serve an application; return once it was told to end by SIGINT or SIGTERM, and has ended."""
    await _Server(server_config(app, host, port)).serve()


class _Server(uvicorn.Server):
    """A server that leaves the rest of the process running when it has ended.

    uvicorn's own raises the signal again, which would end a worker in the same process in the middle of a change.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for ending in ENDING:
            loop.add_signal_handler(ending, self.handle_exit, ending, None)
        try:
            yield
        finally:
            for ending in ENDING:
                loop.remove_signal_handler(ending)
