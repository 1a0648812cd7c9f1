"""Secrets on their way to their owners: offered, and ended when nobody came to see them."""

from dataclasses import dataclass

import structlog

from bot.audit import Audit
from bot.changes.poster import Poster
from bot.slack.messages import Message, MessengerError
from bot.storage.vault import StoredSecret, Vault
from bot.views import secrets

log = structlog.get_logger()


async def offer_secrets(vault: Vault, poster: Poster) -> None:
    """Tell owners what is ready for them; `pending` lists it until Slack takes the message, which is tried again."""
    for kept in await vault.unoffered():
        if await _offer(poster, kept):
            await vault.offered(kept)


async def _offer(poster: Poster, kept: StoredSecret) -> bool:
    """Tell its owner alone, where they asked or in a direct message; False if Slack takes neither."""
    try:
        await poster.messenger.whisper(kept.channel, kept.owner.user, secrets.ready(kept))
    except MessengerError as error:
        log.warning("secret_not_whispered", change=kept.id, reason=error.reason)
        return await _post_to_owner(poster, kept, secrets.ready(kept))
    return True


async def _post_to_owner(poster: Poster, kept: StoredSecret, message: Message) -> bool:
    try:
        await poster.post_to(kept.owner.user, message)
    except MessengerError as error:
        log.warning("owner_not_told", change=kept.id, reason=error.reason)
        return False
    return True


@dataclass(frozen=True)
class SecretExpiry:
    """Offers what has not been offered, and ends what nobody has seen in time."""

    vault: Vault
    poster: Poster
    audit: Audit

    async def run(self) -> None:
        """Pay the offers, destroy what is over, and tell owners the way out; whom Slack did not tell, next time."""
        await offer_secrets(self.vault, self.poster)
        for kept in await self.vault.expire():
            if await _post_to_owner(self.poster, kept, secrets.expired(kept)):
                await self.vault.told(kept)
                await self.audit.record("secret_expired", actor=None, change=kept.id)
