"""Freezing and thawing on somebody's word, and telling the admin channel of it, whoever dies in between."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis

from bot.confirmations.freeze import FREEZE, Freeze, Freezer, identity
from bot.permissions import Person, Place
from bot.slack.messages import Messenger, MessengerError
from bot.views import freeze as views

TOLD = "quaymaster:freeze:told"
"""Which stored value the admin channel was told of last."""
CLAIM_SECONDS = 30
"""So long one process has for the notice before another may try."""

log = structlog.get_logger()


@dataclass(frozen=True)
class FreezeNotices:
    """Freezes and thaws."""

    redis: Redis
    freezer: Freezer
    messenger: Messenger
    channel: Callable[[], str | None]
    """The admin channel."""

    async def freeze(self, person: Person, place: Place, reason: str) -> Freeze:
        """Stop all changes, and tell the admin channel. Raises Unchanged."""
        freeze = await self.freezer.freeze(person.actor, person.label, place.channel, reason)
        await self._publish()
        return freeze

    async def thaw(self, person: Person, place: Place) -> Freeze:
        """Let changes go on, and tell the admin channel. Raises Unchanged."""
        freeze = await self.freezer.thaw(person.actor, person.label, place.channel)
        await self._publish()
        return freeze

    async def was_told(self, place: Place) -> bool:
        """Whether a place is the admin channel, and that was told already how things stand now."""
        stored, told = await self.redis.mget([FREEZE, TOLD])
        return place.channel == self.channel() and (told or b"").decode() == identity(stored)

    async def tell(self) -> None:
        """Tell the admin channel what it was not told yet; of several processes one does. Raises MessengerError.

        What somebody else than the bot did to the stored value is told, and recorded, as well.
        """
        stored, told = await self.redis.mget([FREEZE, TOLD])
        if told is not None and stored is None:
            self.freezer.expect_one()
        freeze, name = self.freezer.read(stored), identity(stored)
        if (told or b"").decode() == name or (told is None and stored is None and not freeze.doubt):
            return
        channel = self.channel()
        if channel is None or not await self._begin(name):
            return
        if freeze.doubt:
            freeze = await self.freezer.look()
        if freeze.doubt:
            await self.freezer.audit.record("record_tampered", actor=None, what="the freeze", reason=freeze.doubt)
        await self.messenger.post(channel, views.news(freeze))
        await self.redis.set(TOLD, name)

    async def _publish(self) -> None:
        try:
            await self.tell()
        except MessengerError as error:
            log.warning("freeze_not_told", reason=error.reason)

    async def _begin(self, name: str) -> bool:
        return bool(await self.redis.set(f"quaymaster:freeze:telling:{name}", b"1", nx=True, ex=CLAIM_SECONDS))
