"""One worker at a time: a lease in Redis that its holder renews, and that a dead one loses within a minute."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

LEASES = "quaymaster:lease:"
HOLDS_FOR = timedelta(minutes=1)
_RENEWED_EVERY = HOLDS_FOR / 4

_RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
_GIVE_BACK = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def lease(redis: Redis, name: str) -> AsyncIterator[bool]:
    """Hold the lease of that name; False where somebody else does. It is given back in the end.

    What must not happen twice even if Redis loses the lease is claimed by itself: this only keeps work from being
    done beside the same work.
    """
    key, token = f"{LEASES}{name}", secrets.token_hex(8)
    if not await redis.set(key, token, nx=True, px=HOLDS_FOR):
        yield False
        return
    renewing = asyncio.create_task(_renew(redis, key, token))
    try:
        yield True
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        await redis.eval(_GIVE_BACK, 1, key, token)  # type: ignore[misc]  # typed for both clients


async def _renew(redis: Redis, key: str, token: str) -> None:
    while True:
        await asyncio.sleep(_RENEWED_EVERY.total_seconds())
        try:
            held = await redis.eval(_RENEW, 1, key, token, int(HOLDS_FOR.total_seconds() * 1000))  # type: ignore[misc]
        except RedisError as error:
            log.warning("lease_not_renewed", key=key, kind=type(error).__name__)
            continue
        if not held:
            log.warning("lease_lost", key=key)
            return
