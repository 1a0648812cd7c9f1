"""The work that follows acknowledgements: kept hold of until it is done, and until the process ends."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

BREAK_OFF_SECONDS = 3
"""How long work that is broken off then has to say so."""


@dataclass
class InFlight:
    """The tasks of one process. A task that nothing refers to would be collected in the middle of its work."""

    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Start work beside the answer to Slack."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self, seconds: float) -> None:
        """Wait so long for the work under way, then cancel what is left: it has BREAK_OFF_SECONDS to say so."""
        if not self._tasks:
            return
        _, unfinished = await asyncio.wait(self._tasks, timeout=seconds)
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished, timeout=BREAK_OFF_SECONDS)
