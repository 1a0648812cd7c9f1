"""Answers to commands, whether they were typed, filled in as a form or chosen with a button."""

from dataclasses import dataclass

from bot.changes import Authorization
from bot.slack.messages import HOME, Message
from bot.web.home import HomeTab
from bot.web.origin import Payload
from bot.web.replies import Reply
from handlers.dispatch import Delivery, Dispatcher, guarded


@dataclass(frozen=True)
class Answers:
    """Answers commands. `slash` is the command as people type it."""

    authorization: Authorization
    dispatcher: Dispatcher
    home: HomeTab
    slash: str

    async def answer(self, payload: Payload, text: str) -> Reply | None:
        """Answer a command; in the Home tab with a direct message, which the tab then points to."""
        message = await self.message(payload, text)
        if payload.origin.channel == HOME:
            await self.home.answered(payload.origin, message, text)
            return None
        return Reply(message) if message is not None else None

    async def message(self, payload: Payload, text: str, *, typed: bool = True) -> Message | None:
        """The answer to a command; None when the channel shows it already.

        A command that was not `typed` by the person is not named to them where they can't run it.
        """
        actor, channel = payload.origin.actor, payload.origin.channel

        async def answer() -> Message | None:
            person = await self.authorization.person(actor)
            delivery = Delivery(payload.id, actor.team, actor.user, channel, text, payload.once, typed)
            return await self.dispatcher.answer(person, delivery)

        return await guarded(f"{self.slash} {text}".strip(), answer())
