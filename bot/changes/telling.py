"""Keeping the cards true: posted once, edited at every step, never looking live when they are not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.confirmations import Card, Confirmations, Record, State, show_on
from bot.messages import Message, MessageId, MessengerError, Whisperer
from bot.views import cards

log = structlog.get_logger()


@dataclass(frozen=True)
class Telling:
    """Posts and edits the messages that show a record."""

    messenger: Whisperer
    confirmations: Confirmations
    clock: Callable[[], datetime]
    fallback_channel: Callable[[], str | None]

    async def post(self, record: Record, channel: str) -> Record:
        """Post a card and remember it. Raises MessengerError when no channel takes it."""
        message = cards.card(record)
        try:
            message_id = await self.messenger.post(channel, message)
        except MessengerError as error:
            spare = self.fallback_channel()
            if spare is None or spare == channel:
                raise
            log.warning("card_went_elsewhere", record=record.id, channel=channel, reason=error.reason)
            channel, message_id = spare, await self.messenger.post(spare, message)
        card = Card(channel=channel, message_id=message_id)
        shown = await self.confirmations.advance(record.id, lambda stored: show_on(stored, card))
        if shown.state is not record.state or shown.approvals != record.approvals:
            await self.refresh(shown)
        return shown

    async def whisper(self, record: Record, user: str) -> None:
        """Show a record to its requester alone, where their own confirmation is enough."""
        try:
            await self.messenger.whisper(record.channel, user, cards.confirmation(record))
        except MessengerError as error:
            log.warning("plan_not_whispered", record=record.id, reason=error.reason)

    async def refresh(self, record: Record) -> None:
        """Edit every card of a record until they show how it stands now, whoever else edits them."""
        while True:
            for card in record.cards:
                await self._edit(card, cards.card(record))
            latest = await self.confirmations.get(record.id)
            if latest.version == record.version:
                return
            record = latest

    async def outcome(self, record: Record) -> None:
        """Bring the cards to the end and tell whoever asked, in the thread of the card or in the channel."""
        await self.refresh(record)
        if record.requester is None or (record.state in {State.CANCELLED, State.REJECTED} and not record.cards):
            return
        thread = MessageId(record.cards[0].message_id) if record.cards else None
        channel = record.cards[0].channel if record.cards else record.channel
        try:
            await self.messenger.post(channel, cards.outcome(record), thread=thread)
        except MessengerError as error:
            log.error("outcome_not_told", record=record.id, channel=channel, reason=error.reason)

    async def _edit(self, card: Card, message: Message) -> None:
        try:
            await self.messenger.edit(card.channel, MessageId(card.message_id), message)
        except MessengerError as error:
            log.warning("card_not_edited", channel=card.channel, reason=error.reason)
