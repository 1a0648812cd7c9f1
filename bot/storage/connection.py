"""The way to Redis: to one that stands alone, or to whichever one Sentinels name as the master."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.sentinel import Sentinel

from bot.config.addresses import is_sentinel, read_sentinel_url

CONNECT_SECONDS = 5
CHECK_SECONDS = 30
"""A connection that was idle for longer is tried before it is used."""


@asynccontextmanager
async def open_redis(url: str, *, seconds: int) -> AsyncIterator[Redis]:
    """Open the client that a `REDIS_URL` names; no command may take longer than `seconds`.

    By Sentinels, each new connection goes to the master that they name then. Those to one that is no master any more
    are dropped with the first write that it refuses, which raises ReadOnlyError, a RedisError.
    """
    options: dict[str, Any] = {
        "socket_timeout": seconds,
        "socket_connect_timeout": CONNECT_SECONDS,
        "health_check_interval": CHECK_SECONDS,
    }
    async with AsyncExitStack() as stack:
        if not is_sentinel(url):
            yield await stack.enter_async_context(Redis.from_url(url, **options))
            return
        named = read_sentinel_url(url)
        guide = Sentinel(  # type: ignore[no-untyped-call]  # redis-py leaves its signature without types
            named.sentinels, sentinel_kwargs={**options, **named.sentinel}, **options, **named.redis
        )
        for sentinel in guide.sentinels:
            stack.push_async_callback(sentinel.aclose)
        yield await stack.enter_async_context(guide.master_for(named.service, redis_class=Redis))
