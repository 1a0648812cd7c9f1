"""What keeps the audit trustworthy over time: its head is published daily, refusals summed up, old months sealed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from redis.asyncio import Redis

from bot.alerts.schedule import EVERY_MORNING
from bot.alerts.settings import AlertSettings
from bot.audit import BEGINNING, Audit
from bot.slack.messages import Messenger
from bot.storage.sealing import Tampered
from bot.views import audit as views

PUBLISHING = "quaymaster:audit:publishing"
PUBLISHING_SECONDS = 55
"""So long one process has for posting the head before another may try."""

log = structlog.get_logger()


@dataclass(frozen=True)
class AuditUpkeep:
    """Looks after the audit, once a minute; of many workers one does each thing."""

    redis: Redis
    audit: Audit
    messenger: Messenger
    clock: Callable[[], datetime]
    settings: AlertSettings
    kept_for: timedelta | None
    """How long months are kept once they are sealed; None: for good."""

    async def run(self) -> None:
        """Do all of it; what fails keeps nothing else from being done. Raises what the first failure raised."""
        steps = (self.sum_up, self.publish, self.close_months)
        results = await asyncio.gather(*(step() for step in steps), return_exceptions=True)
        failures = {step.__name__: each for step, each in zip(steps, results, strict=True) if each is not None}
        for step, failure in failures.items():
            log.warning("audit_upkeep_failed", step=step, kind=type(failure).__name__, said=str(failure))
        for failure in failures.values():
            raise failure

    async def publish(self) -> None:
        """Post the head of the audit, at eight o'clock each day, and once for all days that were missed.

        A record that began since then has no day to post yet. Raises MessengerError; the next minute tries again.
        """
        due_at, channel = EVERY_MORNING.slot(self.clock(), self.settings.time_zone()), self.settings.admin_channel()
        if channel is not None and await self._is_due(due_at) and await self._begin():
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

    async def _is_due(self, due_at: datetime) -> bool:
        """Whether the head of a moment is still to be posted; a memory of it that is altered or gone is none."""
        try:
            published = await self.audit.published()
            if published is None:
                began = await self.audit.began()
                return began is not None and began < due_at
        except Tampered:
            log.error("published_head_altered")
            return True
        return published.due_at < due_at

    async def _begin(self) -> bool:
        return bool(await self.redis.set(PUBLISHING, b"1", nx=True, ex=PUBLISHING_SECONDS))
