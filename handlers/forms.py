"""Commands as forms: opened where something is missing, checked as they are submitted, then typed like any other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.changes import Authorization
from bot.commands import Command, Correction, Grammar, Incomplete, Value, form_of, render
from bot.permissions import Person
from bot.views import forms
from handlers.filters import Asked, has_filters
from handlers.menu import is_offered, only_reads

_FORGOTTEN = "The bot has no such command any more. Close this, and ask anew."


@dataclass(frozen=True)
class Filled:
    """A submitted form: the command as one would have typed it, and the channel where it was asked for."""

    text: str
    channel: str


@dataclass(frozen=True)
class Forms:
    """Opens forms and reads them. What a form carries is a hint: permissions are asked anew when it is submitted."""

    grammar: Grammar
    authorization: Authorization

    async def completing(self, person: Person, channel: str, text: str) -> dict[str, Any] | None:
        """The form of a command that lacks something, with what was typed of it; None where it needs none."""
        try:
            self.grammar.parse(text)
        except Incomplete as incomplete:
            return await self._open(person, channel, incomplete.command, incomplete.given)
        except Correction:
            pass
        return None

    async def asking(
        self, person: Person, channel: str, path: str, given: Mapping[str, Value]
    ) -> dict[str, Any] | None:
        """The form of a command by its path, whatever is given already; None where it cannot be offered."""
        command = self.grammar.commands.get(path)
        return await self._open(person, channel, command, given) if command else None

    async def filtering(self, person: Person, asked: Asked) -> dict[str, Any] | None:
        """The form of a command that was answered, with what was given of it; None where it cannot be offered."""
        try:
            command, given = self.grammar.given(asked.text)
        except Correction:
            return None
        return await self._open(person, asked.channel, command, given) if has_filters(command) else None

    def errors(self, view: Mapping[str, Any]) -> dict[str, str]:
        """What is wrong with a submitted form, by the block where it is to be said. Asks nobody anything."""
        command = self._command(view)
        if command is None:
            return at_first_input(view, _FORGOTTEN)
        fields = form_of(command).fields
        try:
            self.grammar.parse(self._text(command, view))
        except Correction as correction:
            wrong = [field for field in fields if field.name == correction.parameter] or fields
            return {forms.block_id(wrong[0]): correction.said}
        return {}

    def read(self, view: Mapping[str, Any]) -> Filled | None:
        """Read a submitted form; None where something is wrong with it."""
        command = self._command(view)
        if command is None or self.errors(view):
            return None
        return Filled(self._text(command, view), _carried(view).channel)

    async def _open(
        self, person: Person, channel: str, command: Command, given: Mapping[str, Value]
    ) -> dict[str, Any] | None:
        place = await self.authorization.place(channel)
        if not is_offered(self.authorization.policy(), person, place, command):
            return None
        metadata = _Carried(command=command.path, channel=channel).model_dump_json()
        submit = "Show" if only_reads(command) else "Continue"
        return forms.form(self.grammar.slash, form_of(command), given, metadata, submit=submit)

    def _command(self, view: Mapping[str, Any]) -> Command | None:
        return self.grammar.commands.get(_carried(view).command)

    def _text(self, command: Command, view: Mapping[str, Any]) -> str:
        return render(command, forms.entered(form_of(command), view["state"]["values"]))


def at_first_input(view: Mapping[str, Any], said: str) -> dict[str, str]:
    """The errors of a form that show a sentence at its first input; empty where it has none."""
    inputs = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    return dict.fromkeys(inputs[:1], said)


class _Carried(BaseModel):
    """What a form carries in its metadata; empty where it carries nothing that the bot wrote."""

    command: str = ""
    channel: str = ""


def _carried(view: Mapping[str, Any]) -> _Carried:
    try:
        return _Carried.model_validate_json(view["private_metadata"])
    except ValidationError:
        return _Carried()
