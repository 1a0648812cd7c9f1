"""One service key in a modal: *Details* on its card, and the message shortcut."""

from dataclasses import dataclass

from bot.changes import Authorization
from bot.commands import Grammar
from bot.slack.messages import Message
from bot.views import errors, modals
from bot.web.answers import Answers
from bot.web.origin import Payload
from bot.web.replies import Reply
from bot.web.windows import Windows
from handlers.dispatch import guarded
from handlers.key_details import Details
from handlers.shortcuts import NO_KEY, key_in, question

_TITLE = "Service key"
_NOTHING = Message("There is nothing to show.")
_NOT_SHOWN = "Slack didn't show the key. Try again, or type keys show KID."


@dataclass(frozen=True)
class Keys:
    """Shows keys."""

    authorization: Authorization
    key_details: Details
    grammar: Grammar
    answers: Answers
    windows: Windows

    async def details(self, payload: Payload) -> Reply | None:
        """Show the details of a waiting key."""
        window = await self.windows.open(payload, modals.modal(_TITLE, Message("Asking Quay …")))
        if window is None:
            return Reply(errors.sentence(_NOT_SHOWN))

        async def show() -> Message:
            person = await self.authorization.person(payload.origin.actor)
            return await self.key_details.show(payload.value, person)

        shown = await window.show(modals.modal(_TITLE, await guarded("The details", show()) or _NOTHING))
        return None if shown else Reply(errors.sentence(_NOT_SHOWN))

    async def ask_about(self, payload: Payload) -> Reply | None:
        """Show the key that a message names, as `keys show` does."""
        kid = key_in(payload.body["message"])
        if kid is None:
            said = errors.sentence(NO_KEY)
            return None if await self.windows.open(payload, modals.modal(_TITLE, said)) else Reply(said)
        window = await self.windows.open(payload, modals.modal(_TITLE, errors.sentence("Asking Quay …")))
        if window is None:
            return Reply(errors.sentence(_NOT_SHOWN))
        text = question(self.grammar.commands["keys show"], kid)
        said = await self.answers.message(payload, text) or _NOTHING
        return None if await window.show(modals.modal(_TITLE, said)) else Reply(errors.sentence(_NOT_SHOWN))
