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
async def lease(redis: Redis, name: str, holds_for: timedelta = HOLDS_FOR) -> AsyncIterator[bool]:
    """Hold the lease of that name; False where somebody else does. It is given back in the end.

    The work ends with the lease: when that is lost, or could not be renewed in time, it is cancelled and TimeoutError
    raised. What must not happen twice even so is claimed by itself: this only keeps work from being done beside the
    same work.
    """
    key, token = f"{LEASES}{name}", secrets.token_hex(8)
    end = _in(holds_for)
    if not await redis.set(key, token, nx=True, px=holds_for):
        yield False
        return
    async with asyncio.timeout_at(end) as limit:
        renewing = asyncio.create_task(_renew(redis, key, token, holds_for, limit))
        try:
            yield True
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
            await redis.eval(_GIVE_BACK, 1, key, token)  # type: ignore[misc]  # typed for both clients


async def _renew(redis: Redis, key: str, token: str, holds_for: timedelta, limit: asyncio.Timeout) -> None:
    milliseconds = int(holds_for.total_seconds() * 1000)
    while not limit.expired():
        await asyncio.sleep(holds_for.total_seconds() / 4)
        end = _in(holds_for)
        try:
            held = await redis.eval(_RENEW, 1, key, token, milliseconds)  # type: ignore[misc]
        except RedisError as error:
            log.warning("lease_not_renewed", key=key, kind=type(error).__name__)
            continue
        if not held:
            log.warning("lease_lost", key=key)
            end = _in(timedelta())
        if not limit.expired():
            limit.reschedule(end)


def _in(length: timedelta) -> float:
    """A moment on the clock of the loop."""
    return asyncio.get_running_loop().time() + length.total_seconds()
