"""Serving HTTP until the process is told to end."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from bot.web.limits import server_config

ENDING = (signal.SIGINT, signal.SIGTERM)


class PortNotFree(Exception):
    """The address can't be listened on; says so in a sentence."""


async def serve_http(app: ASGIApp, host: str, port: int) -> None:
    """Serve an application; return once it was told to end by SIGINT or SIGTERM, and has ended. Raises PortNotFree."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise PortNotFree(f"Port {port} of {host} can't be used: {why}. Set PORT or LISTEN_HOST.") from error
    await _Server(server_config(app, host, port)).serve([listening])


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
