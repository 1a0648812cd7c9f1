"""The button Reveal once: a secret is shown to its owner, in a modal, and is gone."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from redis.exceptions import RedisError

from bot.audit import Audit
from bot.changes import NotKnown
from bot.permissions import Person
from bot.storage.vault import SecretGone, SecretOfAnother, Vault
from bot.views import secrets
from handlers.confirmations import ClickAnswer

Show = Callable[[dict[str, Any]], Awaitable[bool]]
"""Fills the modal that was opened; False when Slack did not take it."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Reveals:
    """Answers clicks on the button."""

    vault: Vault
    audit: Audit

    async def reveal(self, id_: str, person: Person, show: Show) -> ClickAnswer | None:
        """Show a secret to its owner in the modal; returns what is said outside of it.

        Raises NotKnown when Slack does not say who the person is.
        """
        if person.membership == "unknown":
            raise NotKnown
        try:
            kept, secret = await self.vault.reveal(id_, person.actor)
        except SecretOfAnother:
            await self.audit.denials.record("secret_withheld", actor=str(person.actor), change=id_)
            await show(secrets.told(secrets.not_yours()))
            return None
        except SecretGone as missing:
            said = secrets.gone(missing.kept)
            await show(secrets.told(said))
            return ClickAnswer(said, replaces=True)
        if not await show(secrets.shown(kept, secret.get_secret_value())):
            await self.vault.put_back(kept)
            return ClickAnswer(secrets.not_shown(kept))
        try:
            await self.vault.seen(kept)
            await self.audit.record("secret_shown", actor=str(person.actor), change=id_)
        except RedisError as error:  # the modal stays as it is; the secret is destroyed when its moment is over
            log.error("secret_shown_not_noted", change=id_, kind=type(error).__name__)
        return ClickAnswer(secrets.was_shown(kept), replaces=True)
