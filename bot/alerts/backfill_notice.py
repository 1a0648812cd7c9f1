"""Saying once that Quay has not counted the use of some namespaces, or counts nothing, and once that it has."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis

from bot.model.alert_facts import CALM, Counting
from bot.slack.messages import MessageId, Messenger
from bot.views.alerts import counted, counting

COUNTING_KEY = "quaymaster:alerts:counting"


@dataclass(frozen=True)
class Said:
    """What was said last: where, of what, and since when it is over. Kept for a day, so that what comes and goes in
    that time is an edit and no new message.
    """

    found: Counting
    channel: str
    message_id: MessageId
    over_since: datetime | None = None


_said = TypeAdapter(Said)


def quotas_off_since(stored: bytes | None) -> datetime | None:
    """Since when Quay shows no quotas, if by what is stored people were told that it does not."""
    said = _read(stored)
    return said.found.since if said and said.found.off and said.over_since is None else None


def _read(stored: bytes | None) -> Said | None:
    try:
        return _said.validate_json(stored) if stored else None
    except ValidationError:
        return None


@dataclass(frozen=True)
class CountingNotice:
    """The one message about it."""

    redis: Redis
    messenger: Messenger
    clock: Callable[[], datetime]
    rehearsed: bool = False
    """Whether nothing is remembered of what is said."""

    async def tell(self, channel: str, names: tuple[str, ...], watched: int, *, quiet: bool, off: bool = False) -> None:
        """Post or edit the message, if what it says has changed. Raises MessengerError."""
        said, now = _read(await self.redis.get(COUNTING_KEY)), self.clock()
        if names or off:
            await self._tell_of(Counting(names, watched, now, off), channel, said, now, quiet)
        elif said and said.over_since is None:
            await self.messenger.edit(said.channel, said.message_id, counted(said.found, now))
            await self._keep(replace(said, over_since=now))

    async def _tell_of(self, found: Counting, channel: str, said: Said | None, now: datetime, quiet: bool) -> None:
        if said and said.over_since is None and (said.found.off, said.found.names) == (found.off, found.names):
            return
        if said and said.over_since is None and said.found.off == found.off:
            found = replace(found, since=said.found.since)
        if said and (said.over_since is None or now - said.over_since < CALM):
            await self.messenger.edit(said.channel, said.message_id, counting(found))
            await self._keep(replace(said, found=found, over_since=None))
        elif not quiet:
            message_id = await self.messenger.post(channel, counting(found))
            await self._keep(Said(found, channel, message_id))

    async def _keep(self, said: Said) -> None:
        if not self.rehearsed:
            await self.redis.set(COUNTING_KEY, _said.dump_json(said))
