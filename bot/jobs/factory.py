"""The table of periodic jobs: whatever the bot does by itself is one row here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeAlias

from bot.alerts.config import AlertsFile
from bot.alerts.factory import AlertParts
from bot.alerts.report_job import REPORT
from bot.alerts.schedule import EVERY_MINUTE, TAKEN_FOR, Claims, Schedule
from bot.alerts.settings import AlertSettings
from bot.alerts.sweep import SWEEP
from bot.changes.factory import ChangeParts
from bot.jobs.audit_upkeep import AuditUpkeep
from bot.jobs.file_announcements import FileAnnouncements
from bot.jobs.heartbeat import BEAT_EVERY, Heartbeat
from bot.jobs.job import LOOK_EVERY, EachWorker, Job, OfAlerts, OneWorker, Section
from bot.jobs.key_watch import KeyWatch
from bot.jobs.user_group_check import UserGroupCheck
from bot.quay.turns import Rank

Run: TypeAlias = Callable[[], Awaitable[object]]
RunOfAlerts: TypeAlias = Callable[[AlertsFile, datetime], Awaitable[object]]
SectionOf: TypeAlias = Callable[[AlertsFile], Section | None]
Due: TypeAlias = Callable[[AlertsFile], Awaitable[datetime | None]]

SHORT = timedelta(minutes=1)
LONG = timedelta(minutes=10)
WITHIN_ITS_MOMENT = TAKEN_FOR - timedelta(minutes=1)
"""Ended before another worker may take the same moment."""


@dataclass(frozen=True)
class Upkeep:
    """What looks after the bot itself."""

    audit: AuditUpkeep
    user_groups: UserGroupCheck


@dataclass(frozen=True)
class JobParts:
    """What the jobs are made of."""

    changes: ChangeParts
    alerts: AlertParts
    settings: AlertSettings
    heartbeat: Heartbeat
    key_watch: KeyWatch
    upkeep: Upkeep
    files: Mapping[str, FileAnnouncements[Any]]
    """The files that are watched, by the names of their jobs."""


def build_jobs(parts: JobParts, claims: Claims) -> tuple[Job, ...]:
    """Every periodic job. What a job does is in a file of its own; when, and for how long at most, is said here."""
    changes, alerts, settings = parts.changes, parts.alerts, parts.settings
    confirmations, clock, execution = changes.tools.confirmations, changes.tools.clock, changes.execution

    def often(
        name: str,
        summary: str,
        run: Run,
        timeout: timedelta = SHORT,
        every: timedelta = LOOK_EVERY,
        rank: Rank = Rank.BACKGROUND,
    ) -> Job:
        """In every worker, again and again."""
        return Job(name, summary, EachWorker(every, clock), timeout, lambda _: run(), rank)

    def shared(name: str, summary: str, run: Run, rhythm: Callable[[], Schedule]) -> Job:
        """In one worker at each moment."""
        schedule = OneWorker(name, claims, rhythm, settings.time_zone, clock)
        return Job(name, summary, schedule, LONG, lambda _: run())

    def of_alerts(name: str, summary: str, run: RunOfAlerts, section: SectionOf, due: Due) -> Job:
        """By a section of alerts.yaml, however late."""
        schedule = OfAlerts(settings, section, due)
        return Job(name, summary, schedule, WITHIN_ITS_MOMENT, partial(_with_file, settings, run))

    async def execute_due() -> None:
        for record_id in await confirmations.due(clock()):
            execution.executions.start(record_id)

    async def check_channels() -> None:
        if file := settings.current():
            await alerts.channels.run(file)

    async def sweep(file: AlertsFile, moment: datetime) -> None:
        await alerts.health.over_lists(alerts.sweep.keep(file, moment), file.admin_channel)

    outbox, upkeep = changes.tools.outbox, parts.upkeep.audit
    return (
        replace(
            often("heartbeat", "shows that the worker is alive", parts.heartbeat.beat, BEAT_EVERY, BEAT_EVERY),
            until_drained=True,
        ),
        often("execute_due", "executes approved changes", execute_due),
        often("expire", "closes changes that nobody decided on in time", changes.approvals.expire_due),
        often("recover", "takes over changes whose worker died", execution.recovery.run, LONG, rank=Rank.CHANGE),
        often("look_again", "checks changes whose outcome is unknown", execution.looks.run, LONG, rank=Rank.CHANGE),
        often("outbox", "delivers cards and outcomes that Slack did not take", outbox.deliver_due, LONG),
        often("remind", "reminds approvers of what waits for them", changes.reminders.run, LONG),
        often("secrets", "offers secrets and destroys unseen ones", changes.secret_expiry.run, LONG),
        often("freeze", "announces a freeze or a thaw", changes.freeze_notices.tell),
        often("measurement", "follows a measurement of the registry", changes.measurement.follow),
        *(often(name, "loads and announces a changed file", file.tell) for name, file in parts.files.items()),
        often("user_groups", "reports user groups that Slack doesn't have", parts.upkeep.user_groups.run, every=SHORT),
        often("channels", "checks the channels of a new alerts.yaml", check_channels, LONG),
        shared("watch_keys", "watches service keys and Quay itself", parts.key_watch.run, settings.keys_rhythm),
        shared("keep_audit", "publishes the audit's head, seals and trims months", upkeep.run, lambda: EVERY_MINUTE),
        of_alerts(SWEEP, "posts quota alerts", sweep, lambda file: file.quotas, alerts.sweep.due),
        of_alerts(REPORT, "posts the report", alerts.reporter.post, lambda file: file.report, alerts.reporter.due),
    )


async def _with_file(settings: AlertSettings, run: RunOfAlerts, moment: datetime) -> None:
    if file := settings.current():
        await run(file, moment)
