"""One round over all namespaces: read them, judge them, and say what is new."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, TypeVar

from redis.asyncio import Redis

from bot.alerts.announcing import Announcer, Correction, Rising
from bot.alerts.config import AlertsFile, QuotaAlerts, Route
from bot.alerts.memory import is_claimed
from bot.alerts.quotas import Fall, Keep, Recover, Rise, Silent, Standing, Verdict, judge
from bot.alerts.standings import Standings
from bot.messages import Messenger
from bot.quay.models import Organization, Page, User
from bot.readings import Reading

PAGE_SIZE = 100
"""The most that Quay puts on a page; more is refused with 400 (listAllOrganizations, listAllUsers)."""


class Registry(Protocol):
    """What a sweep needs of Quay."""

    async def list_all_organizations(self, *, limit: int, next_page: str | None) -> Page[Organization]: ...

    async def list_all_users(self, *, limit: int, next_page: str | None) -> Page[User]: ...


@dataclass(frozen=True)
class SweepResult:
    """What a sweep did: figures for the log and the metrics.

    `postponed` counts namespaces of which Slack took no message; the next sweep tries again.
    """

    requests: int = 0
    namespaces: int = 0
    incomplete: int = 0
    posted: int = 0
    edited: int = 0
    postponed: int = 0


class QuotaSweep:
    """Reads all namespaces and tells their channels what is new.

    Any number of sweeps may run at once, and any may die at any moment: what one of them has claimed the
    others leave alone, and what it has not settled two minutes later is taken over.
    """

    def __init__(self, quay: Registry, redis: Redis, messenger: Messenger, clock: Callable[[], datetime]) -> None:
        self._quay = quay
        self._redis = redis
        self._messenger = messenger
        self._clock = clock

    async def run(self, config: AlertsFile) -> SweepResult:
        """Do one round, with exactly one request for each page of Quay's two lists.

        Raises QuayError, having said nothing, when Quay did not give all pages.
        """
        if config.quotas is None:
            return SweepResult()
        standings = await Standings.load(self._redis)  # first: what others change from here on is not touched
        readings, requests = await self._read()
        risings, corrections = _judge_all(readings, standings, config.quotas, self._clock())
        announcer = Announcer(self._messenger, standings, readings, config.admin_channel, self._clock)
        await announcer.announce(risings)
        await announcer.correct(corrections)
        return SweepResult(
            requests=requests,
            namespaces=len(readings),
            incomplete=sum(not reading.complete for reading in readings.values()),
            posted=announcer.posted,
            edited=announcer.edited,
            postponed=announcer.postponed,
        )

    async def _read(self) -> tuple[Mapping[str, Reading], int]:
        organizations, organization_pages = await _all_pages(self._quay.list_all_organizations)
        users, user_pages = await _all_pages(self._quay.list_all_users)
        entries: tuple[Organization | User, ...] = (*organizations, *users)
        readings = {reading.namespace: reading for reading in map(Reading.of, entries)}
        return readings, organization_pages + user_pages


Entry = TypeVar("Entry", Organization, User)


class _List(Protocol[Entry]):
    async def __call__(self, *, limit: int, next_page: str | None) -> Page[Entry]: ...


async def _all_pages(list_page: _List[Entry]) -> tuple[list[Entry], int]:
    entries: list[Entry] = []
    pages = 0
    token: str | None = None
    while pages == 0 or token:
        page = await list_page(limit=PAGE_SIZE, next_page=token)
        entries += page.items
        token = page.next_page
        pages += 1
    return entries, pages


def _judge_all(
    readings: Mapping[str, Reading], standings: Standings, quotas: QuotaAlerts, now: datetime
) -> tuple[Mapping[str, Sequence[Rising]], Sequence[Correction]]:
    """What is new: rises by the channel that is to hear of them, and messages that are out of date."""
    risings: dict[str, list[Rising]] = defaultdict(list)
    corrections: list[Correction] = []
    for namespace in (*readings, *(standings.keys() - readings.keys())):
        reading, standing, route = (
            readings.get(namespace),
            standings.get(namespace),
            quotas.route_for(namespace),
        )
        verdict = _verdict(reading, standing, route, now)
        if isinstance(verdict, Rise) and reading and route:
            told = replace(standing, claimed_at=None) if standing and standing.level is not None else None
            risings[route.channel].append(Rising(reading, verdict.level, told))
        elif isinstance(verdict, Fall | Recover) and standing:
            corrections.append(Correction(namespace, standing, verdict))
    return risings, corrections


def _verdict(reading: Reading | None, standing: Standing | None, route: Route | None, now: datetime) -> Verdict:
    if reading and route:
        return judge(reading, standing, route.levels, now)
    if standing is None:
        return Silent()
    if is_claimed(standing, now):
        return Keep()
    return Recover("unwatched" if reading else "gone")
