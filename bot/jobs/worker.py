"""The worker: walks the table of periodic jobs, and executes agreed changes.

Each job has its own task, so that none waits behind another. What makes each thing happen once is in Redis: the claim
of a record, the claim of a schedule's moment. SAQ only wakes a worker for a change that has become due; an abort or a
sweep of SAQ's finds nothing that it could break off.
"""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from saq import Queue
from saq import Worker as SaqWorker
from saq.queue.redis import RedisQueue

from bot.changes.executions import Executions
from bot.jobs.job import Job
from bot.jobs.runs import JobRun, JobRuns
from bot.quay.errors import QuayError
from bot.quay.turns import on_behalf_of
from bot.slack.messages import MessengerError
from bot.storage.sealing import Tampered

QUEUE = "quaymaster"
EXECUTE = "execute"
"""The job on SAQ's queue that wakes a worker for a change."""
TICK_OF_EARLIER_VERSIONS = "Jobs.tick"
"""What a worker of an earlier version puts on the queue every two seconds; here the table does what it did."""
EARLIER_TIMEOUT = timedelta(minutes=3)
"""A worker of an earlier version ends the execution of a change after this long."""
LOGGED_EVERY = timedelta(minutes=1)
"""A job that fails in the same way again and again is in the log this often."""
GRACE = timedelta(seconds=20)
"""How long a run that is under way when the worker is to stop may go on; executions go on to their end."""

log = structlog.get_logger()


class _InOneLine(logging.Filter):
    """Has SAQ say in one line that Redis is away: it tries each second, and would log a traceback each time."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, RedisError | OSError):
            record.msg, record.args = f"{record.getMessage()} ({type(error).__name__})", ()
            record.exc_info = record.exc_text = None
        return True


_IN_ONE_LINE = _InOneLine()


def open_queue(redis: Redis) -> Queue:
    """The queue over the bot's own connection pool."""
    return RedisQueue(redis, name=QUEUE)


async def wake(queue: Queue, record_id: str) -> None:
    """Wake a worker for a due change. If it is lost, a worker finds the change in the due-set."""
    timeout = int(EARLIER_TIMEOUT.total_seconds())
    try:
        await queue.enqueue(EXECUTE, change=record_id, key=f"change:{record_id}", timeout=timeout, ttl=60)
    except RedisError as error:
        log.warning("wake_failed", change=record_id, kind=type(error).__name__)


class Worker:
    """Runs until it is told to stop."""

    def __init__(
        self,
        jobs: Sequence[Job],
        executions: Executions,
        queue: Queue,
        runs: JobRuns,
        clock: Callable[[], datetime],
    ) -> None:
        self.jobs = tuple(jobs)
        self._executions = executions
        self._queue = queue
        self._runs = runs
        self._clock = clock
        self._stopping = asyncio.Event()
        self._drained = asyncio.Event()
        self._logged: dict[str, tuple[str, float]] = {}
        """The failure of each job that the log had last, and when, by the clock of the loop."""
        self._running: set[asyncio.Task[None]] = set()
        """Runs that were asked for by a worker of an earlier version."""

    def stop(self) -> None:
        """Have `run` come to its end."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop`; then let what is under way end, and every execution of a change in any case."""
        woken = self._waker()
        log.info("worker_started", jobs={job.name: str(job.schedule) for job in self.jobs})
        tasks = {asyncio.create_task(self._keep(job), name=job.name): job for job in self.jobs}
        lasting = [task for task, job in tasks.items() if job.until_drained]
        others = [asyncio.create_task(woken.start(), name="wake"), *(task for task in tasks if task not in lasting)]
        try:
            await self._stopping.wait()
        finally:
            woken.event.set()
            self._stopping.set()
            await asyncio.gather(self._executions.drain(), self._wind_up(others))
            self._drained.set()
            await self._wind_up(lasting)
            log.info("worker_stopped")

    async def _wind_up(self, tasks: Sequence["asyncio.Task[None]"]) -> None:
        """Wait for what is under way, and cancel what takes longer than GRACE."""
        if unfinished := {*tasks, *self._running}:
            _, unfinished = await asyncio.wait(unfinished, timeout=GRACE.total_seconds())
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)

    async def _keep(self, job: Job) -> None:
        """Run a job whenever it is due."""
        end = self._drained if job.until_drained else self._stopping
        while not end.is_set():
            moment = await self._due(job)
            if moment is not None:
                await self._run(job, moment)
            await _passed_or_set(job.schedule.look_every, end)

    async def _due(self, job: Job) -> datetime | None:
        try:
            return await job.schedule.take()
        except RedisError as error:
            log.warning("schedule_not_read", job=job.name, kind=type(error).__name__)
        except Exception:
            log.exception("schedule_broken", job=job.name)
        return None

    async def _run(self, job: Job, moment: datetime) -> None:
        """Do one run; its failure goes to the log and nowhere else."""
        at, began, failure = self._clock(), time.monotonic(), ""
        try:
            async with asyncio.timeout(job.timeout.total_seconds()):
                with on_behalf_of(job.name, job.rank):
                    await job.run(moment)
        except (QuayError, MessengerError, RedisError, Tampered, TimeoutError) as error:
            failure = type(error).__name__
            self._log_failure(job, failure, str(error))
        except Exception as error:
            failure = type(error).__name__
            log.exception("job_broken", job=job.name)
        seconds = round(time.monotonic() - began, 3)
        log.debug("job_ran", job=job.name, seconds=seconds)
        self._runs.note(job.name, JobRun(at=at, seconds=seconds, failure=failure))

    def _log_failure(self, job: Job, kind: str, said: str) -> None:
        """Once a minute for as long as it is the same: while Redis is away, every job fails at every run."""
        before, at = self._logged.get(job.name, ("", 0.0))
        now = time.monotonic()
        if kind != before or now - at >= LOGGED_EVERY.total_seconds():
            self._logged[job.name] = (kind, now)
            log.warning("job_failed", job=job.name, kind=kind, said=said)

    def _waker(self) -> SaqWorker[Any]:
        """What takes jobs from SAQ's queue; each ends at once, since the work itself has a task of its own."""
        functions: list[tuple[str, Any]] = [(EXECUTE, self._execute), (TICK_OF_EARLIER_VERSIONS, _nothing)]
        functions += [(job.name, self._asked_for(job)) for job in self.jobs]
        logging.getLogger("saq").addFilter(_IN_ONE_LINE)
        woken: SaqWorker[Any] = SaqWorker(
            self._queue, functions=functions, concurrency=2, dequeue_timeout=1, shutdown_grace_period_s=2
        )
        woken.SIGNALS = []
        return woken

    async def _execute(self, _: dict[str, Any], *, change: str) -> None:
        self._executions.start(change)

    def _asked_for(self, job: Job) -> Callable[..., Any]:
        """A run that a worker of an earlier version asks for, which has taken its moment already."""

        async def start(_: dict[str, Any], *, moment: float | None = None) -> None:
            at = datetime.fromtimestamp(moment, UTC) if moment is not None else self._clock()
            task = asyncio.create_task(self._run(job, at))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

        return start


async def _passed_or_set(length: timedelta, event: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(length.total_seconds()):
            await event.wait()
    except TimeoutError:
        return


async def _nothing(_: dict[str, Any]) -> None:
    """Done otherwise."""


@contextmanager
def stopped_by_signals(worker: Worker) -> Iterator[None]:
    """Have SIGINT and SIGTERM stop a worker, in a process that is nothing but the worker."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[None]:
    """Run the worker beside something else in one process."""
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await task
