"""The names that the registry knows, in memory: read in the background, so that nobody who searches waits for Quay."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import structlog

from bot.commands import Suggest
from bot.model.usage import Usage
from bot.quay.client import Quay
from bot.quay.errors import QuayError
from bot.quay.models import Organization, RegistrySize, ServiceKey, User

EVERY_SECONDS = 300
MOST_NAMES = 20_000
"""Of a kind; a registry with more of them is known only so far."""
AT_ONCE = 2
"""Requests to Quay at one time."""
FULLEST = 20
"""So many namespaces are remembered with their use."""

LONGEST_VALUE = 150
"""Slack's limit of what a choice stands for. A longer key id is given by its beginning, which is as good."""

Entry = TypeVar("Entry", Organization, User)
log = structlog.get_logger()


@dataclass(frozen=True)
class KnownName:
    """One name: what is typed for it, and how it is shown."""

    value: str
    text: str
    service: str = ""
    """Whose key it is."""
    folded: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", f"{self.value}\n{self.text}".casefold())

    def begins_with(self, wanted: str) -> bool:
        """Whether what is typed or what is shown begins so, in small letters."""
        return self.folded.startswith(wanted) or f"\n{wanted}" in self.folded


@dataclass
class Names:
    """What was read last. What could not be read again stays as it was."""

    quay: Quay
    clock: Callable[[], datetime]
    known: dict[Suggest, tuple[KnownName, ...]] = field(default_factory=dict)
    size: RegistrySize | None = None
    read_at: datetime | None = None
    _readings: dict[type[Organization | User], list[Usage]] = field(default_factory=dict)

    @property
    def fullest(self) -> tuple[Usage, ...]:
        """The fullest of the namespaces that have a limit, the fullest first."""
        known = [reading for readings in self._readings.values() for reading in readings]
        return tuple(sorted(known, key=_fullness, reverse=True)[:FULLEST])

    async def keep_fresh(self) -> None:
        """Read everything now and again, until cancelled."""
        while True:
            try:
                await self.refresh()
            except Exception:
                log.exception("names_not_read")
            await asyncio.sleep(EVERY_SECONDS)

    async def refresh(self) -> None:
        """Read everything once: users and organizations by pages of 100, the keys, the registry's size."""
        turns = asyncio.Semaphore(AT_ONCE)
        reads = (self._read_organizations, self._read_users, self._read_keys, self._read_size)
        if all(await asyncio.gather(*(_in_turn(turns, read) for read in reads))):
            self.read_at = self.clock()
        users = _known(f"user:{user.value}" for user in self.known.get(Suggest.USERS, ()))
        self.known[Suggest.NAMESPACES] = (*self.known.get(Suggest.ORGANIZATIONS, ()), *users)

    async def _read_organizations(self) -> None:
        found, self._readings[Organization] = await self._collect(self.quay.organizations())
        self.known[Suggest.ORGANIZATIONS] = _known(organization.name for organization in found)

    async def _read_users(self) -> None:
        found, self._readings[User] = await self._collect(self.quay.users())
        self.known[Suggest.USERS] = _known(user.username for user in found)

    async def _read_keys(self) -> None:
        found = (await self.quay.list_service_keys()).items[:MOST_NAMES]
        order = sorted(found, key=lambda key: (not key.is_waiting, key.service, key.created_date))
        self.known[Suggest.KEYS] = tuple(map(_known_key, order))
        self.known[Suggest.SERVICES] = _known({key.service for key in found})

    async def _read_size(self) -> None:
        self.size = await self.quay.get_registry_size()

    async def _collect(self, entries: AsyncIterator[Entry]) -> tuple[list[Entry], list[Usage]]:
        """At most MOST_NAMES entries, and the fullest of them."""
        found: list[Entry] = []
        async for entry in entries:
            found.append(entry)
            if len(found) == MOST_NAMES:
                break
        checked = await self.quay.quota_settings.are_checked()
        readings = (Usage.of(entry, checked=checked) for entry in found)
        full = (reading for reading in readings if reading.limit and reading.complete)
        return found, heapq.nlargest(FULLEST, full, key=_fullness)


async def _in_turn(turns: asyncio.Semaphore, read: Callable[[], Awaitable[None]]) -> bool:
    async with turns:
        try:
            await read()
        except QuayError as error:
            log.warning("names_not_read", operation=error.operation, said=error.message)
            return False
    return True


def _known(names: Iterable[str]) -> tuple[KnownName, ...]:
    return tuple(KnownName(name, name) for name in sorted(names) if len(name) <= LONGEST_VALUE)


def _known_key(key: ServiceKey) -> KnownName:
    called = f", {key.name}" if key.name else ""
    state = ", waiting" if key.is_waiting else ""
    return KnownName(key.kid[:LONGEST_VALUE], f"{key.service}{called}{state} · {key.kid[:12]}", key.service)


def _fullness(reading: Usage) -> float:
    return reading.used / (reading.limit or 1)
