"""HTTP servers inside this process, on loopback ports that are known before they start."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"


class PortTaken(Exception):
    """The port that was asked for cannot be listened on; says so in one sentence."""


def bound_socket(port: int) -> socket.socket:
    """A socket on a loopback port, any free one for 0. Raises PortTaken."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
        found.listen()
    except (OSError, OverflowError) as error:
        found.close()
        reason = error.strerror if isinstance(error, OSError) else "there is no such port"
        raise PortTaken(f"Port {port} cannot be used: {reason}. Choose another one, or 0 for any free one.") from error
    return found


def url_of(listening: socket.socket) -> str:
    """Where a bound socket is reached, without a slash at the end."""
    return f"http://{HOST}:{listening.getsockname()[1]}"


def free_port() -> int:
    """A port that was free a moment ago, for a process that binds it by itself."""
    with bound_socket(0) as found:
        port: int = found.getsockname()[1]
        return port


@asynccontextmanager
async def serving(app: ASGIApp, listening: socket.socket, config: uvicorn.Config | None = None) -> AsyncIterator[None]:
    """Serve an application on a socket for as long as the context lasts; `config` where it is not the usual one."""
    usual = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = _Server(config or usual)
    task = asyncio.create_task(server.serve([listening]))
    try:
        await server.up.wait()
        if not server.started:
            raise RuntimeError("a server of the sandbox did not start; its log says why")
        yield
    finally:
        server.leave()
        await task


class _Server(uvicorn.Server):
    """A server that says when it is up, and leaves signals to the process around it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """End at once: uvicorn itself looks ten times a second whether it should."""
        self.should_exit = True
        self._leaving.set()

    async def main_loop(self) -> None:
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 1) % 864_000
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), 0.1)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
