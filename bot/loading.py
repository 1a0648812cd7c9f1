"""The files that people write, and the grammar by which the examples in them are read."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.alerts.config import AlertsFile, WatchedAlerts
from bot.commands import Grammar
from bot.config.documents import read_document
from bot.config.watched_file import WatchedFile
from bot.permissions.file import PolicyFile, open_policy_file
from handlers import all_commands
from handlers.arguments import operations_of


@dataclass(frozen=True)
class Files:
    """The files as they are in force, watched from now on."""

    grammar: Grammar
    policy: PolicyFile
    alerts: WatchedAlerts


def build_grammar(slash: str) -> Grammar:
    """The grammar of every command."""
    return Grammar(slash, all_commands())


def open_policy(path: str, grammar: Grammar) -> PolicyFile:
    """Read permissions.yaml and prove its examples. Raises DocumentError or OSError."""
    return open_policy_file(Path(path), partial(operations_of, grammar))


def open_alerts(path: str) -> WatchedAlerts:
    """Read alerts.yaml, which need not be there. Raises DocumentError or OSError."""
    alerts: WatchedAlerts = WatchedFile(
        Path(path), lambda text, name: read_document(text, AlertsFile, name=name), absent=lambda: None
    )
    alerts.load()
    return alerts
