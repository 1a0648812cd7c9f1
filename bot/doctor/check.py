"""What a check is, and what it looks at."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from redis.exceptions import RedisError

from bot.alerts.config import AlertsFile
from bot.config.settings import Settings
from bot.doctor.quay_answers import QuayAnswers
from bot.doctor.redis_answers import RedisAnswers
from bot.doctor.slack_answers import SlackAnswers
from bot.doctor.unchecked import Unchecked
from bot.model.checkup import Finding, Group, Result, failed, warning
from bot.permissions import Policy
from bot.quay.errors import QuayError

SECONDS = 30
"""The longest that one check takes."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Setup:
    """What is examined. Answers are asked for once and shared by the checks."""

    settings: Settings
    policy: Policy | None
    """None where permissions.yaml can't be used."""
    alerts: AlertsFile | None
    slack: SlackAnswers
    quay: QuayAnswers
    redis: RedisAnswers
    clock: Callable[[], datetime]
    file_problems: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What is wrong with each file that people edit, by its name."""

    @property
    def known_policy(self) -> Policy:
        """The policy. Raises Unchecked where there is none."""
        if self.policy is None:
            raise Unchecked(f"{self.settings.permissions_file} has errors.")
        return self.policy


@dataclass(frozen=True)
class Check:
    """One row of the table."""

    name: str
    group: Group
    about: str
    """What is looked at, for docs/doctor.md."""
    look: Callable[[Setup], Awaitable[Result]]

    async def run(self, setup: Setup) -> Result:
        """Look. Never raises: a check that can't be made says why."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self.look(setup)
        except Unchecked as unchecked:
            return warning(f"Not checked: {unchecked}")
        except QuayError as error:
            return warning(f"Not checked: {error.message}")
        except RedisError as error:
            return warning(f"Not checked: Redis says {str(error)[:200]}")
        except TimeoutError:
            return failed(f"No answer within {SECONDS} s.", "Check the network between the bot and the server.")
        except Exception as error:
            log.exception("check_broken", check=self.name, group=self.group)
            kind = type(error).__name__
            return failed(f"The check itself failed ({kind}).", "The log has the details. Please report it.")

    async def finding(self, setup: Setup) -> Finding:
        """Look, and say which check it was."""
        return Finding(self.group, self.name, await self.run(setup))
