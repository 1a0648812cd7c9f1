"""Telling people: cards that are posted once, edited at every step, and never look live when they are not.

Each step of a record leaves a debt in Redis to tell people of it. Whoever took the step pays it at once; what was
not paid, since Slack did not answer or the process died, the worker pays later.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from bot.confirmations import Card, Confirmations, Missing, Record, State, show_on
from bot.slack.messages import HOME, LASTING, Broadcaster, Courier, Message, MessageId, MessengerError
from bot.storage.sealing import Tampered
from bot.storage.vault import StoredSecret
from bot.views import cards, clicks, secrets

_ENDED_WITH_NEWS = frozenset({State.DONE, State.FAILED, State.UNKNOWN, State.STALE, State.REJECTED, State.EXPIRED})

log = structlog.get_logger()


class CardMessenger(Courier, Broadcaster, Protocol):
    """A messenger that reaches channels in every way, and one person alone."""


@dataclass(frozen=True)
class Outbox:
    """Posts and edits the messages that show a record."""

    messenger: CardMessenger
    confirmations: Confirmations
    clock: Callable[[], datetime]
    spare_channel: Callable[[], str | None]

    async def tell(self, record: Record) -> Record:
        """Tell people of a record's last step, unless another process is about it; returns the record as it is then.

        Raises MessengerError when a card that others must see can be posted nowhere.
        """
        if not await self.confirmations.claim_delivery(record):
            return record
        shown = await self._show(record)
        if shown is None:
            return record
        if not _is_news(shown) or await self._tell_outcome(shown):
            await self.confirmations.told(shown)
        return shown

    async def deliver_due(self) -> None:
        """Tell people of every step of which they have not been told. Failures are for the next time."""
        for record_id in await self.confirmations.undelivered():
            try:
                await self.tell(await self.confirmations.get(record_id))
            except (Missing, Tampered) as error:
                await self.quarantine(record_id, type(error).__name__)
            except MessengerError as error:
                log.warning("not_told", record=record_id, reason=error.reason)

    async def quarantine(self, record_id: str, reason: str) -> None:
        """Do nothing more with a record that cannot be believed, and report it once to the admins' channel."""
        log.error("record_not_believed", record=record_id, reason=reason)
        channel = self.spare_channel()
        if await self.confirmations.quarantine(record_id, reason) and channel:
            try:
                await self.messenger.post(channel, clicks.tampered(record_id))
            except MessengerError as error:
                log.warning("not_reported", record=record_id, reason=error.reason)

    async def post(self, record: Record, channel: str) -> Record:
        """Post a card and remember it. Raises MessengerError when no channel takes it."""
        channel, message_id = await self._post_somewhere(channel, cards.card(record))
        card = Card(channel=channel, message_id=message_id)
        return await self.confirmations.advance(record.id, lambda stored: show_on(stored, card), notifies=False)

    async def whisper(self, record: Record, user: str) -> None:
        """Show a record to its requester alone, where their own confirmation is enough."""
        try:
            await self.messenger.whisper(record.channel, user, cards.confirmation(record))
        except MessengerError as error:
            log.warning("plan_not_whispered", record=record.id, reason=error.reason)

    async def offer_secret(self, kept: StoredSecret) -> bool:
        """Tell somebody alone that a secret waits for them, where they asked or in a direct message; False if neither.

        Until then `pending` lists it.
        """
        try:
            await self.messenger.whisper(kept.channel, kept.owner.user, secrets.ready(kept))
        except MessengerError as error:
            log.warning("secret_not_whispered", change=kept.id, reason=error.reason)
            return await self._post_to_owner(kept, secrets.ready(kept))
        return True

    async def tell_of_expired(self, kept: StoredSecret) -> bool:
        """Tell the owner in a direct message that a secret is destroyed; False when Slack did not take it."""
        return await self._post_to_owner(kept, secrets.expired(kept))

    async def link(self, record: Record, channel: str) -> str | None:
        """The address of a record's card in a channel, or None where there is none."""
        for card in record.cards:
            if card.channel == channel:
                return await self.messenger.link(channel, MessageId(card.message_id))
        return None

    async def address(self, record: Record) -> str | None:
        """The address of a record's first card, or None where there is none or Slack does not say it."""
        if not record.cards:
            return None
        try:
            return await self.link(record, record.cards[0].channel)
        except MessengerError as error:
            log.warning("card_not_linked", record=record.id, reason=error.reason)
            return None

    async def remind(self, record: Record) -> bool:
        """Remind the channel of a card, in its thread; False when Slack did not take it for the moment."""
        if not record.cards:
            return True
        card = record.cards[0]
        try:
            await self.messenger.broadcast(card.channel, cards.reminder(record), thread=MessageId(card.message_id))
        except MessengerError as error:
            log.warning("not_reminded", record=record.id, reason=error.reason)
            return error.reason in LASTING
        return True

    async def _show(self, record: Record) -> Record | None:
        """Bring every card to how the record stands, whoever moves it meanwhile; None when Slack did not take one."""
        while True:
            taken = [True]
            if record.lacks_card:
                record = await self.post(record, record.channel)
            else:
                taken = [await self._edit(card, cards.card(record)) for card in record.cards]
            latest = await self.confirmations.get(record.id)
            if latest.version == record.version:
                return record if all(taken) else None
            record = latest

    async def _tell_outcome(self, record: Record) -> bool:
        """Say how it ended, in the thread of the card or where it was asked for; False when it is to be said again."""
        thread = MessageId(record.cards[0].message_id) if record.cards else None
        channel = record.cards[0].channel if record.cards else record.channel
        try:
            if thread:
                await self.messenger.post(channel, cards.outcome(record), thread=thread)
            elif not record.private or not is_private_channel(channel):
                await self._post_somewhere(channel, cards.outcome(record))
            elif record.requester:
                await self._post_to(record.requester.user, cards.outcome(record))
                return True
        except MessengerError as error:
            log.warning("outcome_not_told", record=record.id, channel=channel, reason=error.reason)
            return error.reason in LASTING
        await self._tell_alone(record)
        return True

    async def _tell_alone(self, record: Record) -> None:
        """Say how it ended to those who took part where its card is not, as far as Slack goes along."""
        asked = [record.requester] if record.requester and is_private_channel(record.channel) else []
        agreed = [approval.actor for approval in record.approvals if approval.at_home]
        for user in dict.fromkeys(actor.user for actor in (*asked, *agreed)):
            try:
                await self._post_to(user, cards.outcome(record))
            except MessengerError as error:
                log.warning("outcome_not_told_alone", record=record.id, reason=error.reason)

    async def _post_to_owner(self, kept: StoredSecret, message: Message) -> bool:
        try:
            await self._post_to(kept.owner.user, message)
        except MessengerError as error:
            log.warning("owner_not_told", change=kept.id, reason=error.reason)
            return False
        return True

    async def _post_to(self, user: str, message: Message) -> None:
        """Post in somebody's direct messages with the bot."""
        await self.messenger.post(await self.messenger.direct(user), message)

    async def _post_somewhere(self, channel: str, message: Message) -> tuple[str, MessageId]:
        """Post in a channel, or else in the spare one: where somebody asks alone, nobody else would see it.

        Raises MessengerError.
        """
        if is_private_channel(channel):
            channel = self.spare_channel() or HOME
        try:
            return channel, await self.messenger.post(channel, message)
        except MessengerError as error:
            spare = self.spare_channel()
            if spare is None or spare == channel or error.reason not in LASTING:
                raise
            log.warning("message_went_elsewhere", channel=channel, spare=spare, reason=error.reason)
            return spare, await self.messenger.post(spare, message)

    async def _edit(self, card: Card, message: Message) -> bool:
        try:
            await self.messenger.edit(card.channel, MessageId(card.message_id), message)
        except MessengerError as error:
            log.warning("card_not_edited", channel=card.channel, reason=error.reason)
            return error.reason in LASTING
        return True


def is_private_channel(channel: str) -> bool:
    """Whether somebody asked where no channel is: in Home, or in direct messages, whose ids begin with D."""
    return channel == HOME or channel.startswith("D")


def _is_news(record: Record) -> bool:
    """Whether its requester is to be told; a plan that only they saw and let expire unconfirmed is no news."""
    passed = record.private and record.state is State.EXPIRED and not record.approvals
    return record.requester is not None and record.state in _ENDED_WITH_NEWS and not passed
