"""Forms: the buttons that open them, their suggestions, their submission."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bot.changes import Authorization
from bot.commands import Suggest, quoted
from bot.views import errors, forms
from bot.web.answers import Answers
from bot.web.origin import Payload
from bot.web.replies import Reply
from bot.web.windows import View, Windows
from handlers.filters import read_asked
from handlers.forms import Forms
from handlers.suggestions import Suggestions

PROPOSED_EXTENSION = "90d"
"""What the form of *Extend…* proposes."""


@dataclass(frozen=True)
class FormSurface:
    """Opens forms, answers what happens in them, and answers the commands that they stand for."""

    authorization: Authorization
    forms: Forms
    suggestions: Suggestions
    answers: Answers
    windows: Windows

    async def suggest(self, payload: Payload) -> dict[str, Any]:
        """The names that fit what a person has typed into a field that searches."""
        source, origin = payload.body["action_id"].removeprefix(forms.SEARCH), payload.origin
        found: list[tuple[str, str]] = []
        if source in {known.value for known in Suggest}:
            found = await self.suggestions.find(source, payload.body["value"], origin.actor, origin.channel)
        return {"options": forms.options(found)}

    async def check(self, payload: Payload) -> dict[str, Any]:
        """What is wrong with a submitted form, for its fields; nothing where it can be closed."""
        wrong = self.forms.errors(payload.body["view"])
        return {"response_action": "errors", "errors": wrong} if wrong else {}

    async def submit(self, payload: Payload) -> Reply | None:
        """Answer a submitted form as if it had been typed."""
        filled = self.forms.read(payload.body["view"])
        return await self.answers.answer(payload, filled.text) if filled else None

    async def raise_quota(self, payload: Payload) -> Reply | None:
        """Open the form of a namespace's quota, with the namespace given."""
        return await self._fill_in(payload, "quota set", {"namespace": payload.value})

    async def extend_key(self, payload: Payload) -> Reply | None:
        """Open the form of a key's change, with the key given and a time proposed."""
        return await self._fill_in(payload, "keys update", {"kid": payload.value}, {"expires": PROPOSED_EXTENSION})

    async def filter(self, payload: Payload) -> Reply | None:
        """Open the form of a command that was answered, with the filters in force."""
        asked = read_asked(payload.value)
        if asked is None:
            return Reply(errors.sentence("The bot can't read this button. Run the command again."))
        view = await self.forms.filtering(await self.authorization.person(payload.origin.actor), asked)
        return await self._open(payload, view, asked.text)

    async def _fill_in(
        self, payload: Payload, path: str, given: Mapping[str, str], proposed: Mapping[str, str] = MappingProxyType({})
    ) -> Reply | None:
        """Open a command's form with what the button names; explain to those who can't why they can't."""
        origin = payload.origin
        person = await self.authorization.person(origin.actor)
        view = await self.forms.asking(person, origin.channel, path, {**given, **proposed})
        named = " ".join(f"{name}={quoted(value)}" for name, value in given.items())
        return await self._open(payload, view, f"why {path} {named}")

    async def _open(self, payload: Payload, view: View | None, instead: str) -> Reply | None:
        """Open a form; where there is none for this person, answer the command `instead`."""
        if view is None:
            return await self.answers.answer(payload, instead)
        if await self.windows.open(payload, view):
            return None
        return Reply(errors.sentence("Slack didn't open the form. Press the button again."))
