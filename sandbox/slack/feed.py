"""What changed, told to whoever listens: the page, over Server-Sent Events."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
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

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Change]]:
        """Give a queue that takes everything that changes meanwhile."""
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)
