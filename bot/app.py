"""The composition root: builds the parts from Settings and hands them to each other. It alone knows all of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from importlib.metadata import version

from httpx import AsyncClient
from redis.asyncio import Redis
from saq import Queue
from slack_sdk.web.async_client import AsyncWebClient

from bot.alerts.channels import ChannelCheck
from bot.alerts.config import AlertsFile, WatchedAlerts
from bot.alerts.expiring_keys import ExpiringKeys
from bot.alerts.health import HealthWatch
from bot.alerts.overview import Overviews
from bot.alerts.report_job import Reporter
from bot.alerts.samples import Samples
from bot.alerts.schedule import Claims, ScheduledRuns
from bot.alerts.sweep import QuotaSweep
from bot.alerts.tokens import TokenEnds
from bot.alerts.waiting_keys import WaitingKeys
from bot.audit import Audit, audit_key
from bot.changes import (
    Authorization,
    Changes,
    Executor,
    FreezeNotices,
    KeyRequests,
    Measurement,
    Outbox,
    Reminders,
    SecretExpiry,
)
from bot.changes.poster import Poster
from bot.commands import Grammar
from bot.config.settings import AuditSettings, Settings
from bot.config.watched_file import FileChange
from bot.confirmations import Confirmations
from bot.confirmations.freeze import FREEZE, Freezer
from bot.effects import Effect, by_command
from bot.effects.ignored_fields import Ignored
from bot.effects.key_creation import ChangeKey, CreateKey
from bot.effects.keys import ApproveKey, DeleteKey
from bot.effects.organizations import ChangeOrganization, DeleteOrganization
from bot.effects.quotas import DeleteQuota, SetQuota
from bot.effects.registry import MeasureRegistry
from bot.effects.users import ChangeUser, CreateUser, DeleteUser
from bot.jobs.audit_upkeep import AuditUpkeep
from bot.jobs.file_announcements import FileAnnouncements
from bot.jobs.preview import Preview
from bot.jobs.worker import HEARTBEAT, Jobs, open_queue, wake
from bot.permissions import Policy
from bot.permissions.file import PolicyFile, channels_told
from bot.quay.client import Quay, open_client
from bot.quay.links import RegistryLinks
from bot.quay.tokens import ends_of
from bot.slack.directory import Directory
from bot.slack.limits import Limits
from bot.slack.messenger import SlackMessenger, open_slack
from bot.storage.cursors import Cursors
from bot.storage.sealing import Sealer, derive_key
from bot.storage.shared_value import SharedValue
from bot.storage.tasks import CancellableTasks
from bot.storage.vault import Vault
from bot.views import alerts_file
from bot.views import policy as policy_views
from handlers.alerts import AlertClicks
from handlers.confirmations import Clicks
from handlers.context import Status
from handlers.dispatch import Dispatcher
from handlers.exporting import Exporter
from handlers.pages import Pages
from handlers.paging import Paging
from handlers.secrets import Reveals

SETTLE_SECONDS = 5
"""So long what is being delivered has when the process ends; the rest stays in the outbox."""
Clock = Callable[[], datetime]


def build_effects(redis: Redis, quay_url: str) -> Mapping[str, Effect]:
    """What every changing command does."""
    return by_command(
        [
            ApproveKey(),
            DeleteKey(),
            CreateKey(),
            ChangeKey(),
            SetQuota(),
            DeleteQuota(),
            ChangeOrganization(Ignored(redis, quay_url)),
            DeleteOrganization(),
            CreateUser(),
            ChangeUser(),
            DeleteUser(),
            MeasureRegistry(),
        ]
    )


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class StoredStatus:
    """Reads how the bot is: one round trip for the worker's heartbeat, the number of pending records, the freeze."""

    redis: Redis
    confirmations: Confirmations
    policy: PolicyFile
    alerts: WatchedAlerts

    async def read(self) -> Status:
        """Read it."""
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


@dataclass(frozen=True)
class App:
    """The bot's parts, put together."""

    settings: Settings
    clock: Clock
    redis: Redis
    web: AsyncWebClient
    messenger: SlackMessenger
    queue: Queue
    policy: PolicyFile
    authorization: Authorization
    quay: Quay
    audit: Audit
    confirmations: Confirmations
    dispatcher: Dispatcher
    clicks: Clicks
    alert_clicks: AlertClicks
    reveals: Reveals
    paging: Paging
    jobs: Jobs
    preview: Preview


@asynccontextmanager
async def open_app(
    settings: Settings,
    policy: PolicyFile,
    grammar: Grammar,
    alerts: WatchedAlerts,
    clock: Clock = utc_now,
) -> AsyncIterator[App]:
    """Open every connection, build every part, and close them in the end."""
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(_open_redis(settings.redis_url, seconds=10))
        blocking = await stack.enter_async_context(_open_redis(settings.redis_url, seconds=15))
        web = await stack.enter_async_context(
            open_slack(str(settings.slack_api_url), settings.slack_bot_token.get_secret_value())
        )
        http = await stack.enter_async_context(open_client(str(settings.quay_url)))
        app = _build(settings, policy, grammar, alerts, clock, redis, open_queue(blocking), web, _quay(settings, http))
        groups = app.authorization.directory.groups
        refreshing = asyncio.create_task(groups.keep_fresh(lambda: policy.current().user_groups))
        stack.callback(refreshing.cancel)
        stack.push_async_callback(app.jobs.outbox.settle, SETTLE_SECONDS)
        yield app


@asynccontextmanager
async def open_audit(settings: AuditSettings, clock: Clock = utc_now) -> AsyncIterator[Audit]:
    """Open the audit alone, which needs neither Slack nor Quay."""
    async with _open_redis(settings.redis_url, seconds=10) as redis:
        yield Audit(redis, audit_key(settings.root_secret), clock)


@asynccontextmanager
async def _open_redis(url: str, *, seconds: int) -> AsyncIterator[Redis]:
    redis = Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=5, health_check_interval=30)
    try:
        yield redis
    finally:
        await redis.aclose()


def _quay(settings: Settings, http: AsyncClient) -> Quay:
    read = settings.quay_read_token
    return Quay(http, settings.quay_token.get_secret_value(), read.get_secret_value() if read else None)


def _shared_groups(settings: Settings, redis: Redis) -> SharedValue:
    return SharedValue(redis, Sealer(derive_key(settings.root_secret, "user groups")), "quaymaster:user-groups", 60)


def _build(
    settings: Settings,
    policy: PolicyFile,
    grammar: Grammar,
    alerts: WatchedAlerts,
    clock: Clock,
    redis: Redis,
    queue: Queue,
    web: AsyncWebClient,
    quay: Quay,
) -> App:
    current: Callable[[], Policy] = policy.current
    limits = Limits(clock)
    messenger = SlackMessenger(web, limits)
    alerts_voice = messenger.for_alerts()
    audit = Audit(redis, audit_key(settings.root_secret), clock, lambda: policy.current().registry)
    freezer = Freezer(redis, Sealer(derive_key(settings.root_secret, "freeze")), audit, clock)
    confirmations = Confirmations(redis, Sealer(derive_key(settings.root_secret, "records")), audit, freezer)
    authorization = Authorization(current, Directory(web, clock, _shared_groups(settings, redis)))

    def named_channel() -> str | None:
        file = alerts.current()
        return file.admin_channel if file else None

    def admin_channel() -> str | None:
        return named_channel() or current().first_admin_channel

    def of_policy(news: FileChange[Policy]) -> list[str]:
        named = named_channel()
        return [named] if named else channels_told(news)

    def of_alerts(_: FileChange[AlertsFile | None]) -> list[str]:
        channel = admin_channel()
        return [channel] if channel else []

    outbox = Outbox(Poster(messenger, admin_channel), confirmations, clock)
    freeze_notices = FreezeNotices(redis, freezer, messenger, admin_channel)

    def zone() -> tzinfo:
        file = alerts.current()
        return file.time_zone if file else UTC

    audit_upkeep = AuditUpkeep(redis, audit, messenger, clock, admin_channel, zone, settings.audit_retention)
    vault = Vault(redis, derive_key(settings.root_secret, "vault"), settings.secret_lifetime, clock)
    effects = build_effects(redis, str(settings.quay_url))
    changes = Changes(quay, confirmations, authorization, outbox, effects, clock, partial(wake, queue))
    waiting = WaitingKeys(redis, confirmations, alerts_voice, clock)
    key_requests = KeyRequests(quay, confirmations, authorization, outbox, clock, waiting.doubts)
    measurement = Measurement(redis, quay, messenger, clock)
    executor = Executor(
        quay,
        confirmations,
        authorization,
        outbox,
        effects,
        clock,
        changes.propose_again,
        vault,
        {"postRegistrySize": measurement.begin},
    )
    tokens = TokenEnds(redis, messenger, clock, ends_of(settings.tokens_of_quay))
    tasks = CancellableTasks(redis)
    pages = Pages(Cursors(redis, clock), messenger, tasks, clock)
    dispatcher = Dispatcher(
        clock,
        authorization,
        quay,
        changes,
        key_requests,
        confirmations,
        freeze_notices,
        audit,
        grammar,
        StoredStatus(redis, confirmations, policy, alerts),
        vault,
        RegistryLinks(str(settings.quay_url)),
        messenger,
        pages,
        Overviews(redis, alerts.current, alerts.path.name, clock, tokens.ends),
    )
    paging = Paging(dispatcher, pages, Exporter(messenger, tasks, clock), grammar)
    jobs = Jobs(
        redis=redis,
        queue=queue,
        audit=audit,
        changes=changes,
        key_requests=key_requests,
        executor=executor,
        outbox=outbox,
        reminders=Reminders(confirmations, outbox, clock),
        confirmations=confirmations,
        expiry=SecretExpiry(vault, outbox.poster, audit),
        measurement=measurement,
        freeze_notices=freeze_notices,
        audit_upkeep=audit_upkeep,
        waiting=waiting,
        expiring=ExpiringKeys(redis, alerts_voice, clock),
        sweep=QuotaSweep(quay, redis, alerts_voice, clock),
        health=HealthWatch(redis, alerts_voice, clock, quay.prove_writer),
        tokens=tokens,
        reporter=Reporter(redis, quay, audit, Samples(redis), alerts_voice, ScheduledRuns(redis), clock),
        claims=Claims(redis),
        channels=ChannelCheck(
            redis, alerts_voice, clock, alerts.path.name, lambda: policy.current().first_admin_channel
        ),
        messenger=messenger,
        policy=policy,
        policy_announcements=FileAnnouncements(
            redis, audit, messenger, policy, "policy_loaded", "policy_refused", policy_views.news, of_policy
        ),
        alerts_announcements=FileAnnouncements(
            redis, audit, messenger, alerts, "alerts_loaded", "alerts_refused", alerts_file.news, of_alerts
        ),
        alerts=alerts,
        clock=clock,
    )
    clicks = Clicks(changes, confirmations, audit)
    alert_clicks = AlertClicks(authorization, redis, messenger, audit, alerts.current, clock)
    reveals = Reveals(vault, audit)
    return App(
        settings,
        clock,
        redis,
        web,
        messenger,
        queue,
        policy,
        authorization,
        quay,
        audit,
        confirmations,
        dispatcher,
        clicks,
        alert_clicks,
        reveals,
        paging,
        jobs,
        Preview(quay, key_requests, waiting, jobs.expiring, jobs.sweep, jobs.health, tokens, jobs.reporter),
    )
