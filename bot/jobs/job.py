"""What a periodic job is, and when it runs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from bot.alerts.config import AlertsFile
from bot.alerts.schedule import Claims, Schedule
from bot.alerts.settings import AlertSettings
from bot.model.units import write_duration
from bot.quay.turns import Rank

LOOK_EVERY = timedelta(seconds=2)
"""How often a worker looks whether a moment has come; so late an expired card may still look live."""


class JobSchedule(Protocol):
    """Says when a job is due; of the moments missed while nobody ran, only the latest counts."""

    @property
    def look_every(self) -> timedelta:
        """How long a worker waits until it asks again."""
        ...

    def __str__(self) -> str:
        """The rhythm as people write it: `2s`, `*/15 * * * *`; empty where the job never runs as the files stand."""
        ...

    async def take(self) -> datetime | None:
        """The moment whose run this worker is to do now, if there is one. Raises RedisError."""
        ...

    def next_after(self, now: datetime) -> datetime | None:
        """When the job is due next; None for never, as the files stand."""
        ...


@dataclass(frozen=True)
class Job:
    """Something that the worker does by itself, again and again."""

    name: str
    """In the log, in Redis, and on SAQ's queue of earlier versions."""
    summary: str
    """What it does, in a few words."""
    schedule: JobSchedule
    timeout: timedelta
    """A run is cancelled after this long."""
    run: Callable[[datetime], Awaitable[object]]
    """Does the run of a moment. What it raises goes to the log; the next run tries again."""
    rank: Rank = Rank.BACKGROUND
    """How it stands in line where Quay has more to do than it can at once."""
    until_drained: bool = False
    """Whether a worker that is told to stop goes on with it until its last execution has ended."""


@dataclass(frozen=True)
class EachWorker:
    """Every worker runs it, this long after its last run has ended."""

    every: timedelta
    clock: Callable[[], datetime]

    def __str__(self) -> str:
        return write_duration(self.every)

    @property
    def look_every(self) -> timedelta:
        """Each look is a run."""
        return self.every

    async def take(self) -> datetime:
        """Always: a worker looks once in `every`."""
        return self.clock()

    def next_after(self, now: datetime) -> datetime:
        """Once more."""
        return now + self.every


@dataclass(frozen=True)
class OneWorker:
    """Of many workers one runs it at each moment; a run that fails is not made up for."""

    name: str
    claims: Claims
    rhythm: Callable[[], Schedule]
    zone: Callable[[], tzinfo]
    clock: Callable[[], datetime]
    look_every: timedelta = LOOK_EVERY

    def __str__(self) -> str:
        return str(self.rhythm())

    async def take(self) -> datetime | None:
        """The latest moment, for the first worker that asks."""
        moment = self.rhythm().slot(self.clock(), self.zone())
        return moment if await self.claims.claim(self.name, moment) else None

    def next_after(self, now: datetime) -> datetime:
        """The next moment."""
        return self.rhythm().next_after(now, self.zone())


class Section(Protocol):
    """A section of alerts.yaml that has a schedule."""

    @property
    def every(self) -> Schedule:
        """The schedule."""
        ...

    def next_due(self, now: datetime, zone: tzinfo) -> datetime:
        """The first moment after `now`."""
        ...


@dataclass(frozen=True)
class OfAlerts:
    """The schedule of a section of alerts.yaml; its moments are kept, however late. Without the section: never."""

    settings: AlertSettings
    section: Callable[[AlertsFile], Section | None]
    due: Callable[[AlertsFile], Awaitable[datetime | None]]
    """Takes the moment that this worker is to keep now, if there is one."""
    look_every: timedelta = LOOK_EVERY

    def __str__(self) -> str:
        section = self._section()
        return str(section.every) if section else ""

    async def take(self) -> datetime | None:
        """The moment that is due, for one worker at a time."""
        file = self.settings.current()
        return await self.due(file) if file else None

    def next_after(self, now: datetime) -> datetime | None:
        """The next moment."""
        section = self._section()
        return section.next_due(now, self.settings.time_zone()) if section else None

    def _section(self) -> Section | None:
        file = self.settings.current()
        return self.section(file) if file else None
