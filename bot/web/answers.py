"""Answers to commands, whether they were typed, filled in as a form or chosen with a button."""

from dataclasses import dataclass

from bot.changes import Authorization
from bot.slack.messages import HOME, Message
from bot.web.home import HomeTab
from bot.web.origin import Origin
from bot.web.replies import Reply
from handlers.dispatch import Delivery, Dispatcher, guarded


@dataclass(frozen=True)
class Answers:
    """Answers commands. `slash` is the command as people type it."""

    authorization: Authorization
    dispatcher: Dispatcher
    home: HomeTab
    slash: str

    async def answer(self, origin: Origin, delivery_id: str, text: str) -> Reply | None:
        """Answer a command; in the Home tab with a direct message, which the tab then points to.

        `delivery_id` is the same when Slack delivers the same thing again.
        """
        message = await self.message(origin, delivery_id, text)
        if origin.channel == HOME:
            await self.home.answered(origin, message, text)
            return None
        return Reply(message) if message is not None else None

    async def message(self, origin: Origin, delivery_id: str, text: str) -> Message | None:
        """The answer to a command; None when the channel shows it already."""
        actor = origin.actor

        async def answer() -> Message | None:
            person = await self.authorization.person(actor)
            return await self.dispatcher.answer(
                person, Delivery(delivery_id, actor.team, actor.user, origin.channel, text)
            )

        return await guarded(f"{self.slash} {text}".strip(), answer())
