"""What every step of a change works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.changes.authorization import Authorization
from bot.changes.outbox import Outbox
from bot.confirmations import Confirmations
from bot.effects import Effect
from bot.effects.registry_memory import RegistryMemory
from bot.quay.client import Quay
from bot.storage.vault import Vault


@dataclass(frozen=True)
class Toolkit:
    """The registry and what is remembered of it, the records, permissions, the outbox, the effects, the secrets."""

    quay: Quay
    confirmations: Confirmations
    authorization: Authorization
    outbox: Outbox
    effects: Mapping[str, Effect]
    """By the command."""
    memory: RegistryMemory
    vault: Vault
    clock: Callable[[], datetime]
