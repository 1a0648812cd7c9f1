"""The requests of people that are under way in this process: bounded, so that nobody fills its memory or time."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from bot.permissions import Actor

BREAK_OFF_SECONDS = 3
"""How long work that is broken off then has to say so."""


@dataclass(frozen=True)
class Limits:
    """How many requests may be under way in one process."""

    each: int = 20
    """Of one person, besides decisions."""
    total: int = 200
    """Of everyone, besides decisions."""
    decisions: int = 600
    """Decisions on changes (a click on a card): they cost little, and each click gets its answer."""


@dataclass(frozen=True)
class Load:
    """How many requests of people are under way in this process besides decisions, and its bounds."""

    running: int
    limits: Limits


class TooMany(Exception):
    """A request is not begun; says why, and what to do."""


@dataclass
class InFlight:
    """The tasks of one process. A task that nothing refers to would be collected in the middle of its work."""

    limits: Limits = Limits()
    _tasks: dict["asyncio.Task[None]", Actor] = field(default_factory=dict)
    _deciding: set["asyncio.Task[None]"] = field(default_factory=set)
    _refusals: dict[Actor, "asyncio.Task[None]"] = field(default_factory=dict)

    @property
    def running(self) -> int:
        """How many requests are under way."""
        return len(self._tasks)

    @property
    def load(self) -> Load:
        """How busy this process is."""
        return Load(self.running - len(self._deciding), self.limits)

    def admit(self, actor: Actor, *, decides: bool = False) -> None:
        """Check that one more request may begin; `decides` says that it decides on a change. Raises TooMany."""
        limits, deciding = self.limits, len(self._deciding)
        reading = Counter(reader for task, reader in self._tasks.items() if task not in self._deciding)
        if not decides and reading[actor] >= limits.each:
            raise TooMany(f"You have {limits.each} requests running. Wait for one to finish, then try again.")
        if deciding >= limits.decisions if decides else reading.total() >= limits.total:
            raise TooMany(f"The bot is running {self.running} requests, its limit. Try again in a minute.")

    def start(self, actor: Actor, work: Coroutine[Any, Any, None], *, decides: bool = False) -> None:
        """Start the work of a request that was admitted, beside the acknowledgement."""
        task = asyncio.create_task(work)
        self._tasks[task] = actor
        task.add_done_callback(self._tasks.pop)
        if decides:
            self._deciding.add(task)
            task.add_done_callback(self._deciding.discard)

    def refuse(self, actor: Actor, work: Coroutine[Any, Any, None]) -> None:
        """Start what explains a refusal, unless one is being explained to this person, or to too many others."""
        if actor in self._refusals or len(self._refusals) >= self.limits.total:
            work.close()
            return
        self._refusals[actor] = task = asyncio.create_task(work)
        task.add_done_callback(lambda _: self._refusals.pop(actor))

    async def drain(self, seconds: float) -> None:
        """Wait so long for the work under way, then cancel what is left: it has BREAK_OFF_SECONDS to say so."""
        tasks = [*self._tasks, *self._refusals.values()]
        if not tasks:
            return
        _, unfinished = await asyncio.wait(tasks, timeout=seconds)
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished, timeout=BREAK_OFF_SECONDS)
