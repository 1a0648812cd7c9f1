"""What changed, told to whoever listens: the page, over Server-Sent Events."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Literal

What = Literal["messages", "views", "home", "channels"]
Change = dict[str, str]


@dataclass
class Feed:
    """Changes, delivered to every listener in order."""

    _listeners: set[asyncio.Queue[Change]] = field(default_factory=set)

    def publish(self, what: What, channel: str | None = None) -> None:
        """Tell that something changed."""
        change = {"changed": what, **({"channel": channel} if channel else {})}
        for listener in self._listeners:
            listener.put_nowait(change)

    async def listen(self, idle_seconds: float) -> AsyncIterator[Change | None]:
        """Yield what changes from now on, and None whenever nothing did for a while."""
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), idle_seconds)
                except TimeoutError:
                    yield None
        finally:
            self._listeners.discard(queue)
