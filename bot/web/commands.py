"""The slash command, and the buttons that stand for a command."""

from dataclasses import dataclass, replace

from bot.changes import Authorization
from bot.commands import Grammar, form_of
from bot.confirmations import Confirmations, Missing
from bot.storage.sealing import Tampered
from bot.views import clicks, lookups
from bot.web.answers import Answers
from bot.web.origin import Payload
from bot.web.replies import Reply
from bot.web.windows import Windows
from handlers.forms import Forms


@dataclass(frozen=True)
class Commands:
    """Answers commands; what lacks an argument opens the command's form."""

    authorization: Authorization
    confirmations: Confirmations
    grammar: Grammar
    forms: Forms
    answers: Answers
    windows: Windows

    async def typed(self, payload: Payload) -> Reply | None:
        """Answer the slash command. The right to do so is taken with the first thing that comes of it."""
        origin, text = payload.origin, payload.body["text"]
        view = await self.forms.completing(await self.authorization.person(origin.actor), origin.channel, text)
        if view is not None:
            await payload.once.take()
            if await self.windows.open(payload, view):
                return None
        return await self.answers.answer(payload, text)

    async def chosen(self, payload: Payload) -> Reply | None:
        """Answer a button of the menu: open the command's form, or answer the command."""
        origin, path = payload.origin, payload.value
        command = self.grammar.commands.get(path)
        if command is not None and form_of(command).needed:
            view = await self.forms.asking(await self.authorization.person(origin.actor), origin.channel, path, {})
            if view is not None and await self.windows.open(payload, view):
                return None
        return await self.answers.answer(payload, path)

    async def look_again(self, payload: Payload) -> Reply | None:
        """Answer *Look again* with the state of what a change of unknown outcome was about."""
        try:
            record = await self.confirmations.get(payload.value)
        except (Missing, Tampered):
            return Reply(clicks.gone())
        there = replace(payload, origin=replace(payload.origin, channel=record.channel))
        said = await self.answers.message(there, lookups.reading_of(record), typed=False)
        return Reply(said) if said else None
