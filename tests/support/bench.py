"""What `doctor` examines, all healthy: a simulated Slack and Quay, a real Redis, settings and files; tests break it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis

from bot.alerts.config import AlertsFile
from bot.config.settings import Settings
from bot.doctor.examination import CHECKS, Configured, open_setup
from bot.model.checkup import Result
from bot.permissions import Policy
from bot.quay.turns import Turns
from bot.storage.processes import HEARTBEAT, Presence
from sandbox.quay.app import create_app as create_quay
from sandbox.quay.faults import Faults
from sandbox.quay.seed import seed
from sandbox.quay.state import Registry
from sandbox.slack.app import SlackSettings
from sandbox.slack.app import create_app as create_slack
from sandbox.slack.cast import default_workspace
from sandbox.slack.workspace import Workspace
from tests.support.servers import served

FILE: dict[str, Any] = {
    "version": 1,
    "workspace": "T0SANDBOX",
    "groups": {
        "approvers": ["S0SECURITY", "alice@example.com"],
        "managers": ["U03CAROL"],
        "staff": ["*"],
    },
    "channels": {"admin": ["C0REGADMIN"]},
    "rules": [{"name": "staff may look", "who": ["staff"], "may": ["read"]}],
    "confirmations": [{"for": ["change"], "approvers": ["approvers"], "approvals": 1}],
}
ALERTS: dict[str, Any] = {"version": 1, "admin_channel": "C0REGOPS"}


@dataclass
class Bench:
    """Everything that a check looks at."""

    workspace: Workspace
    slack: SlackSettings
    registry: Registry
    faults: Faults
    settings: Settings
    policy: Policy | None = field(default_factory=lambda: Policy.model_validate(FILE))
    alerts: AlertsFile | None = field(default_factory=lambda: AlertsFile.model_validate(ALERTS))
    file_problems: dict[str, list[str]] = field(default_factory=dict)
    ahead: timedelta = timedelta(0)
    """How far the host's clock is ahead."""

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def set(self, **settings: Any) -> None:
        """Change settings; what `load_settings` refuses is not asked for here."""
        self.settings = self.settings.model_copy(update=settings)

    def write(self, **parts: Any) -> None:
        """Change parts of permissions.yaml."""
        self.policy = Policy.model_validate({**FILE, **parts})

    async def look(self, group: str, name: str) -> Result:
        """What one check finds."""
        (check,) = [each for each in CHECKS if (each.group, each.name) == (group, name)]
        configured = Configured(self.settings, self.policy, self.alerts, self.file_problems)
        async with open_setup(configured, self.now, Turns()) as setup:
            return await check.run(setup)


@asynccontextmanager
async def open_bench(redis_url: str) -> AsyncIterator[Bench]:
    """A bench with nothing wrong."""
    registry, faults, workspace = seed(), Faults(), default_workspace()
    registry.features.server_hostname = "127.0.0.1"
    slack = SlackSettings(bot_url="http://127.0.0.1:1/slack/events")
    async with (
        served(create_quay(registry, faults)) as quay_url,
        served(create_slack(workspace, slack)) as slack_url,
        Redis.from_url(redis_url) as redis,
    ):
        await redis.flushall()
        now = datetime.now(UTC)
        await redis.set(HEARTBEAT, str(now.timestamp()))
        await Presence(redis, "worker", lambda: now).say()
        settings = Settings.model_validate(
            {
                "slack_bot_token": slack.bot_token,
                "slack_signing_secret": slack.signing_secret,
                "secret_key": "k" * 32,
                "slack_api_url": f"{slack_url}/api/",
                "quay_url": quay_url,
                "quay_token": "sandbox-superuser",
                "quay_read_token": "sandbox-readonly",
                "redis_url": redis_url,
            }
        )
        yield Bench(workspace, slack, registry, faults, settings)


def secret(value: str) -> SecretStr:
    """A value as settings hold secrets."""
    return SecretStr(value)
