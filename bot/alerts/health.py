"""Whether Quay can be used: said once, with its end, and never for one lost packet."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis

from bot.alerts.announcing import NOTHING_TO_EDIT
from bot.alerts.quotas import ABANDONED_AFTER
from bot.messages import MessageId, Messenger, MessengerError
from bot.quay.errors import Forbidden, QuayError, Unauthorized
from bot.views import health as views
from bot.views.health import Condition

HEALTH_KEY = "quaymaster:alerts:health"
LOOKS = 2
"""So many looks in a row must agree before anybody is told."""
CONFIRMED_AFTER = timedelta(seconds=45)
"""So far apart the first and the last of them are at least; a little less than the minute between two looks."""

log = structlog.get_logger()
Result = TypeVar("Result")


@dataclass(frozen=True)
class Health:
    """What is remembered between looks.

    `seen` is what the last `looks` looks showed, from `since` on, with Quay's own words in `said`. `told` is what
    the channel knows; unless that is `well`, message `message_id` in `channel` tells of a trouble that began at
    `began`. `claimed_at` is set while a worker is about to say something.
    """

    seen: Condition
    since: datetime
    said: str = ""
    looks: int = 1
    told: Condition = "well"
    channel: str = ""
    message_id: MessageId | None = None
    began: datetime | None = None
    claimed_at: datetime | None = None

    @property
    def is_unremarkable(self) -> bool:
        """Whether there is nothing to remember."""
        return self.seen == self.told == "well"

    def is_claimed(self, now: datetime) -> bool:
        """Whether a worker that is not taken for dead is about to say something."""
        return self.claimed_at is not None and now - self.claimed_at <= ABANDONED_AFTER


def noted(health: Health | None, condition: Condition, said: str, now: datetime) -> Health:
    """What is remembered after one more look. Troubles of both kinds in a row are one trouble until it is told."""
    if health is None:
        return Health(condition, now, said)
    unfinished = health.told == "well" and "well" not in (health.seen, condition)
    if condition == health.seen or unfinished:
        return replace(health, seen=condition, said=said, looks=health.looks + 1, claimed_at=None)
    return replace(health, seen=condition, since=now, said=said, looks=1, claimed_at=None)


def is_news(health: Health, now: datetime) -> bool:
    """Whether the channel does not know yet what enough looks agree on."""
    return health.seen != health.told and health.looks >= LOOKS and now - health.since >= CONFIRMED_AFTER


def condition_of(error: QuayError) -> Condition:
    """What a read that failed says of Quay."""
    return "refused" if isinstance(error, Unauthorized | Forbidden) else "down"


def said_of(error: QuayError) -> str:
    """Quay's own words."""
    return f"{error.message} (HTTP {error.status})" if error.status else error.message


@dataclass(frozen=True)
class HealthWatch:
    """Watches the reads that the bot makes anyway, one each minute; asks Quay nothing by itself."""

    redis: Redis
    messenger: Messenger
    clock: Callable[[], datetime]

    async def over(self, reading: Awaitable[Result], channel: str) -> Result:
        """Await work that begins with a read of Quay, and note what it showed. Raises what the work raises."""
        try:
            result = await reading
        except QuayError as error:
            await self.note(condition_of(error), said_of(error), channel)
            raise
        await self.note("well", "", channel)
        return result

    async def note(self, condition: Condition, said: str, channel: str) -> None:
        """Note one look, and tell the channel of what it does not know. What Slack refuses is tried at the next look.

        A look during which another worker notes one counts as that one.
        """
        now = self.clock()
        stored = await self.redis.get(HEALTH_KEY) or b""
        before = _read(stored)
        if before and before.is_claimed(now):
            return
        health = noted(before, condition, said, now)
        news = is_news(health, now)
        claimed = replace(health, claimed_at=now) if news else health
        if await self._swap(stored, claimed) and news:
            await self._swap(_dump(claimed), await self._tell(health, channel))

    async def _tell(self, health: Health, channel: str) -> Health:
        """Say what is new, and return what is to be remembered then."""
        try:
            if health.message_id is None:
                message = views.trouble(health.seen, health.said, health.since)
                message_id = await self.messenger.post(channel, message)
                return replace(health, told=health.seen, channel=channel, message_id=message_id, began=health.since)
            await self._edit_and_reply(health, health.message_id, health.began or health.since)
        except MessengerError as error:
            log.warning("health_not_told", channel=health.channel or channel, reason=error.reason)
            if health.message_id is None or error.reason not in NOTHING_TO_EDIT:
                return health
        return replace(health, told=health.seen)

    async def _edit_and_reply(self, health: Health, message_id: MessageId, began: datetime) -> None:
        """Bring the message up to date, which may be done twice, and then say so under it."""
        shown = (
            views.over(began, health.since) if health.seen == "well" else views.trouble(health.seen, health.said, began)
        )
        await self.messenger.edit(health.channel, message_id, shown)
        reply = views.turned(health.seen, health.said, began, health.since)
        await self.messenger.post(health.channel, reply, thread=message_id)

    async def _swap(self, old: bytes, health: Health) -> bool:
        new = _dump(health)
        return new == old or bool(await self.redis.eval(_SWAP, 1, HEALTH_KEY, old, new))  # type: ignore[misc]


async def remembered_health(redis: Redis) -> Health | None:
    """What the last looks showed; None where nothing is remembered, since all is well."""
    return _read(await redis.get(HEALTH_KEY) or b"")


_health = TypeAdapter(Health)


def _dump(health: Health) -> bytes:
    return b"" if health.is_unremarkable else _health.dump_json(health)


def _read(stored: bytes) -> Health | None:
    """What is remembered; what another version wrote counts as nothing, and is written anew."""
    try:
        return _health.validate_json(stored)
    except ValidationError:
        return None


_SWAP = """
local stored = redis.call('GET', KEYS[1]) or ''
if stored ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2]) end
return 1
"""
