"""Secrets on their way to their owners: offered, and ended when nobody came to see them."""

from dataclasses import dataclass

from bot.audit import Audit
from bot.changes.outbox import Outbox
from bot.storage.vault import Vault


async def offer_secrets(vault: Vault, outbox: Outbox) -> None:
    """Tell owners of what waits for them; whom Slack did not tell is told next time."""
    for kept in await vault.unoffered():
        if await outbox.offer_secret(kept):
            await vault.offered(kept)


@dataclass(frozen=True)
class SecretExpiry:
    """Offers what has not been offered, and ends what nobody has seen in time."""

    vault: Vault
    outbox: Outbox
    audit: Audit

    async def run(self) -> None:
        """Pay the offers, destroy what is over, and tell owners the way out; whom Slack did not tell, next time."""
        await offer_secrets(self.vault, self.outbox)
        for kept in await self.vault.expire():
            if await self.outbox.tell_of_expired(kept):
                await self.vault.told(kept)
                await self.audit.record("secret_expired", actor=None, change=kept.id)
