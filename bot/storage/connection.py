"""The way to Redis: to one that stands alone, or to whichever one Sentinels name as the master."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bot.config.addresses import is_sentinel, read_sentinel_url
from bot.storage.breaker import Breaker, guard

log = structlog.get_logger()

SECONDS = 2
"""The longest that anybody waits for Redis."""
CONNECT_SECONDS = 5
CHECK_SECONDS = 30
"""A connection that was idle for longer is tried before it is used."""


class ClusterRefused(Exception):
    """The address is a Redis Cluster's, whose scripts can't touch keys of several slots."""

    def __init__(self) -> None:
        super().__init__(
            "REDIS_URL is the address of a Redis Cluster. Quaymaster changes several keys in one step, which a cluster "
            "refuses. Use a single Redis server, with a replica and Sentinel if you need failover."
        )


@asynccontextmanager
async def open_redis(url: str, *, seconds: int = SECONDS, breaker: Breaker | None = None) -> AsyncIterator[Redis]:
    """Open the client that a `REDIS_URL` names; no command may take longer than `seconds`.

    With a breaker, commands fail at once while Redis doesn't answer.

    By Sentinels, each new connection goes to the master that they name then. One to a server that is no master any
    more is dropped with the first write that it refuses, which raises ConnectionError.
    """
    options: dict[str, Any] = {
        "socket_timeout": seconds,
        "socket_connect_timeout": min(seconds, CONNECT_SECONDS),
        "health_check_interval": CHECK_SECONDS,
    }
    async with AsyncExitStack() as stack:
        if not is_sentinel(url):
            redis = await stack.enter_async_context(Redis.from_url(url, **options))
            if breaker:
                guard(redis, breaker)
            yield redis
            return
        named = read_sentinel_url(url)
        asked_once = {"retry": Retry(NoBackoff(), 0)}  # a Sentinel that is away is passed over: there are others
        guide = Sentinel(  # type: ignore[no-untyped-call]  # redis-py leaves its signature without types
            named.sentinels, sentinel_kwargs={**options, **asked_once, **named.sentinel}, **options, **named.redis
        )
        for sentinel in guide.sentinels:
            stack.push_async_callback(sentinel.aclose)
        master = await stack.enter_async_context(guide.master_for(named.service, redis_class=Redis))
        if breaker:
            guard(master, breaker)
        yield master


async def refuse_cluster(redis: Redis) -> None:
    """Check the server's mode at start. Raises ClusterRefused; a Redis that can't be asked is only logged."""
    try:
        info: dict[str, Any] = await redis.info("server")
    except (RedisError, OSError) as error:
        log.error("redis_not_reached", kind=type(error).__name__, said=str(error))
        return
    if info.get("redis_mode") == "cluster":
        raise ClusterRefused
