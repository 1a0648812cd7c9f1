"""What a registry was seen to ignore: documented fields that it takes with a 200 and does not change."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.model.seen_limits import SeenLimit

KEY = "quaymaster:registry:ignores"
REMEMBERED = timedelta(days=30)
"""After so long the documented way is tried again: the registry may have been updated."""


log = structlog.get_logger()


@dataclass(frozen=True)
class Ignored:
    """The memory of one registry, shared by all processes; without it, a write is sent once more than needed."""

    redis: Redis
    quay_url: str

    async def fields(self, operation: str) -> frozenset[str]:
        """The fields of an operation that this registry ignores."""
        prefix = self._entry(operation, "")
        try:
            entries = [entry.decode() for entry in await self.redis.smembers(KEY)]  # type: ignore[misc]
        except RedisError as error:
            log.warning("not_recalled", operation=operation, kind=type(error).__name__)
            return frozenset()
        return frozenset(entry.removeprefix(prefix) for entry in entries if entry.startswith(prefix))

    async def seen(self) -> tuple[SeenLimit, ...]:
        """What is ignored, by operation and field."""
        prefix = self._entry("", "").removesuffix(".")
        try:
            entries = [entry.decode() for entry in await self.redis.smembers(KEY)]  # type: ignore[misc]
        except RedisError as error:
            log.warning("not_recalled", kind=type(error).__name__)
            return ()
        ours = sorted(entry.removeprefix(prefix) for entry in entries if entry.startswith(prefix))
        return tuple(SeenLimit(f"change {field} by {operation}", None) for operation, field in map(_parted, ours))

    async def forget(self) -> None:
        """Have the documented way tried again."""
        prefix = self._entry("", "").removesuffix(".")
        entries = await self.redis.smembers(KEY)  # type: ignore[misc]
        ours = [entry for entry in entries if entry.decode().startswith(prefix)]
        if ours:
            await self.redis.srem(KEY, *ours)  # type: ignore[misc]

    async def remember(self, operation: str, fields: Iterable[str]) -> None:
        """Note that this registry ignores fields of an operation."""
        entries = [self._entry(operation, field) for field in fields]
        if not entries:
            return
        async with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.sadd(KEY, *entries)
            pipeline.expire(KEY, REMEMBERED)
            try:
                await pipeline.execute()
            except RedisError as error:
                log.warning("not_remembered", fields=sorted(entries), kind=type(error).__name__)

    def _entry(self, operation: str, field: str) -> str:
        return f"{urlsplit(self.quay_url).netloc} {operation}.{field}"


def _parted(entry: str) -> tuple[str, str]:
    operation, _, field = entry.partition(".")
    return operation, field
