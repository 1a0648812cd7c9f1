"""The end of the bot's own tokens, where they say when that is: told some time before, once for each step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from pydantic import TypeAdapter
from redis.asyncio import Redis

from bot.alerts.state_store import StateStore, is_claimed
from bot.slack.messages import Messenger, MessengerError
from bot.views.health import token_ends

STEPS = (timedelta(days=30), timedelta(days=7), timedelta(days=1))

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Told:
    """At which step before its end a token was told of."""

    ends: datetime
    step: timedelta | None = None
    claimed_at: datetime | None = None


class ToldTokens(StateStore[Told]):
    """What was told, by the names of the settings; the tokens themselves are nowhere."""

    key = "quaymaster:alerts:tokens"
    kind = TypeAdapter(Told)


def step_of(ends: datetime, now: datetime) -> timedelta | None:
    """The last step that was reached; None before the first, and after the end, which Quay tells by itself."""
    return min((step for step in STEPS if now < ends <= now + step), default=None)


@dataclass(frozen=True)
class TokenEnds:
    """Tells the admin channel. Costs a round trip to Redis where a token says when it ends, else nothing."""

    redis: Redis
    messenger: Messenger
    clock: Callable[[], datetime]
    ends: Mapping[str, datetime]
    """By the name of the setting."""

    async def run(self, channel: str, *, rehearsed: bool = False) -> None:
        """Tell of each token that has come to another step. What Slack refuses is tried at the next look."""
        if not self.ends:
            return
        told, now = await ToldTokens.load(self.redis, rehearsed=rehearsed), self.clock()
        for name, ends in self.ends.items():
            before = told.get(name)
            if before is None or before.ends != ends:
                before = Told(ends)
            step = step_of(ends, now)
            if step is None or is_claimed(before, now) or (before.step and before.step <= step):
                continue
            if not await told.swap({name: replace(before, claimed_at=now)}):
                continue
            try:
                await self.messenger.post(channel, token_ends(name, ends, now))
            except MessengerError as error:
                log.warning("end_of_token_not_told", channel=channel, reason=error.reason)
                await told.swap({name: replace(before, claimed_at=None)})
            else:
                await told.swap({name: Told(ends, step)})
