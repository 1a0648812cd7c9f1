"""The outbox: every step of a change leaves an entry, and whoever is free brings its cards up to date and says the end.

Nothing waits for it. Cards show what is so already, so a step is delivered beside the work, by one process for each
record at a time; what Slack doesn't take stays in the outbox and is tried again with growing pauses. However many
processes try, the outcome is announced once, and once more as a correction if *unknown* was cleared up.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from redis.exceptions import RedisError

from bot.changes.poster import GONE, Poster, is_private_channel
from bot.confirmations import Card, Confirmations, Missing, Record, Refused, State, drop_card, show_on
from bot.slack.messages import Message, MessageId, MessengerError
from bot.storage.sealing import Tampered
from bot.views import cards, clicks

PATIENCE = 2.5
"""Seconds for which somebody who acted waits for the card that answers them."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=4), timedelta(minutes=2)
"""Between tries to deliver to a Slack that doesn't take it."""
_ENDED_WITH_NEWS = frozenset({State.DONE, State.FAILED, State.UNKNOWN, State.STALE, State.REJECTED, State.EXPIRED})
_UNREACHABLE = GONE | {"channel_not_found", "is_archived", "not_in_channel"}
"""Slack's words that say that nobody sees a card any more."""
_REMEMBERED = 2000

log = structlog.get_logger()


class CardNotPosted(MessengerError):
    """No channel takes the card of a change, which others must see to approve it."""


@dataclass(frozen=True)
class _Pause:
    until: datetime
    length: timedelta


@dataclass
class Outbox:
    """Delivers what people are to see of each record."""

    poster: Poster
    confirmations: Confirmations
    clock: Callable[[], datetime]
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _pauses: dict[str, _Pause] = field(default_factory=dict)
    _shown: dict[Card, Message] = field(default_factory=dict)
    """What each card shows, as far as this process posted it; so that nothing is sent twice unchanged."""

    def deliver_soon(self, record: Record) -> None:
        """Deliver a record's last step beside whatever is done next; failures stay in the outbox."""
        self.soon(self._deliver_quietly(record))

    def soon(self, work: Coroutine[Any, Any, object]) -> None:
        """Do something beside; `settle` waits for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self, seconds: float | None = None) -> None:
        """Wait for everything that is being delivered, for some seconds at most."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def deliver_within(self, record: Record, seconds: float = PATIENCE) -> tuple[Record, bool]:
        """Deliver, and say within `seconds` how the record stands and whether people can see that already.

        Goes on beside if it takes longer. Raises CardNotPosted when a card that others must see can be posted
        nowhere.
        """
        task = asyncio.create_task(self.deliver(record))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            task.add_done_callback(_log_failure)
            return record, False
        return task.result()

    async def deliver(self, record: Record) -> tuple[Record, bool]:
        """Bring people up to date with a record unless another process does; returns it, and whether they are.

        Raises CardNotPosted when a card that others must see can be posted nowhere.
        """
        while True:
            lease = await self.confirmations.claim_delivery(record.id)
            if lease is None:
                return record, True  # whoever has it delivers this step too
            try:
                record, complete = await self._bring_up_to_date(record, lease)
            finally:
                await self.confirmations.release_delivery(record.id, lease)
            latest = await self.confirmations.get(record.id)
            if not complete or latest.version == record.version:
                return record, complete
            record = latest  # another step was taken while this process still had the lease

    async def deliver_due(self) -> None:
        """Deliver everything that is in the outbox and not in a pause."""
        ids = await self.confirmations.undelivered()
        now = self.clock()
        self._pauses = {id_: pause for id_, pause in self._pauses.items() if id_ in ids}
        for id_ in ids:
            if id_ in self._pauses and now < self._pauses[id_].until:
                continue
            try:
                await self._deliver_quietly(await self.confirmations.get(id_))
            except (Missing, Tampered) as error:
                await self.quarantine(id_, type(error).__name__)

    async def quarantine(self, record_id: str, reason: str) -> None:
        """Do nothing more with a record that can't be believed, and report it once to the admin channel."""
        log.error("record_not_believed", record=record_id, reason=reason)
        if await self.confirmations.quarantine(record_id, reason):
            await self.poster.report(clicks.tampered(record_id))

    async def post(self, record: Record, channel: str) -> Record:
        """Post a card and remember it. Raises CardNotPosted when no channel takes it."""
        shown = cards.card(record)
        try:
            posted = await self.poster.post(channel, shown)
        except MessengerError as error:
            raise CardNotPosted(error.reason) from error
        card = Card(channel=posted.channel, message_id=posted.message_id)
        self._remember(card, shown)
        return await self.confirmations.advance(record.id, lambda stored: show_on(stored, card), notifies=False)

    async def whisper(self, record: Record, user: str) -> None:
        """Show a record to its requester alone, where their own confirmation is enough."""
        try:
            await self.poster.messenger.whisper(record.channel, user, cards.confirmation(record))
        except MessengerError as error:
            log.warning("plan_not_whispered", record=record.id, reason=error.reason)

    async def link(self, record: Record, channel: str | None = None) -> str | None:
        """The address of a record's card, in a channel if one is named; a card that was deleted is posted again.

        None where there is none or Slack doesn't say it.
        """
        for card in record.cards:
            if channel in {None, card.channel}:
                try:
                    return await self.poster.messenger.link(card.channel, MessageId(card.message_id))
                except MessengerError as error:
                    log.warning("card_not_linked", record=record.id, reason=error.reason)
                    if error.reason not in _UNREACHABLE or record.state is not State.PENDING:
                        return None
                    return await self.link(await self._replace(record, card), channel)
        return None

    async def remind(self, record: Record) -> bool:
        """Remind the channel of a card, in its thread; a card that is gone is posted again instead.

        False when Slack didn't take it for the moment.
        """
        if not record.cards:
            return True
        card = record.cards[0]
        try:
            thread = MessageId(card.message_id)
            await self.poster.reply(card.channel, thread, cards.reminder(record), broadcast=True)
        except MessengerError as error:
            log.warning("not_reminded", record=record.id, reason=error.reason)
            if error.reason in GONE:
                await self._replace(record, card)
            return not error.passing
        return True

    async def _deliver_quietly(self, record: Record) -> None:
        """Deliver; what goes wrong is logged, and tried again after a pause."""
        complete = False
        try:
            _, complete = await self.deliver(record)
        except MessengerError as error:
            log.warning("not_delivered", record=record.id, reason=error.reason)
        except Missing:
            return
        except RedisError as error:
            log.warning("not_delivered", record=record.id, reason=type(error).__name__)
        if complete:
            self._pauses.pop(record.id, None)
        else:
            before = self._pauses.get(record.id)
            length = min(before.length * 2, LONGEST_PAUSE) if before else FIRST_PAUSE
            self._pauses[record.id] = _Pause(self.clock() + length, length)

    async def _bring_up_to_date(self, record: Record, lease: str) -> tuple[Record, bool]:
        record, shown = await self._show(record)
        said = await self._announce(record, lease) if _is_news(record) else True
        if shown and said:
            await self.confirmations.delivered(record)
        return record, shown and said

    async def _show(self, record: Record) -> tuple[Record, bool]:
        """Bring every card to how the record stands, whoever moves it meanwhile; False if Slack didn't take one."""
        while True:
            taken = True
            if record.lacks_card:
                record = await self.post(record, record.channel)
            for card in record.cards:
                taken = await self._edit(record, card) and taken
            latest = await self.confirmations.get(record.id)
            if latest.version == record.version:
                return record, taken
            record = latest

    async def _edit(self, record: Record, card: Card) -> bool:
        """Whether a card shows what it should, or never will."""
        message = cards.card(record)
        if self._shown.get(card) == message:
            return True
        try:
            await self.poster.messenger.edit(card.channel, MessageId(card.message_id), message)
        except MessengerError as error:
            log.warning("card_not_edited", channel=card.channel, reason=error.reason)
            if error.reason in _UNREACHABLE:
                await self._drop(record, card)
            return not error.passing
        self._remember(card, message)
        return True

    async def _drop(self, record: Record, card: Card) -> Record:
        """Forget a card that nobody sees. A pending record that others decide on then lacks one, and gets it."""
        self._shown.pop(card, None)
        try:
            return await self.confirmations.advance(record.id, lambda stored: drop_card(stored, card))
        except Refused as refused:
            return refused.record

    async def _replace(self, record: Record, card: Card) -> Record:
        """Post a card again that was deleted; the record without it if Slack takes none now."""
        dropped = await self._drop(record, card)
        try:
            shown, _ = await self.deliver(dropped)
        except MessengerError as error:
            log.warning("card_not_replaced", record=record.id, reason=error.reason)
            return dropped
        return shown

    async def _announce(self, record: Record, lease: str) -> bool:
        """Say how it ended, in the thread of the card or where it was requested; False when it is to be said again."""
        if not await self.confirmations.renew_delivery(record.id, lease):
            return False
        said = await self.confirmations.announced(record.id)
        if said is not None and not (said == State.UNKNOWN and record.state in {State.DONE, State.FAILED}):
            return True
        message = cards.outcome(record, corrects=said is not None)
        try:
            await self._post_outcome(record, message)
        except MessengerError as error:
            log.warning("outcome_not_announced", record=record.id, reason=error.reason)
            if error.passing:
                return False
            await self._announce_alone(record, message, nobody_else=True)
        else:
            await self._announce_alone(record, message)
        await self.confirmations.note_announced(record)
        return True

    async def _post_outcome(self, record: Record, message: Message) -> None:
        if not record.cards:
            if record.private and record.requester and is_private_channel(record.channel):
                await self.poster.post_to(record.requester.user, message)
            else:
                await self.poster.post(record.channel, message)
            return
        card = record.cards[0]
        try:
            await self.poster.reply(card.channel, MessageId(card.message_id), message)
        except MessengerError as error:
            if error.reason not in GONE:
                raise
            await self.poster.post(card.channel, message)

    async def _announce_alone(self, record: Record, message: Message, *, nobody_else: bool = False) -> None:
        """Say how it ended to those who took part where no card is; to the requester if `nobody_else` can be told."""
        private = record.cards and is_private_channel(record.channel)
        asked = [record.requester] if record.requester and (private or nobody_else) else []
        agreed = [approval.actor for approval in record.approvals if approval.at_home]
        for user in dict.fromkeys(actor.user for actor in (*asked, *agreed)):
            try:
                await self.poster.post_to(user, message)
            except MessengerError as error:
                log.warning("outcome_not_told_alone", record=record.id, reason=error.reason)

    def _remember(self, card: Card, message: Message) -> None:
        while len(self._shown) >= _REMEMBERED:
            self._shown.pop(next(iter(self._shown)))
        self._shown[card] = message


def _is_news(record: Record) -> bool:
    """Whether its requester is to be told; a plan that only they saw and let expire unconfirmed is no news."""
    passed = record.private and record.state is State.EXPIRED and not record.approvals
    return record.requester is not None and record.state in _ENDED_WITH_NEWS and not passed


def _log_failure(task: "asyncio.Task[Any]") -> None:
    """What went wrong after somebody stopped waiting; the outbox still has it."""
    if not task.cancelled() and (error := task.exception()):
        log.warning("not_delivered", reason=str(error), kind=type(error).__name__)
