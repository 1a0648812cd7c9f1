"""Socket Mode's connections: two a process, each replaced before it ends, and opened again for as long as it takes."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog

from bot.web.socket_trouble import Unavailable
from bot.web.websocket import Timing, WebSocket

CONNECTIONS = 2
"""Of one process. Slack allows an app ten, and each refresh takes one more for some seconds."""
STARVED = 20
"""So many envelopes came over other connections and none over this one: Slack spreads them over all."""

log = structlog.get_logger()


@dataclass
class Sockets:
    """Keeps connections open. `open` opens one, or raises Unavailable."""

    open: Callable[[], Awaitable[WebSocket]]
    timing: Timing
    trouble: str = ""
    """Why the last attempt to open a connection failed; empty before the first one and after one that didn't."""
    _opened: float | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _running: "dict[WebSocket, asyncio.Task[None]]" = field(default_factory=dict)

    @property
    def live(self) -> int:
        """How many connections are open."""
        return len(self._running)

    @asynccontextmanager
    async def kept_open(self) -> AsyncIterator[None]:
        """Keep connections open for as long as the context lasts; then what arrived is acknowledged, and they close."""
        keeping = [asyncio.create_task(self._keep_one()) for _ in range(CONNECTIONS)]
        keeping.append(asyncio.create_task(self._close_starved()))
        try:
            yield
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
            running = dict(self._running)
            await asyncio.gather(*(socket.close() for socket in running))
            await asyncio.gather(*running.values(), return_exceptions=True)

    async def _keep_one(self) -> None:
        """Keep one connection open: open the next one as soon as this one is leaving, while this one is still read."""
        failures = 0
        while True:
            socket = await self._try_to_open(failures)
            if socket is None:
                failures += 1
                continue
            await socket.leaving.wait()
            log.info("socket_leaving", reason=socket.reason)
            lasted = asyncio.get_running_loop().time() - socket.opened
            failures = failures + 1 if lasted < self.timing.short else 0

    async def _close_starved(self) -> None:
        """Close a connection that gets nothing while others do: it answers pings, and what Slack sends it is lost."""
        since: dict[WebSocket, tuple[int, int]] = {}
        while True:
            await asyncio.sleep(self.timing.ping)
            total = sum(each.taken for each in self._running)
            for socket in list(self._running):
                taken, elsewhere = socket.taken, total - socket.taken
                known = since.get(socket)
                if known is None or known[0] != taken:
                    since[socket] = (taken, elsewhere)
                elif elsewhere - known[1] >= STARVED:
                    del since[socket]
                    socket.leave("starved")
                    await socket.close()

    async def _try_to_open(self, failures: int) -> WebSocket | None:
        """Open a connection after a pause that grows with the failures before; None if it can't be opened."""
        await asyncio.sleep(self._pause(failures))
        try:
            socket = await self._open_in_turn()
        except Unavailable as trouble:
            self.trouble = str(trouble)
            log.warning("socket_not_opened", reason=trouble.reason, said=self.trouble, attempt=failures + 1)
            await asyncio.sleep(trouble.wait.total_seconds())
            return None
        except Exception:  # whatever it is, a process that stops trying is deaf
            self.trouble = "The connection failed because of a fault of the bot; its log has the details."
            log.exception("socket_failed", attempt=failures + 1)
            return None
        self.trouble = ""
        return socket

    def _pause(self, failures: int) -> float:
        if not failures:
            return 0
        grown: float = self.timing.pause * 1.5 ** min(failures - 1, 50)
        return min(grown, self.timing.longest_pause) * secrets.SystemRandom().uniform(0.5, 1)

    async def _open_in_turn(self) -> WebSocket:
        """Open a connection, `stagger` after the last one unless none is there to stay. Raises Unavailable."""
        while True:
            async with self._opening:
                left = self._too_soon()
                if left <= 0:
                    socket = await self.open()
                    self._opened = socket.opened
                    self._running[socket] = task = asyncio.create_task(socket.run())
                    task.add_done_callback(partial(self._ended, socket))
                    return socket
            await asyncio.sleep(left)

    def _ended(self, socket: WebSocket, task: "asyncio.Task[None]") -> None:
        del self._running[socket]
        if not task.cancelled() and (error := task.exception()):
            log.error("socket_failed", exc_info=error)

    def _too_soon(self) -> float:
        """How many seconds it is too soon to open another connection."""
        if self._opened is None or all(each.leaving.is_set() for each in self._running):
            return 0
        return self._opened + self.timing.stagger - asyncio.get_running_loop().time()
