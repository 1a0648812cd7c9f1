"""What the web process does beside answering, for as long as it serves."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from redis.exceptions import RedisError

from bot.audit import Audit, Contended

SUM_UP_SECONDS = 10
"""How often the reads of minutes that have ended are summed up."""

log = structlog.get_logger()


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run work that never ends beside everything else; cancel it in the end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def sum_up_reads(audit: Audit) -> None:
    """Record the sums of reads again and again, and those that are left when the process ends."""
    try:
        while True:
            await asyncio.sleep(SUM_UP_SECONDS)
            await _sum_up(audit, at_once=False)
    finally:
        await _sum_up(audit, at_once=True)


async def _sum_up(audit: Audit, *, at_once: bool) -> None:
    try:
        await audit.reads.sum_up(at_once=at_once)
    except (RedisError, Contended) as error:
        log.warning("reads_not_summed_up", kind=type(error).__name__)
