"""What alerts remember: a hash in Redis, of which each entry is written only by whoever has seen it as it stands."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import compress
from typing import Any, ClassVar, Protocol, Self, TypeVar

from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

T = TypeVar("T")

ABANDONED_AFTER = timedelta(minutes=2)
"""A worker that claimed a message and has not settled it by then is taken for dead."""


class Claimable(Protocol):
    """An entry that is marked while a worker is about to say something of it."""

    @property
    def claimed_at(self) -> datetime | None: ...


def is_claimed(entry: Claimable, now: datetime) -> bool:
    """Whether a worker that is not taken for dead is about to say something."""
    return entry.claimed_at is not None and now - entry.claimed_at <= ABANDONED_AFTER


class StateStore(Mapping[str, T]):
    """The entries by name, as one round has seen them. A kind of memory names its hash and its entries' type.

    A round changes only what nobody else has changed since: of several at once, one gets each change. One that is
    `rehearsed` changes nothing but what it has seen itself.
    """

    key: ClassVar[str]
    kind: ClassVar[TypeAdapter[Any]]

    def __init__(self, redis: Redis, seen: Mapping[str, str], *, rehearsed: bool = False) -> None:
        self._redis = redis
        self._rehearsed = rehearsed
        self._seen = dict(seen)
        self._entries = {name: entry for name, text in seen.items() if (entry := self._read(text)) is not None}

    @classmethod
    async def load(cls, redis: Redis, *, rehearsed: bool = False) -> Self:
        """Read all of them at once."""
        stored: dict[bytes, bytes] = await redis.hgetall(cls.key)  # type: ignore[misc]  # typed for both clients
        return cls.of(redis, stored, rehearsed=rehearsed)

    @classmethod
    def of(cls, redis: Redis, stored: Mapping[bytes, bytes], *, rehearsed: bool = False) -> Self:
        """The entries of a hash that was read together with others."""
        return cls(redis, {name.decode(): value.decode() for name, value in stored.items()}, rehearsed=rehearsed)

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    async def swap(self, changes: Mapping[str, T | None]) -> frozenset[str]:
        """Write (or, for None, forget) entries in one atomic step.

        Returns the names for which it was done; the others were changed meanwhile, and stay untouched.
        """
        if not changes:
            return frozenset()
        new = {name: self._written(entry) for name, entry in changes.items()}
        done = frozenset(new) if self._rehearsed else await self._write(new)
        for name in done:
            self._remember(name, new[name], changes[name])
        return done

    async def _write(self, new: Mapping[str, str]) -> frozenset[str]:
        """A transaction and no script: Lua takes seconds for thousands of long texts that are nearly the same."""

        async def change(pipeline: Pipeline) -> list[str]:
            stored: list[bytes | None] = await pipeline.hmget(self.key, list(new))  # type: ignore[misc]
            as_seen = (
                (value or b"").decode() == self._seen.get(name, "") for name, value in zip(new, stored, strict=True)
            )
            done = list(compress(new, as_seen))
            pipeline.multi()  # type: ignore[no-untyped-call]
            if written := {name: new[name] for name in done if new[name]}:
                pipeline.hset(self.key, mapping=written)
            if forgotten := [name for name in done if not new[name]]:
                pipeline.hdel(self.key, *forgotten)
            return done

        return frozenset(await self._redis.transaction(change, self.key, value_from_callable=True))

    def _remember(self, name: str, text: str, entry: T | None) -> None:
        self._seen[name] = text
        if entry is not None:
            self._entries[name] = entry
        else:
            self._entries.pop(name, None)

    def _written(self, entry: T | None) -> str:
        return self.kind.dump_json(entry).decode() if entry is not None else ""

    def _read(self, text: str) -> T | None:
        """An entry that cannot be read (written by another version) counts as none, and is written anew."""
        try:
            entry: T = self.kind.validate_json(text)
        except ValidationError:
            return None
        return entry
