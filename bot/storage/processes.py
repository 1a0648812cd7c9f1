"""Which processes of the bot run, and their versions: each says so in Redis while it lives."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Literal

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

HEARTBEAT = "quaymaster:worker:seen"
"""When a worker was last alive, in seconds since 1970."""
PROCESSES = "quaymaster:processes"
"""A sorted set: each process as JSON, by when it last said that it runs."""
SAY_EVERY = timedelta(seconds=15)
GONE_AFTER = timedelta(minutes=1)
"""A process that said nothing for so long doesn't run any more."""

Kind = Literal["serve", "worker"]
log = structlog.get_logger()


class Process(BaseModel):
    """One process of the bot."""

    model_config = ConfigDict(frozen=True)

    kind: str
    version: str
    host: str
    pid: int


@dataclass(frozen=True)
class Presence:
    """Says that this process runs."""

    redis: Redis
    kind: Kind
    clock: Callable[[], datetime]
    process: str = field(init=False)

    def __post_init__(self) -> None:
        own = Process(kind=self.kind, version=version("quaymaster"), host=socket.gethostname(), pid=os.getpid())
        object.__setattr__(self, "process", own.model_dump_json())

    async def say(self) -> None:
        """Say so once, and drop those that are gone. Raises RedisError."""
        now = self.clock()
        async with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.zadd(PROCESSES, {self.process: now.timestamp()})
            pipeline.zremrangebyscore(PROCESSES, "-inf", (now - 2 * GONE_AFTER).timestamp())
            await pipeline.execute()

    async def keep_saying(self) -> None:
        """Say so again and again, until it is cancelled; then take the process out."""
        try:
            while True:
                try:
                    await self.say()
                except (RedisError, OSError) as error:
                    log.debug("presence_not_said", kind=type(error).__name__)
                await asyncio.sleep(SAY_EVERY.total_seconds())
        finally:
            try:
                await self.redis.zrem(PROCESSES, self.process)
            except (RedisError, OSError) as error:
                log.debug("presence_not_ended", kind=type(error).__name__)


async def running_processes(redis: Redis, now: datetime) -> list[Process]:
    """The processes that run, of any version. Raises RedisError."""
    stored = await redis.zrangebyscore(PROCESSES, (now - GONE_AFTER).timestamp(), "+inf")
    return list(_readable(stored))


async def worker_seen(redis: Redis) -> datetime | None:
    """When a worker last said that it lives. Raises RedisError."""
    seen = await redis.get(HEARTBEAT)
    return datetime.fromtimestamp(float(seen), UTC) if seen else None


def _readable(stored: Iterable[bytes]) -> Iterable[Process]:
    """Those that this version can read."""
    for each in stored:
        try:
            yield Process.model_validate_json(each)
        except ValidationError:
            continue
