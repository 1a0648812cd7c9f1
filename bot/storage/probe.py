"""Whether Redis takes what the bot writes: a scripted write over two keys, again and again.

A read-only replica, a server out of memory and a cluster answer reads; only a write of the kind that changes make
shows that they can't be used.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import structlog
from redis.asyncio import Redis
from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

EVERY_SECONDS = 2
FRESH_SECONDS = 5
"""A write older than this proves nothing."""
_KEYS = ("quaymaster:ready", "quaymaster:ready:second")
_WRITE = """
redis.call('SET', KEYS[1], ARGV[1], 'EX', 60)
redis.call('SET', KEYS[2], ARGV[1], 'EX', 60)
return 1
"""
_CLUSTER = "it is a cluster, which Quaymaster can't use"
_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (ReadOnlyError, "it is a read-only replica"),
    (OutOfMemoryError, "it is out of memory"),
    (ClusterError, _CLUSTER),
    (AskError, _CLUSTER),
    (NoPermissionError, "its user lacks a permission"),
    (AuthenticationError, "it refuses the password"),
    (BusyLoadingError, "it is still loading its data"),
    (RedisTimeoutError, "it doesn't answer in time"),
    (RedisConnectionError, "it can't be reached"),
    (ResponseError, "it refuses to store"),
)

log = structlog.get_logger()


def cause_of(error: Exception) -> str:
    """Why Redis can't be used, in words, with Redis's own behind them."""
    said = str(error)
    known = next((cause for kind, cause in _CAUSES if isinstance(error, kind)), "it can't be used")
    return f"{known} ({said[:200]})" if said else known


@dataclass
class StorageProbe:
    """Writes every EVERY_SECONDS; whoever asks costs nothing."""

    redis: Redis
    now: Callable[[], float] = monotonic
    _wrote_at: float | None = None
    _trouble: str = "nothing was written yet"

    @property
    def trouble(self) -> str | None:
        """Why nothing can be stored; None while it can."""
        fresh = self._wrote_at is not None and self.now() - self._wrote_at <= FRESH_SECONDS
        return None if fresh and not self._trouble else self._trouble or "it doesn't answer"

    async def write(self) -> None:
        """Try once."""
        try:
            await self.redis.eval(_WRITE, len(_KEYS), *_KEYS, "1")  # type: ignore[misc]
        except (RedisError, OSError) as error:
            trouble = cause_of(error)
            if trouble != self._trouble:
                log.error("storage_not_usable", kind=type(error).__name__, said=str(error))
            self._trouble = trouble
        else:
            if self._trouble and self._wrote_at is not None:
                log.warning("storage_usable_again")
            self._wrote_at, self._trouble = self.now(), ""

    async def run(self) -> None:
        """Try again and again, for ever."""
        while True:
            await self.write()
            await asyncio.sleep(EVERY_SECONDS)
