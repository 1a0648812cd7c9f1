"""Whether Quay can be used: said once, with its end, and never for one lost packet."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from pydantic import TypeAdapter
from redis.asyncio import Redis

from bot.alerts.publisher import NOTHING_TO_EDIT
from bot.alerts.state_store import StateStore, is_claimed
from bot.quay.errors import Forbidden, QuayError, ReadTokenRefused, Unauthorized
from bot.slack.messages import MessageId, Messenger, MessengerError
from bot.views import health as views
from bot.views.health import Condition

HEALTH_KEY = "quaymaster:alerts:health"
QUAY, LISTS = "quay", "lists"
"""The entries of the memory: whether Quay can be used at all, and whether it lists its namespaces."""
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


class HealthMemory(StateStore[Health]):
    """What the last looks showed; nothing while all is well."""

    key = HEALTH_KEY
    kind = TypeAdapter(Health)


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
    """Quay's own words, as a sentence."""
    return f"{error.message.rstrip('.')} (HTTP {error.status})." if error.status else error.message


@dataclass(frozen=True)
class HealthWatch:
    """Watches the reads that the bot makes anyway, one each minute."""

    redis: Redis
    messenger: Messenger
    clock: Callable[[], datetime]
    prove_tokens: Callable[[], Awaitable[None]]
    """Asks Quay now and again whether it takes the token for changes, and says whether it takes the one for reading."""

    async def over(self, reading: Awaitable[Result], channel: str, *, rehearsed: bool = False) -> Result:
        """Await work that begins with a read of Quay, and note what it showed. Raises what the work raises."""
        try:
            result = await reading
        except QuayError as error:
            await self.note(condition_of(error), said_of(error), channel, rehearsed=rehearsed)
            raise
        condition, said = await self._of_tokens()
        await self.note(condition, said, channel, rehearsed=rehearsed)
        return result

    async def over_lists(self, sweep: Awaitable[Result], channel: str) -> Result:
        """Await a sweep over Quay's lists, and note whether Quay gave them; what the other look shows is said there.

        Raises what the sweep raises.
        """
        try:
            result = await sweep
        except QuayError as error:
            if not await self._is_in_trouble():
                await self.note("unlisted", said_of(error), channel, subject=LISTS)
            raise
        await self.note("well", "", channel, subject=LISTS)
        return result

    async def _is_in_trouble(self) -> bool:
        health = (await HealthMemory.load(self.redis)).get(QUAY)
        return health is not None and health.seen in {"down", "refused"}

    async def _of_tokens(self) -> tuple[Condition, str]:
        """What Quay says of the tokens. That it fails otherwise says nothing: it has just answered."""
        try:
            await self.prove_tokens()
        except ReadTokenRefused as error:
            return "borrowing", said_of(error)
        except (Unauthorized, Forbidden) as error:
            return "powerless", said_of(error)
        except QuayError as error:
            log.warning("token_not_proved", said=str(error))
        return "well", ""

    async def note(
        self, condition: Condition, said: str, channel: str, *, rehearsed: bool = False, subject: str = QUAY
    ) -> None:
        """Note one look, and tell the channel of what it does not know. What Slack refuses is tried at the next look.

        A look during which another worker notes one counts as that one.
        """
        memory, now = await HealthMemory.load(self.redis, rehearsed=rehearsed), self.clock()
        before = memory.get(subject)
        if before and is_claimed(before, now):
            return
        health = noted(before, condition, said, now)
        if before is None and health.is_unremarkable:
            return
        news = is_news(health, now)
        won = await memory.swap({subject: replace(health, claimed_at=now) if news else _worth_keeping(health)})
        if won and news:
            await memory.swap({subject: _worth_keeping(await self._tell(health, channel))})

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
        is_over = health.seen == "well"
        shown = (
            views.over(health.told, began, health.since) if is_over else views.trouble(health.seen, health.said, began)
        )
        await self.messenger.edit(health.channel, message_id, shown)
        reply = views.turned(health.told, health.seen, health.said, began, health.since)
        await self.messenger.post(health.channel, reply, thread=message_id)


def _worth_keeping(health: Health) -> Health | None:
    return None if health.is_unremarkable else health
