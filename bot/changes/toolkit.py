"""What every step of a change works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.changes.authorization import Authorization
from bot.changes.outbox import Outbox
from bot.confirmations import Confirmations
from bot.effects import Effect
from bot.quay.client import Quay
from bot.storage.vault import Vault


@dataclass(frozen=True)
class Toolkit:
    """The registry, the records, who may do what, how people are told, what commands do, where secrets wait."""

    quay: Quay
    confirmations: Confirmations
    authorization: Authorization
    outbox: Outbox
    effects: Mapping[str, Effect]
    """By the command."""
    vault: Vault
    clock: Callable[[], datetime]
