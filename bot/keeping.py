"""What keeps the audit trustworthy over time: its head is published daily, refusals summed up, old months sealed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import structlog
from redis.asyncio import Redis

from bot.alerts.schedule import EVERY_MORNING
from bot.audit import BEGINNING, Audit
from bot.messages import Messenger
from bot.sealing import Tampered
from bot.views import audit as views

PUBLISHING = "quaymaster:audit:publishing"
PUBLISHING_SECONDS = 55
"""So long one process has for posting the head before another may try."""

log = structlog.get_logger()


@dataclass(frozen=True)
class AuditKeeping:
    """Looks after the audit, once a minute; of many workers one does each thing."""

    redis: Redis
    audit: Audit
    messenger: Messenger
    clock: Callable[[], datetime]
    channel: Callable[[], str | None]
    """The admin channel."""
    zone: Callable[[], tzinfo]
    kept_for: timedelta | None

    async def publish(self) -> None:
        """Post the head of the audit, at eight o'clock each day, and once for all days that were missed.

        The first day of a new record is passed over. Raises MessengerError; the next minute tries again.
        """
        due_at, last_due, channel = (
            EVERY_MORNING.slot(self.clock(), self.zone()),
            await self._last_due(),
            self.channel(),
        )
        if last_due is None:
            await self.audit.note_published(due_at, BEGINNING)
        elif last_due < due_at and channel is not None and await self._begin():
            try:
                head = await self.audit.head()
            except Tampered:
                log.error("audit_end_altered")
                await self.messenger.post(channel, views.end_altered())
                head = BEGINNING
            else:
                await self.messenger.post(channel, views.published(head))
            await self.audit.note_published(due_at, head)

    async def sum_up(self) -> None:
        """Record how many refusals were not recorded singly."""
        await self.audit.denials.sum_up()

    async def close_months(self) -> None:
        """Seal the months that are over, and trim those that are kept no longer. Raises Tampered."""
        await self.audit.segments.keep_up(self.kept_for)

    async def _last_due(self) -> datetime | None:
        """For which moment a head was published last; for none of which is known where that was altered."""
        try:
            published = await self.audit.published()
        except Tampered:
            log.error("published_head_altered")
            return datetime.min.replace(tzinfo=self.clock().tzinfo)
        return published.due_at if published else None

    async def _begin(self) -> bool:
        return bool(await self.redis.set(PUBLISHING, b"1", nx=True, ex=PUBLISHING_SECONDS))
