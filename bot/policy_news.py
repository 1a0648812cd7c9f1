"""What became of a changed permissions file: recorded and announced, by one of many workers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog
from redis.asyncio import Redis

from bot.audit import Audit
from bot.messages import LASTING, Message, Messenger, MessengerError
from bot.permissions.file import PolicyFile
from bot.views import policy as views

REMEMBERED_FOR = 86_400
"""Seconds for which workers know that one of them has told of a change."""

log = structlog.get_logger()


@dataclass(frozen=True)
class PolicyNews:
    """Notices a changed file and tells of it."""

    redis: Redis
    audit: Audit
    messenger: Messenger
    policy: PolicyFile
    channel: Callable[[], str | None]
    """The admin channel that alerts.yaml names; without it, the first one of permissions.yaml."""

    async def tell(self) -> None:
        """Look at the file; record and announce what nobody was told of yet. What fails is done the next time."""
        self.policy.current()
        while self.policy.news:
            news = self.policy.news[0]
            record = partial(self.audit.record, news.event, actor=None, said=news.for_the_record)
            await self._once(f"recorded:{news.id}", record)
            drawn = views.news(news.event, self.policy.path.name, news.said)
            named = self.channel()
            for channel in [named] if named else news.channels:
                await self._once(f"told:{channel}:{news.id}", partial(self._post, channel, drawn))
            self.policy.news.popleft()

    async def _post(self, channel: str, message: Message) -> None:
        """Post in a channel, unless Slack will never take it there."""
        try:
            await self.messenger.post(channel, message)
        except MessengerError as error:
            if error.reason not in LASTING:
                raise
            log.error("policy_news_not_told", channel=channel, reason=error.reason)

    async def _once(self, what: str, do: Callable[[], Awaitable[object]]) -> None:
        """Do it if no other worker has; after a failure it is still to be done."""
        key = f"quaymaster:policy:{what}"
        if not await self.redis.set(key, b"1", nx=True, ex=REMEMBERED_FOR):
            return
        try:
            await do()
        except BaseException:
            await self.redis.delete(key)
            raise
