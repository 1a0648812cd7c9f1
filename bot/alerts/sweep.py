"""One round over all namespaces: read them, judge them, and say what is new."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

import structlog
from redis.asyncio import Redis

from bot.alerts.alert_states import AlertStates
from bot.alerts.backfill_notice import CountingNotice
from bot.alerts.config import AlertsFile, QuotaAlerts
from bot.alerts.evaluation import Evaluation, KnownStates, find
from bot.alerts.forecast import RECENT, forecast
from bot.alerts.lease import lease
from bot.alerts.publisher import Publisher
from bot.alerts.samples import Samples, chunks
from bot.alerts.schedule import ScheduledRuns
from bot.alerts.silences import Silences
from bot.model.alert_facts import Forecast
from bot.model.usage import Usage
from bot.quay.answers import Page
from bot.quay.models import Organization, User
from bot.quay.paging import pages
from bot.slack.messages import Broadcaster, MessengerError

PAGE_SIZE = 100
"""The most that Quay puts on a page; more is refused with 400 (listAllOrganizations, listAllUsers)."""
SWEEP = "sweep_quotas"
"""What the schedule of sweeps is called."""

_log = structlog.get_logger(__name__)


class SettingsSource(Protocol):
    """Says how the registry is set to treat quotas."""

    async def are_checked(self) -> bool: ...


class Registry(Protocol):
    """What a sweep needs of Quay."""

    @property
    def quota_settings(self) -> SettingsSource: ...

    async def list_all_organizations(self, *, limit: int, next_page: str | None) -> Page[Organization]: ...

    async def list_all_users(self, *, limit: int, next_page: str | None) -> Page[User]: ...


@dataclass(frozen=True)
class SweepResult:
    """What a sweep did: figures for the log and the metrics.

    `postponed` counts namespaces of which Slack took no message; the next sweep tries again.
    """

    requests: int = 0
    namespaces: int = 0
    unreadable: int = 0
    incomplete: int = 0
    posted: int = 0
    edited: int = 0
    postponed: int = 0

    @property
    def finished(self) -> bool:
        """Whether it was done, by this worker and to the end."""
        return self.requests > 0 and not self.postponed


class QuotaSweep:
    """Reads all namespaces and tells their channels what is new.

    A lease keeps sweeps from running beside each other. Any may die at any moment: what one of them has claimed is
    left alone, and what it has not settled two minutes later is taken over.
    """

    def __init__(self, quay: Registry, redis: Redis, messenger: Broadcaster, clock: Callable[[], datetime]) -> None:
        self._quay = quay
        self._redis = redis
        self._messenger = messenger
        self._clock = clock
        self._samples = Samples(redis)
        self._appointments = ScheduledRuns(redis, at_once=True)

    async def due(self, config: AlertsFile) -> datetime | None:
        """The moment whose sweep this worker is to do now, if there is one."""
        if config.quotas is None:
            return None
        now = self._clock()
        moment = config.quotas.due(now, config.time_zone)
        return moment if await self._appointments.take(SWEEP, moment, now) else None

    async def keep(self, config: AlertsFile, moment: datetime) -> None:
        """Do the sweep of a moment. Raises QuayError; what is not finished is due again after a while."""
        result = await self.run(config)
        if result.finished:
            await self._appointments.keep(SWEEP, moment)

    async def run(self, config: AlertsFile) -> SweepResult:
        """Do one round, with exactly one request for each page of Quay's two lists; nothing while another does.

        One more asks for Quay's settings, where they weren't read within the last minutes.

        Raises QuayError, having said nothing, when Quay did not give all pages.
        """
        if config.quotas is None:
            return SweepResult()
        async with lease(self._redis, "quota-sweep") as mine:
            if not mine:
                _log.info("another sweep is under way")
                return SweepResult()
            return await self._round(config, config.quotas, self._messenger)

    async def rehearse(self, config: AlertsFile, messenger: Broadcaster) -> None:
        """Say to a messenger what a round would say now, and change nothing. Raises QuayError."""
        if config.quotas:
            await self._round(config, config.quotas, messenger, rehearsed=True)

    async def _round(
        self, config: AlertsFile, quotas: QuotaAlerts, messenger: Broadcaster, *, rehearsed: bool = False
    ) -> SweepResult:
        # The memories are read first: what others change from here on is not touched.
        alert_states = await AlertStates.load(self._redis, rehearsed=rehearsed)
        silences = await Silences.load(self._redis, rehearsed=rehearsed)
        read = await self._read()
        readings = read.readings
        now = self._clock()
        quiet = quotas.quiet is not None and quotas.quiet.hold(now, config.time_zone)
        if not rehearsed:
            await self._samples.take(readings, now)
        forecasts = await self._forecasts(readings, alert_states, quotas)
        known = KnownStates(readings, alert_states, silences, forecasts, all_read=not read.unreadable)
        found = find(known, quotas, now, quiet=quiet)
        publisher = Publisher(messenger, alert_states, config.admin_channel, self._clock)
        await publisher.publish(found.news)
        await publisher.correct(found.corrections)
        await alert_states.swap(dict.fromkeys(found.forgotten))
        await silences.swap(dict.fromkeys(_over(silences, alert_states, found, now)))
        counting = CountingNotice(self._redis, messenger, self._clock, rehearsed)
        await self._tell_of_counting(counting, config, quotas, readings, quiet=quiet)
        return SweepResult(
            requests=read.requests,
            namespaces=len(readings),
            unreadable=read.unreadable,
            incomplete=sum(not reading.complete for reading in readings.values()),
            posted=publisher.posted,
            edited=publisher.edited,
            postponed=publisher.postponed,
        )

    async def _forecasts(
        self, readings: Mapping[str, Usage], alert_states: AlertStates, quotas: QuotaAlerts
    ) -> Mapping[str, Forecast]:
        """When namespaces will be full: of all that are watched where that is an alert, else of those at a level."""
        names = [
            name
            for name, reading in readings.items()
            if reading.complete
            and reading.limit
            and (route := quotas.route_for(name))
            and (quotas.full_within or name in alert_states or reading.reaches(route.levels[0]))
        ]
        found: dict[str, Forecast] = {}
        for chunk in chunks(names):
            for name, samples in (await self._samples.of(chunk, RECENT)).items():
                reading = readings[name]
                if previewed := forecast(samples, reading.used, reading.limit or 0):
                    found[name] = previewed
        return found

    async def _tell_of_counting(
        self,
        notice: CountingNotice,
        config: AlertsFile,
        quotas: QuotaAlerts,
        readings: Mapping[str, Usage],
        *,
        quiet: bool,
    ) -> None:
        watched = [name for name, reading in readings.items() if reading.limit and quotas.route_for(name)]
        names = tuple(sorted(name for name in watched if not readings[name].complete))
        off = bool(readings) and not any(reading.reported for reading in readings.values())
        try:
            await notice.tell(config.admin_channel, names, len(watched), quiet=quiet, off=off)
        except MessengerError as error:
            _log.warning("not said that figures are incomplete", reason=error.reason)

    async def _read(self) -> "_Read":
        """Read both lists side by side, two requests at most under way, then whether quotas are checked.

        Raises QuayError when a list isn't given.
        """
        try:
            async with asyncio.TaskGroup() as both:
                organizations = both.create_task(_all("listAllOrganizations", self._quay.list_all_organizations))
                users = both.create_task(_all("listAllUsers", self._quay.list_all_users))
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None
        lists: tuple[Page[Organization] | Page[User], ...] = (*organizations.result(), *users.result())
        checked = await self._quay.quota_settings.are_checked()
        readings = (Usage.of(entry, checked=checked) for page in lists for entry in page.items)
        return _Read(
            {reading.namespace: reading for reading in readings},
            requests=len(lists),
            unreadable=sum(page.unreadable for page in lists),
        )


@dataclass(frozen=True)
class _Read:
    """What both lists hold."""

    readings: Mapping[str, Usage]
    requests: int
    unreadable: int


def _over(silences: Silences, alert_states: AlertStates, found: Evaluation, now: datetime) -> set[str]:
    """The namespaces whose silence has nothing left to silence."""
    old = {name for name, each in silences.items() if name not in alert_states and not each.outlives(each.at, now)}
    return old | (silences.keys() & set(found.ended))


Entry = TypeVar("Entry", Organization, User)


class _List(Protocol[Entry]):
    async def __call__(self, *, limit: int, next_page: str | None) -> Page[Entry]: ...


async def _all(operation: str, list_page: _List[Entry]) -> list[Page[Entry]]:
    return [page async for page in pages(operation, lambda token: list_page(limit=PAGE_SIZE, next_page=token))]
