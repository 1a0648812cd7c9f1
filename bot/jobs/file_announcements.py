"""What became of a file that changed: recorded and announced, by one of many workers."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import structlog
from redis.asyncio import Redis

from bot.audit import Audit, Event
from bot.config.watched_file import FileChange, WatchedFile
from bot.slack.messages import Message, Messenger, MessengerError

REMEMBERED_FOR = 86_400
"""Seconds for which workers know that one of them has told of a change."""

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True)
class FileAnnouncements(Generic[T]):
    """Notices a changed file and tells of it."""

    redis: Redis
    audit: Audit
    messenger: Messenger
    file: WatchedFile[T]
    loaded: Event
    refused: Event
    draw: Callable[[FileChange[T]], Message]
    channels: Callable[[FileChange[T]], Iterable[str]]
    """Who is told of it."""

    async def tell(self) -> None:
        """Look at the file; record and announce what nobody was told of yet. What fails is done the next time."""
        self.file.current()
        while self.file.news:
            news = self.file.news[0]
            event = self.loaded if news.loaded else self.refused
            record = partial(self.audit.record, event, actor=None, file=news.file, said=news.for_the_record)
            await self._once(f"recorded:{news.id}", record)
            drawn = self.draw(news)
            for channel in self.channels(news):
                await self._once(f"told:{channel}:{news.id}", partial(self._post, channel, drawn))
            self.file.news.popleft()

    async def _post(self, channel: str, message: Message) -> None:
        """Post in a channel, unless Slack will never take it there."""
        try:
            await self.messenger.post(channel, message)
        except MessengerError as error:
            if error.passing:
                raise
            log.error("file_news_not_told", channel=channel, reason=error.reason)

    async def _once(self, what: str, do: Callable[[], Awaitable[object]]) -> None:
        """Do it if no other worker has; after a failure it is still to be done."""
        key = f"quaymaster:file:{what}"
        if not await self.redis.set(key, b"1", nx=True, ex=REMEMBERED_FOR):
            return
        try:
            await do()
        except BaseException:
            await self.redis.delete(key)
            raise
