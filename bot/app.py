"""The composition root: opens the connections and has each package's factory build its parts. It alone knows all."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from redis.asyncio import Redis
from saq import Queue
from slack_sdk.web.async_client import AsyncWebClient

from bot.alerts.config import AlertsFile
from bot.alerts.factory import AlertMessenger, build_alerts
from bot.alerts.schedule import Claims
from bot.alerts.settings import AlertSettings
from bot.audit import Audit, audit_keys
from bot.changes import Authorization, Outbox
from bot.changes.factory import build_changes
from bot.changes.poster import CardMessenger, Poster
from bot.changes.toolkit import Toolkit
from bot.config.environment import proxy_for
from bot.config.logs import mask_of
from bot.config.settings import AuditSettings, Settings
from bot.config.warnings import warnings
from bot.config.watched_file import FileChange
from bot.confirmations.factory import build_confirmations
from bot.doctor.examination import Configured, Doctor
from bot.effects.factory import build_effects
from bot.effects.own_tokens import OwnTokens
from bot.effects.registry_memory import build_memory
from bot.jobs.audit_upkeep import AuditUpkeep
from bot.jobs.factory import JobParts, Upkeep, build_jobs
from bot.jobs.file_announcements import FileAnnouncements
from bot.jobs.heartbeat import Heartbeat
from bot.jobs.key_watch import KeyWatch
from bot.jobs.preview import Preview
from bot.jobs.runs import JobRuns
from bot.jobs.status import StoredStatus
from bot.jobs.user_group_check import UserGroupCheck
from bot.jobs.worker import Worker, open_queue, wake
from bot.loading import Files
from bot.permissions import Policy
from bot.permissions.file import channels_told
from bot.quay.client import Quay, open_client
from bot.quay.links import RegistryLinks
from bot.quay.tokens import ends_of
from bot.slack.directory import Directory
from bot.slack.in_flight import InFlight
from bot.slack.limits import Limits
from bot.slack.messages import Messenger
from bot.slack.messenger import SlackMessenger, open_slack
from bot.storage.breaker import Breaker
from bot.storage.connection import open_redis, refuse_cluster
from bot.storage.sealing import Sealer, derive_keys
from bot.storage.shared_value import SharedValue
from bot.storage.vault import Vault
from bot.views import alerts_file
from bot.views import policy as policy_views
from handlers.context import Health, Parts
from handlers.factory import Handlers, build_handlers

SETTLE_SECONDS = 5
"""So long what is being delivered has when the process ends; the rest stays in the outbox."""
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class Speaker(CardMessenger, AlertMessenger, Protocol):
    """The bot's voice in Slack: for cards, for alerts, and for one person alone."""

    def for_alerts(self) -> AlertMessenger:
        """The same for what has to leave room for cards."""
        ...


@dataclass(frozen=True)
class Connections:
    """The ways to everything outside of the process."""

    redis: Redis
    queue: Queue
    quay: Quay
    web: AsyncWebClient
    """Slack's Web API."""
    speaker: Speaker


@dataclass(frozen=True)
class App:
    """The bot's parts, put together; each process uses those that it needs."""

    settings: Settings
    files: Files
    connections: Connections
    clock: Clock
    handlers: Handlers
    in_flight: InFlight
    """The requests of people that are under way in this process."""
    worker: Worker
    preview: Preview

    @property
    def authorization(self) -> Authorization:
        """Who may do what, and who people are."""
        return self.handlers.bot.authorization


@asynccontextmanager
async def open_app(settings: Settings, files: Files, clock: Clock = utc_now) -> AsyncIterator[App]:
    """Open every connection, build every part, and close the connections in the end. Raises ClusterRefused."""
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(open_redis(settings.redis_url, breaker=Breaker()))
        await refuse_cluster(redis)
        blocking = await stack.enter_async_context(open_redis(settings.redis_url, seconds=15))
        web = await stack.enter_async_context(
            open_slack(
                str(settings.slack_api_url),
                settings.slack_bot_token.get_secret_value(),
                mask_of(settings.secrets),
                proxy_for(str(settings.slack_api_url)),
            )
        )
        registry = str(settings.quay_url)
        http = await stack.enter_async_context(
            open_client(registry, proxy=proxy_for(registry), ca_file=settings.quay_ca_file)
        )
        read = settings.quay_read_token
        quay = Quay(http, settings.quay_token.get_secret_value(), read.get_secret_value() if read else None)
        connections = Connections(redis, open_queue(blocking), quay, web, SlackMessenger(web, Limits(clock)))
        app = build_app(settings, files, connections, clock)
        groups = app.authorization.directory.groups
        refreshing = asyncio.create_task(groups.keep_fresh(lambda: files.policy.current().user_groups))
        stack.callback(refreshing.cancel)
        stack.push_async_callback(app.handlers.bot.changes.tools.outbox.settle, SETTLE_SECONDS)
        yield app


@asynccontextmanager
async def open_audit(settings: AuditSettings, clock: Clock = utc_now) -> AsyncIterator[Audit]:
    """Open the audit alone, which needs neither Slack nor Quay."""
    async with open_redis(settings.redis_url, seconds=10) as redis:
        yield Audit(redis, audit_keys(settings.sealing_root), clock)


def build_app(settings: Settings, files: Files, connections: Connections, clock: Clock) -> App:
    """Build every part over connections that are open."""
    redis, quay, speaker, in_flight = connections.redis, connections.quay, connections.speaker, InFlight()
    alert_settings = AlertSettings(files.alerts, lambda: files.policy.current().first_admin_channel)
    tools = _build_tools(settings, files, connections, alert_settings, clock)
    audit = tools.confirmations.audit
    token_ends = ends_of(settings.tokens_of_quay)
    alerts = build_alerts(redis, quay, speaker.for_alerts(), tools.confirmations, alert_settings, token_ends, clock)
    changes = build_changes(tools, redis, partial(wake, connections.queue), alerts.waiting.doubts)
    runs = JobRuns()
    user_groups = UserGroupCheck(redis, tools.authorization, speaker, alert_settings)
    job_parts = JobParts(
        changes=changes,
        alerts=alerts,
        settings=alert_settings,
        heartbeat=Heartbeat(redis, changes.execution.lease, runs, clock),
        key_watch=KeyWatch(changes.key_requests, alerts, alert_settings),
        upkeep=Upkeep(AuditUpkeep(redis, audit, speaker, clock, alert_settings, settings.audit_retention), user_groups),
        files=_build_announcements(files, alert_settings, redis, audit, speaker),
    )
    jobs = build_jobs(job_parts, Claims(redis))
    status = StoredStatus(
        redis,
        tools.confirmations,
        files.policy,
        files.alerts,
        jobs,
        lambda: [*warnings(settings), *user_groups.sentences()],
        in_flight,
        clock,
    )
    bot = Parts(
        quay=quay,
        links=RegistryLinks(str(settings.quay_url)),
        changes=changes,
        audit=audit,
        grammar=files.grammar,
        courier=speaker,
        health=Health(status, Doctor(lambda: _configured(settings, files), clock, quay.turns)),
        overviews=alerts.overviews,
    )
    return App(
        settings=settings,
        files=files,
        connections=connections,
        clock=clock,
        handlers=build_handlers(bot, redis, clock),
        in_flight=in_flight,
        worker=Worker(jobs, changes.execution.executions, connections.queue, runs, clock),
        preview=Preview(quay, changes.key_requests, alerts),
    )


def _build_tools(
    settings: Settings, files: Files, connections: Connections, alerts: AlertSettings, clock: Clock
) -> Toolkit:
    redis, root = connections.redis, settings.sealing_root
    audit = Audit(redis, audit_keys(root), clock, lambda: files.policy.current().registry)
    shared_groups = SharedValue(redis, Sealer(*derive_keys(root, "user groups")), "quaymaster:user-groups", 60)
    confirmations = build_confirmations(redis, root, audit, clock)
    own_tokens = OwnTokens(
        redis,
        settings.quay_token.get_secret_value(),
        reads_apart=len(set(settings.tokens_of_quay.values())) > 1,
        named=settings.quay_token_namespaces,
    )
    memory = build_memory(redis, str(settings.quay_url), own_tokens, clock)
    return Toolkit(
        quay=connections.quay,
        confirmations=confirmations,
        authorization=Authorization(
            files.policy.current,
            Directory(connections.web, clock, shared_groups, lambda: files.policy.current().workspace),
        ),
        outbox=Outbox(Poster(connections.speaker, alerts.admin_channel), confirmations, clock),
        effects=build_effects(memory, files.policy.current),
        memory=memory,
        vault=Vault(redis, derive_keys(root, "vault"), settings.secret_lifetime, clock),
        clock=clock,
    )


def _configured(settings: Settings, files: Files) -> Configured:
    """The settings and files in force, and what is wrong with the files as they are now."""
    policy, alerts = files.policy.current(), files.alerts.current()
    problems = {file.path.name: file.problems for file in (files.policy, files.alerts)}
    return Configured(settings, policy, alerts, problems)


def _build_announcements(
    files: Files, alerts: AlertSettings, redis: Redis, audit: Audit, messenger: Messenger
) -> Mapping[str, FileAnnouncements[Any]]:
    """What tells of the files when they change, by the names of the jobs that look at them."""

    def of_policy(change: FileChange[Policy]) -> list[str]:
        file = alerts.current()
        return [file.admin_channel] if file else channels_told(change)

    def of_alerts(_: FileChange[AlertsFile | None]) -> list[str]:
        channel = alerts.admin_channel()
        return [channel] if channel else []

    return {
        "policy_file": FileAnnouncements(
            redis, audit, messenger, files.policy, "policy_loaded", "policy_refused", policy_views.news, of_policy
        ),
        "alerts_file": FileAnnouncements(
            redis, audit, messenger, files.alerts, "alerts_loaded", "alerts_refused", alerts_file.news, of_alerts
        ),
    }
