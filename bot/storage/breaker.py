"""A circuit breaker for Redis, so that everyone hears at once that it hangs.

A Redis that doesn't answer costs the first command its timeout. While the breaker is open every other command fails at
once instead of waiting in line for the same; one command a second tries whether Redis is back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

OPEN_SECONDS = 1.0
"""How long the breaker stays open before one command tries again."""
TRIAL_SECONDS = 3.0
"""How long that one may take before another tries."""

log = structlog.get_logger()


@dataclass
class Breaker:
    """Opens when Redis doesn't answer, and closes with its next answer."""

    now: Callable[[], float] = monotonic
    _open_until: float | None = None

    def check(self) -> None:
        """Let a command through, or raise RedisConnectionError at once while the breaker is open."""
        if self._open_until is None:
            return
        if self.now() < self._open_until:
            raise RedisConnectionError("Redis did not answer a moment ago; not asked again yet.")
        self._open_until = self.now() + TRIAL_SECONDS  # this command tries; others still fail at once

    def trip(self) -> None:
        """Redis did not answer."""
        if self._open_until is None:
            log.error("redis_not_answering")
        self._open_until = self.now() + OPEN_SECONDS

    def close(self) -> None:
        """Redis answered."""
        if self._open_until is not None:
            log.warning("redis_answers_again")
        self._open_until = None


class _Guarded(AbstractConnection):
    """A connection that tells the breaker how it fares."""

    breaker: Breaker

    async def connect(self) -> None:
        try:
            await super().connect()  # type: ignore[no-untyped-call]  # as redis-py has it
        except (RedisConnectionError, RedisTimeoutError, OSError):
            self.breaker.trip()
            raise

    async def read_response(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  # as redis-py has it
        try:
            answer = await super().read_response(*args, **options)
        except RedisTimeoutError:
            self.breaker.trip()
            raise
        except ResponseError:
            self.breaker.close()
            raise
        self.breaker.close()
        return answer


def guard(redis: Redis, breaker: Breaker) -> None:
    """Let a client's connections obey a breaker, and retry a command once if its connection was closed."""
    pool = redis.connection_pool
    kind = pool.connection_class
    pool.connection_class = type(f"Guarded{kind.__name__}", (_Guarded, kind), {"breaker": breaker})
    pool.connection_kwargs["retry"] = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
    get = pool.get_connection

    async def get_connection(*args: Any, **options: Any) -> AbstractConnection:  # noqa: ANN401
        breaker.check()
        connection: AbstractConnection = await get(*args, **options)  # type: ignore[no-untyped-call]
        return connection

    pool.get_connection = get_connection  # type: ignore[method-assign]
