"""The sign of life of a worker. It waits for nothing but Redis, so that a busy worker is not called dead."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from redis.asyncio import Redis

from bot.jobs.runs import JobRuns
from bot.storage.processes import HEARTBEAT
from bot.storage.worker_lease import RENEW_EVERY, WorkerLease

BEAT_EVERY = RENEW_EVERY


@dataclass(frozen=True)
class Heartbeat:
    """Says that this worker is alive, and what it has done, and renews its lease; one round trip to Redis."""

    redis: Redis
    lease: WorkerLease
    runs: JobRuns
    clock: Callable[[], datetime]

    async def beat(self) -> None:
        """Say so once. Raises RedisError."""
        async with self.redis.pipeline(transaction=False) as pipeline:
            pipeline.set(HEARTBEAT, str(self.clock().timestamp()))
            self.lease.renew(pipeline)
            self.runs.save(pipeline)
            await pipeline.execute()
