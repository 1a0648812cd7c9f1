"""`quaymaster doctor`: what is wrong with what the bot runs on, and what to do. It changes nothing."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from bot.cli.check import AsJson
from bot.config.documents import DocumentError, unreadable
from bot.config.logs import set_up_logs
from bot.config.settings import ConfigurationError, Settings, load_settings
from bot.doctor.examination import Configured, examine, open_setup
from bot.loading import build_grammar, open_alerts, open_policy
from bot.model.checkup import Finding, failed
from bot.quay.turns import Turns
from bot.views.doctor import as_text

Read = TypeVar("Read")


def doctor(*, as_json: AsJson = False) -> None:
    """Check settings, files, Slack, Quay, Redis and the bot's processes. Exit status 1 if a check failed.

    Parameters
    ----------
    as_json
        Print the findings as JSON.
    """
    try:
        settings = load_settings()
    except ConfigurationError as error:
        todo = "Set them right and run doctor again: the other checks need them."
        findings = [Finding("Settings", "settings", failed("\n".join(error.problems), todo))]
    else:
        set_up_logs("CRITICAL", settings.secrets)
        findings = asyncio.run(_examined(settings))
    print(json.dumps([each.as_json() for each in findings], indent=2) if as_json else as_text(findings))
    sys.exit(any(each.result.status == "failed" for each in findings))


async def _examined(settings: Settings) -> list[Finding]:
    problems: dict[str, Sequence[str]] = {}
    grammar, path = build_grammar(settings.slack_command), settings.permissions_file
    policy = _read(lambda: open_policy(path, grammar).current(), path, problems)
    alerts = _read(lambda: open_alerts(settings.alerts_file).current(), settings.alerts_file, problems)
    configured = Configured(settings, policy, alerts, problems)
    async with open_setup(configured, lambda: datetime.now(UTC), Turns()) as setup:
        return await examine(setup)


def _read(read: Callable[[], Read], path: str, problems: dict[str, Sequence[str]]) -> Read | None:
    """What was read, or None with the problems noted under the name of the file."""
    try:
        return read()
    except DocumentError as error:
        problems[Path(path).name] = str(error).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        problems[Path(path).name] = [unreadable(path, error)]
    return None
