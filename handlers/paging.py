"""The buttons under a list: another page of it, a file of all of it, and Cancel while the file is made."""

from dataclasses import dataclass

from bot.commands import Call, Correction, Grammar
from bot.permissions import Person
from bot.quay.operations import KNOWN
from bot.slack.messages import Message
from bot.storage.cursors import Cursor, CursorOfAnother, Ended
from bot.views import progress as views
from handlers.confirmations import ClickAnswer
from handlers.dispatch import Delivery, Dispatcher
from handlers.exporting import Exporter
from handlers.listing import AnyListing
from handlers.pages import Pages, UnderWay

_TURNS = {"page_next": 1, "page_previous": -1}
_READING = {None, "audit"}
"""The permissions of the bot's own commands that only read."""


@dataclass(frozen=True)
class Paging:
    """Answers clicks under lists. Who may see the list is asked anew at each click."""

    dispatcher: Dispatcher
    pages: Pages
    exporter: Exporter
    grammar: Grammar

    async def click(self, action_id: str, id_: str, person: Person) -> ClickAnswer:
        """Do what a button says. Raises QuayError, MessengerError, NotKnown."""
        if action_id == "work_cancel":
            stopped = await self.pages.tasks.stop(id_, person.actor)
            return ClickAnswer(views.cancelling() if stopped else views.over())
        try:
            cursor = await self.pages.cursors.find(id_, person.actor)
        except Ended:
            return ClickAnswer(views.ended())
        except CursorOfAnother:
            return ClickAnswer(views.of_another())
        async with self.dispatcher.reading_for(person, cursor.channel):
            return await self._turn(action_id, id_, person, cursor)

    async def _turn(self, action_id: str, id_: str, person: Person, cursor: Cursor) -> ClickAnswer:
        found = await self._listing(cursor, person)
        if isinstance(found, Message):
            return ClickAnswer(found)
        if action_id == "page_file":
            return ClickAnswer(await self.exporter.send(id_, found, person.actor))
        try:
            return ClickAnswer(await self.pages.at(id_, cursor.turned(_TURNS[action_id]), found), replaces=True)
        except UnderWay:
            return ClickAnswer(views.look_under_way())

    async def _listing(self, cursor: Cursor, person: Person) -> AnyListing | Message:
        """The list that the command asks for now, or why this person does not get it."""
        if not self._only_reads(cursor.text):
            return views.ended()
        delivery = Delivery("", person.actor.team, person.actor.user, cursor.channel, cursor.text)
        return await self.dispatcher.ask(person, delivery, cursor.asked_at) or views.ended()

    def _only_reads(self, text: str) -> bool:
        """Whether the text of a stored cursor is what only the bot writes there: a command that reads."""
        try:
            call = self.grammar.parse(text)
        except Correction:
            return False
        if not isinstance(call, Call) or call.command.permission not in _READING:
            return False
        return all(KNOWN[each].kind == "read" for each in call.command.operations)
