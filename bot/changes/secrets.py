"""Secrets that nobody came to see."""

from dataclasses import dataclass

from bot.audit import Audit
from bot.changes.telling import Telling
from bot.vault import Vault


@dataclass(frozen=True)
class Expiry:
    """Ends what nobody has seen in time."""

    vault: Vault
    telling: Telling
    audit: Audit

    async def run(self) -> None:
        """Destroy such secrets, and tell their owners the way out; whom Slack did not tell is told next time."""
        for kept in await self.vault.expire():
            if await self.telling.tell_of_expired(kept):
                await self.vault.told(kept)
                await self.audit.record("secret_expired", actor=None, change=kept.id)
