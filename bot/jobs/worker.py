"""The background jobs: executing agreed changes, expiring confirmations, watching keys and quotas on a schedule.

SAQ carries the jobs and wakes the worker. What makes each thing happen once is in Redis: the claim of a record, the
claim of a schedule's moment. Jobs return nothing and keep their failures to the log, since SAQ would store both.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from saq import CronJob, Queue, Worker
from saq.queue.redis import RedisQueue

from bot.alerts.channels import ChannelCheck
from bot.alerts.config import AlertsFile, WatchedAlerts
from bot.alerts.expiring_keys import ExpiringKeys
from bot.alerts.health import HealthWatch
from bot.alerts.report_job import Reporter
from bot.alerts.schedule import EVERY_MINUTE, TAKEN_FOR, Claims
from bot.alerts.sweep import SWEEP, QuotaSweep
from bot.alerts.tokens import TokenEnds
from bot.alerts.waiting_keys import WaitingKeys
from bot.audit import Audit
from bot.changes import (
    JOB_TIMEOUT,
    Changes,
    Executor,
    FreezeNotices,
    KeyRequests,
    Measurement,
    Outbox,
    Reminders,
    SecretExpiry,
)
from bot.confirmations import Confirmations
from bot.jobs.audit_upkeep import AuditUpkeep
from bot.jobs.file_announcements import FileAnnouncements
from bot.permissions import Policy
from bot.permissions.file import PolicyFile
from bot.quay.errors import QuayError
from bot.slack.messages import Messenger, MessengerError
from bot.storage.sealing import Tampered

QUEUE = "quaymaster"
HEARTBEAT = "quaymaster:worker:seen"
TICK = "* * * * * */2"
"""Every two seconds: so late an expired card may still look live."""
JOB_OF_A_MOMENT = int(TAKEN_FOR.total_seconds()) - 60
"""Seconds; ended before another worker may take the same moment."""

log = structlog.get_logger()


def open_queue(redis: Redis) -> Queue:
    """The queue over the bot's own connection pool."""
    return RedisQueue(redis, name=QUEUE)


async def wake(queue: Queue, record_id: str) -> None:
    """Wake a worker for a due change. If it is lost, the next tick finds the change in the due-set."""
    try:
        await queue.enqueue(
            "execute",
            change=record_id,
            key=f"change:{record_id}",
            timeout=int(JOB_TIMEOUT.total_seconds()),
            ttl=60,
        )
    except RedisError as error:
        log.warning("nudge_failed", change=record_id, kind=type(error).__name__)


@dataclass(frozen=True)
class Jobs:
    """What the worker does."""

    redis: Redis
    queue: Queue
    audit: Audit
    changes: Changes
    key_requests: KeyRequests
    executor: Executor
    outbox: Outbox
    reminders: Reminders
    confirmations: Confirmations
    measurement: Measurement
    freeze_notices: FreezeNotices
    audit_upkeep: AuditUpkeep
    expiry: SecretExpiry
    waiting: WaitingKeys
    expiring: ExpiringKeys
    sweep: QuotaSweep
    health: HealthWatch
    tokens: TokenEnds
    reporter: Reporter
    claims: Claims
    channels: ChannelCheck
    messenger: Messenger
    policy: PolicyFile
    policy_announcements: FileAnnouncements[Policy]
    alerts: WatchedAlerts
    alerts_announcements: FileAnnouncements[AlertsFile | None]
    clock: Callable[[], datetime]

    async def execute(self, _: dict[str, Any], *, change: str) -> None:
        """Execute one change."""
        await self._logged("execute", self.executor.execute(change))

    async def tick(self, _: dict[str, Any]) -> None:
        """Expire, wake, recover, and start whatever a schedule asks for."""
        await self._logged("heartbeat", self.redis.set(HEARTBEAT, str(self.clock().timestamp())))
        await self._logged("policy", self.policy_announcements.tell())
        await self._logged("alerts", self.alerts_announcements.tell())
        await self._logged("channels", self._check_channels())
        await self._logged("freeze", self.freeze_notices.tell())
        await self._logged("expire", self.changes.expire_due())
        await self._logged("wake", self._wake())
        await self._logged("recover", self.executor.recover())
        await self._logged("outbox", self.outbox.deliver_due())
        await self._logged("remind", self.reminders.run())
        await self._logged("secrets", self.expiry.run())
        await self._logged("measuring", self.measurement.follow())
        await self._logged("schedules", self._start_due())

    async def watch_keys(self, _: dict[str, Any]) -> None:
        """Notice keys that wait, no longer wait, or come to their end; whether Quay can be used, and for how long."""
        alerts, first = self.alerts.current(), self.policy.current().first_admin_channel
        keys_channel = alerts.keys_channel if alerts else first
        admin_channel = alerts.admin_channel if alerts else first
        if keys_channel and admin_channel:
            await self._logged("tokens", self.tokens.run(admin_channel))
            await self._logged("watch_keys", self._watch_keys(keys_channel, admin_channel))

    async def sweep_quotas(self, _: dict[str, Any], *, moment: float) -> None:
        """Read all namespaces, and post what is new: the sweep of a moment."""
        alerts = self.alerts.current()
        if alerts and alerts.quotas:
            await self._logged(SWEEP, self.sweep.keep(alerts, datetime.fromtimestamp(moment, UTC)))

    async def keep_audit(self, _: dict[str, Any]) -> None:
        """Sum up refusals, publish the audit's head, seal and trim its old months."""
        await self._logged("sum_up", self.audit_upkeep.sum_up())
        await self._logged("publish", self.audit_upkeep.publish())
        await self._logged("close_months", self.audit_upkeep.close_months())

    async def report(self, _: dict[str, Any], *, moment: float) -> None:
        """Post the report of the period that ended at a moment."""
        alerts = self.alerts.current()
        if alerts and alerts.report:
            await self._logged("report", self.reporter.post(alerts, datetime.fromtimestamp(moment, UTC)))

    async def _watch_keys(self, channel: str, admin_channel: str) -> None:
        keys = await self.health.over(self.key_requests.watch(channel), admin_channel)
        alerts = self.alerts.current()
        if alerts and alerts.keys:
            await self._logged("remind", self.waiting.remind(keys, alerts.keys, alerts.admin_channel))
            await self._logged("expiring", self.expiring.run(keys, alerts.keys, alerts.admin_channel))

    async def _wake(self) -> None:
        for record_id in await self.confirmations.due(self.clock()):
            await wake(self.queue, record_id)

    async def _check_channels(self) -> None:
        """Look at the channels of an alerts file that is new."""
        if alerts := self.alerts.current():
            await self.channels.run(alerts)

    async def _start_due(self) -> None:
        """Enqueue the sweeps whose moment has come; of many workers one takes each moment."""
        alerts, now = self.alerts.current(), self.clock()
        zone = alerts.time_zone if alerts else UTC
        keys = alerts.keys.every if alerts and alerts.keys else EVERY_MINUTE
        planned = [("watch_keys", keys.slot(now, zone)), ("keep_audit", EVERY_MINUTE.slot(now, zone))]
        for name, moment in planned:
            if await self.claims.claim(name, moment):
                await self.queue.enqueue(name, key=name, timeout=600, ttl=60)
        if alerts and (due := await self.sweep.due(alerts)):
            await self.queue.enqueue(SWEEP, moment=due.timestamp(), key=SWEEP, timeout=JOB_OF_A_MOMENT, ttl=60)
        if alerts and (due := await self.reporter.due(alerts)):
            await self.queue.enqueue("report", moment=due.timestamp(), key="report", timeout=JOB_OF_A_MOMENT, ttl=60)

    async def _logged(self, job: str, work: Awaitable[object]) -> None:
        """Do a piece of work; its failure goes to the log and nowhere else, the next tick tries again."""
        try:
            await work
        except (QuayError, MessengerError, RedisError, Tampered) as error:
            log.warning("job_failed", job=job, kind=type(error).__name__, said=str(error))
        except Exception:
            log.exception("job_broken", job=job)


def build_worker(jobs: Jobs, *, own_signals: bool) -> Worker[Any]:
    """The SAQ worker over the jobs. `own_signals` is for a process that is nothing but the worker."""
    worker: Worker[Any] = Worker(
        jobs.queue,
        functions=[
            ("execute", jobs.execute),
            ("watch_keys", jobs.watch_keys),
            ("keep_audit", jobs.keep_audit),
            (SWEEP, jobs.sweep_quotas),
            ("report", jobs.report),
        ],
        cron_jobs=[CronJob(jobs.tick, cron=TICK, timeout=int(JOB_TIMEOUT.total_seconds()), ttl=1)],
        concurrency=8,
        dequeue_timeout=1,
        timers={"schedule": 1, "worker_info": 2, "sweep": 2, "abort": 1},
        shutdown_grace_period_s=45,
    )
    worker.SIGNALS = [signal.SIGINT, signal.SIGTERM] if own_signals else []
    return worker


@asynccontextmanager
async def running(worker: Worker[Any]) -> AsyncIterator[None]:
    """Run the worker beside something else in one process."""
    task = asyncio.create_task(worker.start())
    try:
        yield
    finally:
        worker.event.set()
        await task
