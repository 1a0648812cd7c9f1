"""How the bot is, read from Redis and from its files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from bot.alerts.config import WatchedAlerts
from bot.confirmations import Confirmations
from bot.confirmations.freeze import FREEZE
from bot.jobs.job import EachWorker, Job
from bot.jobs.runs import RUNS, JobRun, read_runs
from bot.permissions.file import PolicyFile
from bot.slack.in_flight import InFlight
from bot.storage.doubts import DOUBT, read_doubt
from bot.storage.processes import HEARTBEAT
from bot.views.status import JobStatus, Status

LATE = timedelta(minutes=1)
"""A job whose next run could have ended this long ago is overdue."""


@dataclass(frozen=True)
class StoredStatus:
    """Reads it in one round trip: the heartbeat, the last runs, the pending records, the freeze, a doubt."""

    redis: Redis
    confirmations: Confirmations
    policy: PolicyFile
    alerts: WatchedAlerts
    jobs: Sequence[Job]
    warnings: Callable[[], Sequence[str]]
    """What is configured and is not safe, a sentence each."""
    requests: InFlight
    """The requests of people in this process."""
    clock: Callable[[], datetime]

    async def read(self) -> Status:
        """Read it. Raises RedisError."""
        async with self.redis.pipeline(transaction=False) as pipeline:
            pipeline.get(HEARTBEAT)
            pipeline.hgetall(RUNS)
            pipeline.zcard(self.confirmations.keys.waiting)
            pipeline.get(FREEZE)
            pipeline.get(DOUBT)
            seen, stored, pending, frozen, doubt = await pipeline.execute()
        runs, now = read_runs(stored), self.clock()
        return Status(
            worker_seen=datetime.fromtimestamp(float(seen), UTC) if seen else None,
            files=self._files(),
            pending=pending,
            freeze=self.confirmations.freezer.read(frozen),
            doubt=read_doubt(doubt),
            warnings=self.warnings(),
            jobs=[job_status(job, runs.get(job.name), now) for job in self.jobs],
            requests=self.requests.load,
        )

    def _files(self) -> dict[str, tuple[str, ...]]:
        """What is wrong with the files as they stand now; alerts.yaml need not be there."""
        self.policy.current()
        files = {self.policy.path.name: self.policy.problems}
        if self.alerts.current() is not None or self.alerts.problems:
            files[self.alerts.path.name] = self.alerts.problems
        return files


def job_status(job: Job, run: JobRun | None, now: datetime) -> JobStatus:
    """How a job is, by its last run."""
    following = job.schedule.next_after(run.at) if run else None
    return JobStatus(
        name=job.name,
        ran_at=run.at if run else None,
        seconds=run.seconds if run else 0,
        failure=run.failure if run else "",
        next_at=job.schedule.next_after(now),
        is_overdue=following is not None and following + job.timeout + LATE < now,
        shown=bool(str(job.schedule)) and not isinstance(job.schedule, EachWorker),
    )
