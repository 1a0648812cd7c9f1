"""A sealed value that processes share for a short while, to save each of them the same request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.storage.sealing import Sealer, Tampered

log = structlog.get_logger()


@dataclass(frozen=True)
class SharedValue:
    """One value under one key. It is a convenience: without Redis, or altered, there is no value."""

    redis: Redis
    sealer: Sealer
    key: str
    seconds: int
    """How long Redis keeps it. Its reader goes by the date inside."""

    async def load(self) -> Mapping[str, Any] | None:
        """The value, or None."""
        try:
            stored = await self.redis.get(self.key)
            return self.sealer.unseal(self.key, stored) if stored else None
        except (RedisError, OSError, Tampered) as error:
            log.warning("shared_value_not_read", key=self.key, kind=type(error).__name__)
            return None

    async def store(self, value: Mapping[str, Any]) -> None:
        """Store a value."""
        try:
            await self.redis.set(self.key, self.sealer.seal(self.key, dict(value)), ex=self.seconds)
        except (RedisError, OSError) as error:
            log.warning("shared_value_not_stored", key=self.key, kind=type(error).__name__)
