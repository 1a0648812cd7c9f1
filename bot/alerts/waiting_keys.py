"""Keys that wait for approval: what is odd about them, and reminders before it is too late."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from pydantic import TypeAdapter
from redis.asyncio import Redis

from bot.alerts.config import KeyAlerts
from bot.alerts.key_rules import Watched, crowds_of, doubts_about, due_reminder, grown_crowd
from bot.alerts.state_store import StateStore
from bot.confirmations import Confirmations, Missing, Record, State
from bot.effects.keys import decide_by, waiting_target
from bot.model.alert_facts import Refusal
from bot.quay.models import ServiceKey
from bot.slack.messages import Broadcaster, MessageId, MessengerError
from bot.storage.sealing import Tampered
from bot.views.keys import reminder

SERVICES_KEY = "quaymaster:alerts:services"
MOST_SERVICES = 1000
"""So many services with an approved key are remembered; those seen last."""

log = structlog.get_logger(__name__)


class WatchedKeys(StateStore[Watched]):
    """What is remembered of the waiting keys, by their ids."""

    key = "quaymaster:alerts:waiting"
    kind = TypeAdapter(Watched)


@dataclass(frozen=True)
class WaitingKeys:
    """Looks at all keys together, and reminds people of those that still wait. Any number may do so at once."""

    redis: Redis
    confirmations: Confirmations
    messenger: Broadcaster
    clock: Callable[[], datetime]

    async def doubts(self, keys: Sequence[ServiceKey], *, rehearsed: bool = False) -> Mapping[str, Sequence[str]]:
        """What should make an approver look twice, by the id of the waiting key."""
        waiting = {key.kid: key for key in keys if key.is_waiting}
        watched = await WatchedKeys.load(self.redis, rehearsed=rehearsed)
        known = await self._known_services({key.service for key in keys if not key.is_waiting}, rehearsed=rehearsed)
        crowds = crowds_of(keys) if waiting else {}
        new = {kid: self._after(watched.get(kid), crowds.get(kid, 0)) for kid in waiting}
        changed: dict[str, Watched | None] = {
            kid: entry for kid, entry in new.items() if watched.get(kid) != entry and entry.claimed_at is None
        }
        await watched.swap({**changed, **dict.fromkeys(watched.keys() - waiting.keys())})
        return {kid: doubts_about(key, known, new[kid].crowd) for kid, key in waiting.items()}

    async def remind(
        self, keys: Sequence[ServiceKey], config: KeyAlerts, admin_channel: str, *, rehearsed: bool = False
    ) -> None:
        """Say of each key that still waits that its time is running out, once for each reminder."""
        watched, now = await WatchedKeys.load(self.redis, rehearsed=rehearsed), self.clock()
        due = {
            key.kid: (key, level)
            for key in keys
            if key.kid in watched and (level := due_reminder(key, watched[key.kid], config.reminders, now))
        }
        before = {kid: replace(watched[kid], claimed_at=None) for kid in due}
        won = await watched.swap({kid: replace(entry, claimed_at=now) for kid, entry in before.items()})
        for kid in due.keys() & won:
            key, level = due[kid]
            settled = await self._remind(key, admin_channel, last=level == config.reminders[-1])
            await watched.swap({kid: replace(before[kid], reminded=level) if settled else before[kid]})

    def _after(self, watched: Watched | None, crowd: int) -> Watched:
        watched = watched or Watched(seen_at=self.clock())
        return replace(watched, crowd=grown_crowd(watched.crowd, crowd))

    async def _known_services(self, approved: Collection[str], *, rehearsed: bool) -> Collection[str]:
        """Services that have an approved key, or had one: remembered without their keys, the latest."""
        async with self.redis.pipeline(transaction=False) as pipeline:
            if approved and not rehearsed:
                pipeline.zadd(SERVICES_KEY, dict.fromkeys(approved, self.clock().timestamp()))
            if not rehearsed:
                pipeline.zremrangebyrank(SERVICES_KEY, 0, -MOST_SERVICES - 1)
            pipeline.zrange(SERVICES_KEY, 0, -1)
            *_, remembered = await pipeline.execute()
        return {service.decode() for service in remembered} | set(approved)

    async def _remind(self, key: ServiceKey, admin_channel: str, *, last: bool) -> bool:
        """Whether nothing more is to be said of this reminder: it was said, or somebody decided meanwhile."""
        record = await self._record_of(key)
        if record is None or not record.cards:
            return False
        if record.state is not State.PENDING:
            return True
        card, until, now = record.cards[0], decide_by(key), self.clock()
        send = self.messenger.broadcast if last else self.messenger.post
        try:
            await send(card.channel, reminder(key, until, now), thread=MessageId(card.message_id))
        except MessengerError as error:
            log.warning("reminder_refused", kid=key.kid, channel=card.channel, reason=error.reason)
            if error.passing:
                return False
            return await self._remind_elsewhere(key, admin_channel, Refusal(card.channel, error.reason))
        return True

    async def _remind_elsewhere(self, key: ServiceKey, admin_channel: str, refusal: Refusal) -> bool:
        """Post in the admin channel, outside of any thread; what that refuses too is only in the log."""
        now = self.clock()
        try:
            await self.messenger.post(admin_channel, reminder(key, decide_by(key), now, refusal))
        except MessengerError as error:
            log.error("reminder_refused", kid=key.kid, channel=admin_channel, reason=error.reason)
            return not error.passing
        return True

    async def _record_of(self, key: ServiceKey) -> Record | None:
        id_ = await self.confirmations.live_for(waiting_target(key.kid))
        try:
            return await self.confirmations.get(id_) if id_ else None
        except (Missing, Tampered) as error:
            log.warning("record_unreadable", kid=key.kid, kind=type(error).__name__)
            return None
