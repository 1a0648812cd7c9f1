"""The table of checks, and the examination: all of them, over connections of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from bot.alerts.config import AlertsFile
from bot.config.environment import proxy_for
from bot.config.logs import Mask, mask_of
from bot.config.settings import Settings
from bot.doctor.check import Check, Setup
from bot.doctor.processes import PROCESSES
from bot.doctor.quay_address import ADDRESS
from bot.doctor.quay_answers import QuayAnswers
from bot.doctor.quay_rights import RIGHTS
from bot.doctor.redis_answers import RedisAnswers
from bot.doctor.redis_server import REDIS
from bot.doctor.settings_and_files import SETTINGS
from bot.doctor.slack_answers import SlackAnswers
from bot.doctor.slack_app import APP
from bot.doctor.slack_places import PLACES
from bot.model.checkup import Finding, findings_worst_first
from bot.permissions import Policy
from bot.quay.client import open_client
from bot.quay.turns import Turns
from bot.slack.messenger import open_slack
from bot.storage.connection import open_redis

CHECKS: Sequence[Check] = (*SETTINGS, *APP, *PLACES, *ADDRESS, *RIGHTS, *REDIS, *PROCESSES)
AT_START: Sequence[Check] = tuple(check for check in CHECKS if check.group != "Processes")
"""What a process looks at when it starts, perhaps before any other one."""
AGAIN_AFTER = timedelta(minutes=1)
REDIS_SECONDS = 5

log = structlog.get_logger()


@dataclass(frozen=True)
class Configured:
    """The settings and files that are examined."""

    settings: Settings
    policy: Policy | None
    alerts: AlertsFile | None
    file_problems: Mapping[str, Sequence[str]] = field(default_factory=dict)


@asynccontextmanager
async def open_setup(configured: Configured, clock: Callable[[], datetime], turns: Turns) -> AsyncIterator[Setup]:
    """Open connections for one examination; none is used before a check needs it."""
    settings, policy = configured.settings, configured.policy
    slack, quay = str(settings.slack_api_url), str(settings.quay_url)
    async with AsyncExitStack() as stack:
        token = settings.slack_bot_token.get_secret_value()
        web = await stack.enter_async_context(open_slack(slack, token, proxy=proxy_for(slack)))
        http = await stack.enter_async_context(
            open_client(quay, proxy=proxy_for(quay), ca_file=settings.quay_ca_file, timeout=15)
        )
        redis = await stack.enter_async_context(open_redis(settings.redis_url, seconds=REDIS_SECONDS))
        yield Setup(
            settings=settings,
            policy=policy,
            alerts=configured.alerts,
            slack=SlackAnswers(web, policy.workspace if policy else None),
            quay=QuayAnswers(http, settings.tokens_of_quay, turns),
            redis=RedisAnswers(redis),
            clock=clock,
            file_problems=configured.file_problems,
        )


async def examine(setup: Setup, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """Run checks: those of one group one after the other, the groups side by side. In the order of the table."""
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(check.group, []).append(check)
    mask = mask_of(setup.settings.secrets)
    found = await asyncio.gather(*(_in_turn(group, setup) for group in groups.values()))
    return [_masked(finding, mask) for group in found for finding in group]


async def _in_turn(checks: Iterable[Check], setup: Setup) -> list[Finding]:
    return [await check.finding(setup) for check in checks]


def _masked(finding: Finding, mask: Mask) -> Finding:
    """What a server said may repeat a secret."""
    result = finding.result
    return replace(finding, result=replace(result, found=mask(result.found), todo=mask(result.todo)))


@dataclass(frozen=True)
class Examined:
    """The findings of one examination, worst first, and when it was."""

    at: datetime
    findings: Sequence[Finding]


@dataclass
class Doctor:
    """Examines a running bot, at most once in AGAIN_AFTER for whoever asks."""

    configured: Callable[[], Configured]
    clock: Callable[[], datetime]
    turns: Turns
    _last: Examined | None = None
    _running: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def examine(self) -> Examined:
        """The last examination if it is recent enough, else a new one."""
        async with self._running:
            now = self.clock()
            if self._last is None or not timedelta(0) <= now - self._last.at < AGAIN_AFTER:
                self._last = Examined(now, findings_worst_first(await self._look(CHECKS)))
            return self._last

    async def warn(self) -> None:
        """Log what is wrong, when a process starts."""
        found = await self._look(AT_START)
        wrong = findings_worst_first(each for each in found if each.result.status != "ok")
        for each in wrong:
            result = each.result
            log.warning(
                "doctor", group=each.group, check=each.name, status=result.status, found=result.found, todo=result.todo
            )
        log.info("checked_at_start", checks=len(found), wrong=len(wrong))

    async def _look(self, checks: Iterable[Check]) -> list[Finding]:
        async with open_setup(self.configured(), self.clock, self.turns) as setup:
            return await examine(setup, checks)
