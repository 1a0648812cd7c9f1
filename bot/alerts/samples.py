"""The use of every namespace on each of the last 90 days, in little memory.

A namespace is one field of one hash: the day of its first sample (16 bits) and four bytes for each day since, the use
as a float. That is 362 bytes at most; with all that Redis needs around it, less than 500 for each namespace, which a
test measures.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from math import isnan, nan
from typing import TypeVar

from redis.asyncio import Redis

from bot.alerts.forecast import Sample
from bot.model.usage import Usage

SAMPLES_KEY = "quaymaster:alerts:samples"
SAMPLED_KEY = "quaymaster:alerts:sampled"
DAYS = 90
CHUNK = 200
"""Namespaces that one round trip carries."""
_DAY = struct.Struct("<H")
_USE = struct.Struct("<f")


Item = TypeVar("Item")


class Samples:
    """The samples in Redis. One sweep at a time writes them."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def take(self, readings: Mapping[str, Usage], now: datetime) -> None:
        """Note the complete figures, once a day, and forget the namespaces that are not there any more.

        Costs two round trips for each CHUNK on the first sweep of a day, and one in all on every other.
        """
        day = day_of(now)
        if await self._redis.get(SAMPLED_KEY) == str(day).encode():
            return
        complete = [reading for reading in readings.values() if reading.complete]
        for chunk in chunks(complete):
            stored = await self._stored([reading.namespace for reading in chunk])
            pairs = zip(chunk, stored, strict=True)
            added = {reading.namespace: _with_sample(value, day, reading.used) for reading, value in pairs}
            await self._redis.hset(SAMPLES_KEY, mapping=added)  # type: ignore[misc]  # typed for both clients
        await self._forget_all_but(readings)
        await self._redis.set(SAMPLED_KEY, str(day))

    async def of(self, namespaces: Sequence[str], days: int = DAYS) -> Mapping[str, Sequence[Sample]]:
        """The last samples of namespaces, in one round trip: CHUNK of them at most."""
        stored = await self._stored(namespaces)
        return {name: _unpacked(value, days) for name, value in zip(namespaces, stored, strict=True)}

    async def _stored(self, namespaces: Sequence[str]) -> list[bytes]:
        stored: list[bytes | None] = await self._redis.hmget(SAMPLES_KEY, list(namespaces))  # type: ignore[misc]
        return [value or b"" for value in stored]

    async def _forget_all_but(self, readings: Mapping[str, Usage]) -> None:
        stored: list[bytes] = await self._redis.hkeys(SAMPLES_KEY)  # type: ignore[misc]
        for chunk in chunks(name for name in map(bytes.decode, stored) if name not in readings):
            await self._redis.hdel(SAMPLES_KEY, *chunk)  # type: ignore[misc]


def day_of(now: datetime) -> int:
    """A day in UTC, counted from 1970."""
    return int(now.astimezone(UTC).timestamp() // 86_400)


def as_sampled(used: int) -> float:
    """A use as a sample would have it: the first 24 bits of it are exact. Compare samples with this."""
    sampled: float = _USE.unpack(_USE.pack(used))[0]
    return sampled


def _with_sample(value: bytes, day: int, used: int) -> bytes:
    """A day's sample added to those of the days before it; days without one are gaps."""
    first = _DAY.unpack_from(value)[0] if value else day
    if not first <= day < first + 2 * DAYS:
        value, first = b"", day
    days = value[_DAY.size :][: (day - first) * _USE.size]
    gaps = _USE.pack(nan) * (day - first - len(days) // _USE.size)
    kept = (days + gaps + _USE.pack(used))[-DAYS * _USE.size :]
    return _DAY.pack(day + 1 - len(kept) // _USE.size) + kept


def _unpacked(value: bytes, days: int) -> Sequence[Sample]:
    if not value:
        return ()
    passed_over = max((len(value) - _DAY.size) // _USE.size - days, 0)
    first = _DAY.unpack_from(value)[0] + passed_over
    uses = _USE.iter_unpack(value[_DAY.size + passed_over * _USE.size :])
    return [Sample(first + index, used) for index, (used,) in enumerate(uses) if not isnan(used)]


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items by the number that one round trip carries."""
    remaining = iter(items)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk
