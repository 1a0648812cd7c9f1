"""Allowed reads are recorded singly up to a limit for each minute, beyond it as one entry with their number.

What is counted together is alike in all that an entry says: the person, the channel, the command, the rule. So the
record still tells who read what where, how often and by which rule, and only the second of each is lost. The counts are
in this process's memory, where nobody else can change them; a process that is killed loses those of one minute.
"""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.audit.entry import JSON, Entry, Event
from bot.storage.dedupe import DedupeKey

LIMIT = 5
WINDOW = timedelta(minutes=1)


class Record(Protocol):
    """`Audit.record`."""

    async def __call__(
        self, event: Event, once: DedupeKey | None = None, /, *, actor: str | None, **details: JSON
    ) -> Entry:
        """Append an entry."""
        ...


@dataclass
class _Window:
    """Reads that are alike, from the first one on."""

    actor: str
    details: Mapping[str, JSON]
    since: datetime
    count: int = 0


@dataclass
class Reads:
    """Records reads that were allowed."""

    append: Record
    clock: Callable[[], datetime]
    _windows: dict[str, _Window] = field(default_factory=dict)
    _unrecorded: deque[tuple[_Window, datetime]] = field(default_factory=deque)
    """Windows that have ended, and when, whose sum is still to be recorded."""

    async def record(self, once: DedupeKey | None = None, /, *, actor: str, **details: JSON) -> None:
        """Record a read, or count it where this person has had LIMIT like it within WINDOW.

        `once`, and what is raised, as in `Audit.record`; if anything is raised, nothing may be read.
        """
        alike, now = json.dumps([actor, details], sort_keys=True), self.clock()
        window = self._windows.get(alike)
        if window is None or now >= window.since + WINDOW:
            self._end(alike, window)
            window = self._windows[alike] = _Window(actor, details, now)
        window.count += 1
        try:
            if window.count <= LIMIT:
                await self.append("command_allowed", once, actor=actor, **details)
            elif once is not None:
                await once.take()
        except BaseException:
            window.count -= 1
            raise

    async def sum_up(self, *, at_once: bool = False) -> None:
        """Record the sums of the minutes that have ended; `at_once` ends all of them, for a process that ends.

        Raises as `Audit.record`; what was not recorded then is recorded next time.
        """
        now = self.clock()
        for alike, window in list(self._windows.items()):
            if at_once or now >= window.since + WINDOW:
                self._end(alike, window)
        while self._unrecorded:
            window, until = self._unrecorded.popleft()
            try:
                await self.append(
                    "reads_counted",
                    actor=window.actor,
                    **window.details,
                    count=window.count - LIMIT,
                    since=window.since.isoformat(),
                    until=until.isoformat(),
                )
            except BaseException:
                self._unrecorded.appendleft((window, until))
                raise

    def _end(self, alike: str, window: _Window | None) -> None:
        self._windows.pop(alike, None)
        if window is not None and window.count > LIMIT:
            self._unrecorded.append((window, min(self.clock(), window.since + WINDOW)))
