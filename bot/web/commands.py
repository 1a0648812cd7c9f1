"""The slash command, and the buttons that stand for a command."""

from dataclasses import dataclass, replace

from bot.changes import Authorization
from bot.commands import Grammar, form_of
from bot.confirmations import Confirmations, Missing
from bot.storage.sealing import Tampered
from bot.views import clicks, lookups
from bot.web.answers import Answers
from bot.web.origin import Body, origin_of, value_of
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

    async def typed(self, body: Body) -> Reply | None:
        """Answer the slash command."""
        origin, text = origin_of(body), body.get("text", "")
        view = await self.forms.completing(await self.authorization.person(origin.actor), origin.channel, text)
        if view is not None and await self.windows.open(body, view):
            return None
        return await self.answers.answer(origin, body["trigger_id"], text)

    async def chosen(self, body: Body) -> Reply | None:
        """Answer a button of the menu: open the command's form, or answer the command."""
        origin, path = origin_of(body), value_of(body)
        command = self.grammar.commands.get(path)
        if command is not None and form_of(command).needed:
            view = await self.forms.asking(await self.authorization.person(origin.actor), origin.channel, path, {})
            if view is not None and await self.windows.open(body, view):
                return None
        return await self.answers.answer(origin, body["trigger_id"], path)

    async def look_again(self, body: Body) -> Reply | None:
        """Answer *Look again* with the state of what a change of unknown outcome was about."""
        origin = origin_of(body)
        try:
            record = await self.confirmations.get(value_of(body))
        except (Missing, Tampered):
            return Reply(clicks.gone())
        there = replace(origin, channel=record.channel)
        return await self.answers.answer(there, body["trigger_id"], lookups.reading_of(record))
