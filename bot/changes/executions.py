"""The changes that this worker executes: each in a task of its own, which nobody cancels."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.quay.turns import Rank, on_behalf_of

MOST = 8
"""Changes that one worker executes at a time; others wait for their turn."""

log = structlog.get_logger()


class Executions:
    """Runs executions beside everything else.

    Neither SAQ, nor the time-out of a job, nor the end of the process breaks one off: whoever is to end the process
    waits for `drain`. How long an execution can take is bounded by the time-outs of what it calls.
    """

    def __init__(self, execute: Callable[[str], Awaitable[object]], most: int = MOST) -> None:
        self._execute = execute
        self._slots = asyncio.Semaphore(most)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._draining = False

    def start(self, record_id: str) -> None:
        """Execute a change, unless this worker is about it already; returns at once."""
        if record_id not in self._tasks and not self._draining:
            task = asyncio.create_task(self._run(record_id), name=f"execute {record_id}")
            self._tasks[record_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(record_id))

    def __contains__(self, record_id: object) -> bool:
        """Whether this worker is about a change."""
        return record_id in self._tasks

    async def drain(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        self._draining = True
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def _run(self, record_id: str) -> None:
        async with self._slots:
            if self._draining:
                return
            try:
                with on_behalf_of(f"change {record_id}", Rank.CHANGE):
                    await self._execute(record_id)
            except Exception:
                log.exception("execution_broken", change=record_id)
