"""What the web process does beside answering, for as long as it serves."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog
from redis.exceptions import RedisError

from bot.audit import Audit, Contended

SUM_UP_SECONDS = 10
"""How often the reads of minutes that have ended are summed up."""

log = structlog.get_logger()


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run work that never ends beside everything else; cancel it in the end.

    More than once if need be: a client in the middle of a call may turn a cancellation into an error of its own.
    """
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=0.2)
        if not task.cancelled() and (error := task.exception()):
            raise error


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
