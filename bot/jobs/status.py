"""How the bot is, read from Redis and from its files."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from redis.asyncio import Redis

from bot.alerts.config import WatchedAlerts
from bot.confirmations import Confirmations
from bot.confirmations.freeze import FREEZE
from bot.jobs.heartbeat import HEARTBEAT
from bot.permissions.file import PolicyFile
from bot.views.meta import Status


@dataclass(frozen=True)
class StoredStatus:
    """Reads it in one round trip: the worker's heartbeat, the number of pending records, the freeze."""

    redis: Redis
    confirmations: Confirmations
    policy: PolicyFile
    alerts: WatchedAlerts

    async def read(self) -> Status:
        """Read it. Raises RedisError."""
        async with self.redis.pipeline(transaction=False) as pipeline:
            pipeline.get(HEARTBEAT)
            pipeline.zcard(self.confirmations.keys.waiting)
            pipeline.get(FREEZE)
            seen, pending, frozen = await pipeline.execute()
        return Status(
            version=version("quaymaster"),
            worker_seen=datetime.fromtimestamp(float(seen), UTC) if seen else None,
            files=self._files(),
            pending=pending,
            freeze=self.confirmations.freezer.read(frozen),
        )

    def _files(self) -> dict[str, tuple[str, ...]]:
        """What is wrong with the files as they stand now; alerts.yaml need not be there."""
        self.policy.current()
        files = {self.policy.path.name: self.policy.problems}
        if self.alerts.current() is not None or self.alerts.problems:
            files[self.alerts.path.name] = self.alerts.problems
        return files
