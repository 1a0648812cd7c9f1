"""What a field suggests as somebody types: names from memory that they may read of.

The answer is its own acknowledgement, so nobody is asked before it: who somebody is was asked when their form opened,
and is remembered for minutes. Slack alone is asked, for SECONDS_FOR_PEOPLE at most, where a form stood open for longer.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.changes import Authorization
from bot.commands import Suggest
from bot.model.plans import Argument
from bot.permissions import Actor, Person, Place
from bot.permissions.askable import may_ask_about
from handlers.name_index import LONGEST_VALUE, KnownName, Names

MOST = 100
"""Slack's limit of options."""
MOST_LOOKED_AT = 500
"""So many names that fit are judged for one answer, for people who may read of some names only."""
SECONDS_FOR_PEOPLE = 2
"""Slack gives 3 seconds for the answer; so many of them may pass with asking who it is."""


@dataclass(frozen=True)
class Suggestions:
    """Answers the fields that search."""

    names: Names
    authorization: Authorization
    seconds_for_people: float = SECONDS_FOR_PEOPLE

    async def find(self, source: str, typed: str, actor: Actor, channel: str) -> list[tuple[str, str]]:
        """Values and how each is shown: those that begin with the text first, what was typed last.

        Somebody unknown gets nothing, and somebody who may not read of such things only what they typed.
        """
        try:
            person, place = await self._who_and_where(actor, channel)
        except TimeoutError:
            return []
        if person.membership not in {"member", "guest"} or place.unknown:
            return []
        wanted = typed.strip()
        kind = Suggest(source)
        found: dict[str, str] = {}
        for looked_at, name in enumerate(self._fitting(kind, wanted.casefold())):
            if len(found) == MOST - 1 or looked_at == MOST_LOOKED_AT:
                break
            if self._may_read(person, place, kind, name):
                found[name.value] = name.text
        if wanted and wanted not in found and len(wanted) <= LONGEST_VALUE:
            found[wanted] = wanted
        return list(found.items())

    async def _who_and_where(self, actor: Actor, channel: str) -> tuple[Person, Place]:
        """From memory, or asked for. Raises TimeoutError."""
        person, place = self.authorization.remembered_person(actor), self.authorization.remembered_place(channel)
        if person and place:
            return person, place
        async with asyncio.timeout(self.seconds_for_people):
            return await asyncio.gather(self.authorization.person(actor), self.authorization.place(channel))

    def _fitting(self, kind: Suggest, wanted: str) -> Iterator[KnownName]:
        """The names that begin with the text, then those that contain it."""
        names = self.names.known.get(kind, ())
        yield from (name for name in names if name.begins_with(wanted))
        yield from (name for name in names if wanted in name.folded and not name.begins_with(wanted))

    def _may_read(self, person: Person, place: Place, kind: Suggest, name: KnownName) -> bool:
        policy = self.authorization.policy()
        return any(
            not may_ask_about(policy, person, operation, arguments, place).denied
            for operation, arguments in _tell_of(kind, name).items()
        )


def _tell_of(kind: Suggest, name: KnownName) -> Mapping[str, Mapping[str, Argument]]:
    """The operations that tell of a name, with their arguments; being allowed one of them is enough."""
    match kind:
        case Suggest.NAMESPACES if name.value.startswith("user:"):
            return {"listAllUsers": {}, "listOrganizationQuotaSuperUser": {"namespace": name.value}}
        case Suggest.NAMESPACES:
            return {"listAllOrganizations": {}, "listUserQuotaSuperUser": {"namespace": name.value}}
        case Suggest.ORGANIZATIONS:
            return {"listAllOrganizations": {}}
        case Suggest.USERS:
            return {"listAllUsers": {}}
        case Suggest.KEYS:
            named = {"kid": name.value, "service": name.service}
            return {"listServiceKeys": {"service": name.service}, "getServiceKey": named, "approveServiceKey": named}
        case _:
            return {"listServiceKeys": {"service": name.value}}
