"""Following a measurement of the registry: one message, edited as Quay goes on, until it is done or nobody cares."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from redis.asyncio import Redis

from bot.confirmations import Record
from bot.permissions import Actor
from bot.quay.client import Quay
from bot.quay.models import RegistrySize
from bot.slack.messages import MessageId, Messenger, MessengerError
from bot.views import measurement as views

FOLLOWED = "quaymaster:measurement"
"""The message that follows the one measurement that a registry can have at a time."""
MEASURED = "quaymaster:measured"
"""What a measurement that was followed came to, for the processes that remember an older size."""
MEASURED_FOR = timedelta(hours=1)
"""By then each of them has read the size anew."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(seconds=80)
"""Each pause between two looks is twice the one before: six looks in all."""
FOLLOWED_FOR = timedelta(minutes=5)

log = structlog.get_logger()


@dataclass(frozen=True)
class Measurement:
    """Costs six requests to Quay for a measurement that takes long, and none while none is followed."""

    redis: Redis
    quay: Quay
    messenger: Messenger
    clock: Callable[[], datetime]

    async def begin(self, record: Record) -> None:
        """Post the message that follows a measurement, beside the card of the change that asked for it."""
        if record.requester is None:
            return
        card = record.cards[0] if record.cards else None
        channel = card.channel if card else record.channel
        thread = MessageId(card.message_id) if card else None
        try:
            message_id = await self.messenger.post(channel, views.going_on("queued", timedelta(0)), thread=thread)
        except MessengerError as error:
            log.warning("measurement_not_followed", reason=error.reason)
            return
        now = self.clock().timestamp()
        followed = {
            "channel": channel,
            "message": message_id,
            "owner": str(record.requester),
            "since": now,
            "looked": now,
            "pause": FIRST_PAUSE.total_seconds(),
        }
        await self.redis.set(FOLLOWED, json.dumps(followed), ex=2 * FOLLOWED_FOR)

    async def follow(self) -> None:
        """Look how far Quay is, and edit the message. Raises QuayError or MessengerError; the next tick tries again."""
        stored = await self.redis.get(FOLLOWED)
        if stored is None:
            return
        followed, now = json.loads(stored), self.clock()
        since = now - datetime.fromtimestamp(followed["since"], now.tzinfo)
        pause = followed.get("pause", FIRST_PAUSE.total_seconds())
        if now.timestamp() - followed["looked"] < pause:
            return
        measured = await self.quay.get_registry_size()
        under_way = measured.queued or measured.running
        goes_on = under_way and since < FOLLOWED_FOR
        state = "running" if measured.running else "queued"
        if not under_way:
            await self.redis.set(MEASURED, measured.model_dump_json(), ex=MEASURED_FOR)
            shown = views.ended(measured)
        else:
            shown = views.going_on(state, since) if goes_on else views.left(state, since)
        # Noted before the edit, so that a Slack that takes none costs Quay no more than these looks
        longer = min(2 * pause, LONGEST_PAUSE.total_seconds())
        looked = {**followed, "looked": now.timestamp(), "pause": longer}
        await self.redis.set(FOLLOWED, json.dumps(looked), xx=True, keepttl=True)
        try:
            await self.messenger.edit(followed["channel"], MessageId(followed["message"]), shown)
        except MessengerError as error:
            if error.passing:
                raise
            log.warning("measurement_not_followed", reason=error.reason)
            goes_on = False
        if not goes_on:
            await self.redis.delete(FOLLOWED)

    async def last(self) -> RegistrySize | None:
        """What the last measurement that was followed came to, if that was within MEASURED_FOR."""
        stored = await self.redis.get(MEASURED)
        return RegistrySize.model_validate_json(stored) if stored else None

    async def stop(self, actor: Actor) -> bool:
        """Follow no longer; Quay itself goes on. False where there is nothing to follow, or it is not theirs."""
        stored = await self.redis.get(FOLLOWED)
        if stored is None or json.loads(stored)["owner"] != str(actor):
            return False
        followed = json.loads(stored)
        await self.redis.delete(FOLLOWED)
        await self.messenger.edit(followed["channel"], MessageId(followed["message"]), views.stopped())
        return True
