"""The alerts, put together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from redis.asyncio import Redis

from bot.alerts.channels import ChannelCheck, Channels
from bot.alerts.expiring_keys import ExpiringKeys
from bot.alerts.health import HealthWatch
from bot.alerts.overview import Overviews
from bot.alerts.report_job import Reporter
from bot.alerts.samples import Samples
from bot.alerts.schedule import ScheduledRuns
from bot.alerts.settings import AlertSettings
from bot.alerts.sweep import QuotaSweep
from bot.alerts.tokens import TokenEnds
from bot.alerts.waiting_keys import WaitingKeys
from bot.confirmations import Confirmations
from bot.quay.client import Quay
from bot.slack.messages import Broadcaster


class AlertMessenger(Broadcaster, Channels, Protocol):
    """A messenger for everything that alerts say, which can be asked beforehand whether a channel takes messages."""


@dataclass(frozen=True)
class AlertParts:
    """What the bot watches, and how it tells of it."""

    waiting: WaitingKeys
    expiring: ExpiringKeys
    sweep: QuotaSweep
    health: HealthWatch
    tokens: TokenEnds
    reporter: Reporter
    channels: ChannelCheck
    overviews: Overviews


def build_alerts(
    redis: Redis,
    quay: Quay,
    messenger: AlertMessenger,
    confirmations: Confirmations,
    settings: AlertSettings,
    token_ends: Mapping[str, datetime],
    clock: Callable[[], datetime],
) -> AlertParts:
    """Put them together; `token_ends` says when the bot's own tokens end, by the names of their settings."""
    audit = confirmations.audit
    return AlertParts(
        waiting=WaitingKeys(redis, confirmations, messenger, clock),
        expiring=ExpiringKeys(redis, messenger, clock),
        sweep=QuotaSweep(quay, redis, messenger, clock),
        health=HealthWatch(redis, messenger, clock, quay.prove_tokens),
        tokens=TokenEnds(redis, messenger, clock, token_ends),
        reporter=Reporter(redis, quay, audit, Samples(redis), messenger, ScheduledRuns(redis), clock),
        channels=ChannelCheck(redis, messenger, clock, settings.name, settings.otherwise),
        overviews=Overviews(redis, settings.current, settings.name, clock, token_ends),
    )
