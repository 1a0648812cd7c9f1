"""The worker walks one table of jobs: each in a task of its own, its last run known, its failure its own affair."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from saq.queue.redis import RedisQueue
from structlog.testing import capture_logs

from bot.alerts.config import AlertsFile
from bot.alerts.schedule import EVERY_MINUTE, Claims
from bot.changes.executions import Executions
from bot.jobs.heartbeat import Heartbeat
from bot.jobs.job import EachWorker, Job, OneWorker
from bot.jobs.runs import RUNS, JobRun, JobRuns, read_runs
from bot.jobs.worker import QUEUE, TICK_OF_EARLIER_VERSIONS, Worker, running
from bot.loading import open_alerts
from bot.model.units import write_duration
from bot.quay.errors import QuayError
from bot.storage.processes import HEARTBEAT
from bot.storage.worker_lease import WorkerLease
from tests.support.world import START, Clock, World, text_of

ROOT = Path(__file__).parents[2]
SOON = timedelta(milliseconds=20)
QUICKLY = timedelta(seconds=10)


def often(name: str, run: Callable[[], Awaitable[object]], clock: Clock, timeout: timedelta = QUICKLY) -> Job:
    return Job(name, "", EachWorker(SOON, clock), timeout, lambda _: run())


@asynccontextmanager
async def at_work(redis: Redis, clock: Clock, *jobs: Job) -> AsyncIterator[JobRuns]:
    """A worker with these jobs, over the tests' Redis."""
    runs = JobRuns()
    worker = Worker(jobs, Executions(_nothing), RedisQueue(redis, name=QUEUE), runs, clock)
    async with running(worker):
        yield runs


async def _nothing(_: str) -> None:
    pass


async def until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not seen():  # noqa: ASYNC110  # what is awaited sets no event
            await asyncio.sleep(0.01)


async def test_a_job_that_hangs_holds_up_no_other(redis: Redis) -> None:
    """Each waits for itself alone."""
    clock, hung, done = Clock(), asyncio.Event(), list[datetime]()

    async def hang() -> None:
        hung.set()
        await asyncio.Event().wait()

    async def work() -> None:
        done.append(clock())

    async with at_work(redis, clock, often("hangs", hang, clock, timedelta(seconds=1)), often("works", work, clock)):
        await hung.wait()
        done.clear()
        await until(lambda: len(done) > 3)


async def test_a_run_that_takes_too_long_is_cancelled_and_the_next_one_runs(redis: Redis) -> None:
    """So says the log, and the job's last run."""
    clock, begun = Clock(), list[int]()

    async def hang() -> None:
        begun.append(1)
        await asyncio.Event().wait()

    with capture_logs() as logs:
        async with at_work(redis, clock, often("hangs", hang, clock, timedelta(milliseconds=50))) as runs:
            await until(lambda: len(begun) > 1)
            assert runs.unsaved["hangs"].failure == "TimeoutError"
    assert {"job_failed"} == {entry["event"] for entry in logs if entry.get("job") == "hangs"} - {"job_ran"}


@pytest.mark.parametrize(
    ("failure", "event"),
    [(QuayError("no", operation="listAllUsers"), "job_failed"), (ZeroDivisionError("whatever"), "job_broken")],
)
async def test_a_failure_goes_to_the_log_and_the_next_run_tries_again(
    redis: Redis, failure: Exception, event: str
) -> None:
    """What nobody thought of as well: a job never ends for good."""
    clock, begun = Clock(), list[int]()

    async def fail() -> None:
        begun.append(1)
        if len(begun) == 1:
            raise failure

    with capture_logs() as logs:
        async with at_work(redis, clock, often("fails", fail, clock)) as runs:
            await until(lambda: len(begun) > 1)
            await until(lambda: runs.unsaved["fails"].failure == "")
    assert event in {entry["event"] for entry in logs if entry.get("job") == "fails"}


async def test_a_failure_that_stays_the_same_is_logged_once_a_minute(redis: Redis) -> None:
    """While Redis or Slack is away, every job fails at every run."""
    clock, begun = Clock(), list[int]()

    async def fail() -> None:
        begun.append(1)
        raise QuayError("no", operation="listAllUsers")

    with capture_logs() as logs:
        async with at_work(redis, clock, often("fails", fail, clock)):
            await until(lambda: len(begun) > 3)
    assert [entry["event"] for entry in logs if entry.get("job") == "fails" and entry["log_level"] != "debug"] == [
        "job_failed"
    ]


async def test_a_worker_that_stops_shows_that_it_is_alive_until_its_last_change_is_executed(redis: Redis) -> None:
    """Else another one would take the change over while its call is under way."""
    clock, beats, may_end, begun = Clock(), list[int](), asyncio.Event(), asyncio.Event()

    async def beat() -> None:
        beats.append(1)

    async def execute(_: str) -> None:
        begun.set()
        await may_end.wait()

    executions = Executions(execute)
    heart, other = often("heart", beat, clock), often("other", begun.wait, clock)
    jobs = (replace(heart, until_drained=True), other)
    worker = Worker(jobs, executions, RedisQueue(redis, name=QUEUE), JobRuns(), clock)
    executions.start("one")
    working = asyncio.create_task(worker.run())
    await begun.wait()
    worker.stop()
    await until(lambda: {task.get_name() for task in asyncio.all_tasks()}.isdisjoint({"other", "wake"}))
    beats.clear()
    await until(lambda: len(beats) > 3)
    assert not working.done()
    may_end.set()
    await working


async def test_of_many_workers_one_runs_a_moment(redis: Redis) -> None:
    """The claim is in Redis; the next moment is anybody's."""
    clock = Clock()
    schedules = [OneWorker("watch_keys", Claims(redis), lambda: EVERY_MINUTE, lambda: UTC, clock) for _ in range(5)]
    for _ in range(2):
        taken = await asyncio.gather(*(schedule.take() for schedule in schedules))
        assert [moment for moment in taken if moment] == [clock()]
        clock.forward(minutes=1)
    assert schedules[0].next_after(clock()) == clock() + timedelta(minutes=1)


async def test_the_heartbeat_says_what_was_run(redis: Redis) -> None:
    """In the round trip that it makes anyway; what one worker ran does not hide what another did."""
    clock = Clock()

    async def work() -> None:
        clock.forward(seconds=3)

    async with at_work(redis, clock, often("works", work, clock)) as runs:
        await until(lambda: "works" in runs.unsaved)
        await Heartbeat(redis, WorkerLease(redis), runs, clock).beat()
    other = JobRuns()
    await Heartbeat(redis, WorkerLease(redis), other, clock).beat()
    stored = read_runs(await redis.hgetall(RUNS))  # type: ignore[misc]  # typed for both clients
    assert stored["works"].at >= START
    assert float(await redis.get(HEARTBEAT)) == clock().timestamp()


async def test_a_run_that_cannot_be_read_is_no_run(redis: Redis) -> None:
    """Another version may write more than this one understands."""
    await redis.hset(RUNS, mapping={"works": "{}", "other": '{"at":"2026-11-24T12:00:00Z","seconds":1,"new":2}'})  # type: ignore[misc]
    assert set(read_runs(await redis.hgetall(RUNS))) == {"other"}  # type: ignore[misc]


async def test_what_a_worker_of_an_earlier_version_puts_on_the_queue_is_run(redis: Redis) -> None:
    """It has taken the moment by then, so nobody else would; its tick is done by the table."""
    clock, moments = Clock(), list[datetime]()

    async def sweep(moment: datetime) -> None:
        moments.append(moment)

    never = OneWorker("sweep_quotas", Claims(redis), lambda: EVERY_MINUTE, lambda: UTC, clock)
    await never.take()
    job = Job("sweep_quotas", "", never, QUICKLY, sweep)
    queue = RedisQueue(redis, name=QUEUE)
    ticked = await queue.enqueue(TICK_OF_EARLIER_VERSIONS, key="cron:Jobs.tick")
    await queue.enqueue("sweep_quotas", moment=START.timestamp(), key="sweep_quotas", timeout=540, ttl=60)
    async with at_work(redis, clock, job):
        await until(lambda: bool(moments))
    assert moments == [START]
    assert ticked is not None
    await ticked.refresh()
    assert ticked.status == "complete"


def test_every_job_has_a_name_of_its_own_and_the_earlier_ones_kept_theirs(world: World) -> None:
    """The names are in Redis and on the queue, where two versions meet."""
    names = [job.name for job in world.app.worker.jobs]
    assert len(set(names)) == len(names)
    assert {"watch_keys", "keep_audit", "sweep_quotas", "report"} <= set(names)


def test_a_schedule_says_when_it_comes_next(world: World) -> None:
    """By the files as they stand; a section that is missing has no schedule."""
    jobs = {job.name: job.schedule for job in world.app.worker.jobs}
    assert str(jobs["heartbeat"]) == "5s"
    assert str(jobs["watch_keys"]) == "1m"
    assert (str(jobs["sweep_quotas"]), jobs["sweep_quotas"].next_after(START)) == ("", None)
    sections = {"quotas": {"every": "15m"}, "report": {}}
    world.alerts = AlertsFile.model_validate({"version": 1, "admin_channel": "C1", **sections})
    assert str(jobs["sweep_quotas"]) == "15m"
    assert jobs["sweep_quotas"].next_after(START) == START + timedelta(minutes=15)
    assert str(jobs["report"]) == "0 9 * * mon"
    assert jobs["report"].next_after(START) == datetime(2026, 11, 30, 9, tzinfo=UTC)


ROWS = re.compile(r"^\| `([a-z_]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.M)


def test_the_manual_lists_every_job(world: World) -> None:
    """With what it does, how often by the sandbox's files, and for how long at most."""
    world.alerts = open_alerts(str(ROOT / "sandbox" / "alerts.yaml")).current()
    manual = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    listed = {name: tuple(rest) for name, *rest in ROWS.findall(manual)}
    jobs = world.app.worker.jobs
    assert listed == {job.name: (job.summary, _rhythm(job), write_duration(job.timeout)) for job in jobs}


def _rhythm(job: Job) -> str:
    return {"watch_keys": "`keys.every`", "sweep_quotas": "`quotas.every`", "report": "`report.every`"}.get(
        job.name, str(job.schedule)
    )


async def stored(world: World, job: str, **run: Any) -> None:
    """A worker was alive just now, and a job of it ran."""
    await world.redis.set(HEARTBEAT, str(world.clock().timestamp()))
    value = JobRun(**{"at": world.clock(), "seconds": 1.25, **run}).model_dump_json()
    await world.redis.hset(RUNS, job, value)  # type: ignore[misc]  # typed for both clients


async def status(world: World) -> str:
    answer = await world.type("U0ALICE", "status")
    assert answer is not None
    return text_of(answer)


async def test_status_says_when_the_scheduled_jobs_ran_and_run_next(world: World) -> None:
    """Of those that have a schedule of their own; what every worker does all the time is no news."""
    await stored(world, "watch_keys")
    world.clock.forward(seconds=20)
    await world.redis.set(HEARTBEAT, str(world.clock().timestamp()))
    said = await status(world)
    assert "`watch_keys` 20 s ago (1.2 s), next in 40 s" in said
    assert "outbox" not in said
    assert "sweep_quotas" not in said, "there is no alerts.yaml"


@pytest.mark.parametrize("job", ["outbox", "watch_keys"])
async def test_status_names_a_job_that_failed(world: World, job: str) -> None:
    """With the kind of error, until a run does its work."""
    await stored(world, job, failure="MessengerError")
    said = await status(world)
    assert f"job `{job}` failed 0 s ago:* MessengerError" in said
    assert "The bot has a problem" in said
    await stored(world, job)
    assert "The bot is well" in await status(world)


async def test_status_names_a_job_that_is_overdue_though_the_worker_is_alive(world: World) -> None:
    """Once even a run that takes as long as it may would have ended; a silent worker is said instead."""
    await stored(world, "expire")
    world.clock.forward(minutes=2)
    await world.redis.set(HEARTBEAT, str(world.clock().timestamp()))
    assert "The bot is well" in await status(world)
    world.clock.forward(seconds=3)
    await world.redis.set(HEARTBEAT, str(world.clock().timestamp()))
    assert "job `expire` is overdue:* its last run was 2 min 3 s ago" in await status(world)
    world.clock.forward(minutes=2)
    said = await status(world)
    assert "The worker was last seen 2 min ago" in said
    assert "overdue" not in said
