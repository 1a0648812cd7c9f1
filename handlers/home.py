"""The Home tab: what one person may decide, what they asked for, and how full the registry is, from memory."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.changes import Authorization, Denied, Measurement, NotKnown
from bot.commands import Grammar
from bot.confirmations import Confirmations, Record, State
from bot.model.usage import Usage
from bot.permissions import Person, Place, decide
from bot.quay.models import RegistrySize
from bot.slack.messages import HOME, Message
from bot.views import home
from handlers.menu import is_offered, offers
from handlers.name_index import Names

NAMESPACES = 5
LOOKED_AT = 300
"""Pending changes that one tab looks at, those that expire next: each takes about 0.2 ms."""
JUDGED_AT_ONCE = 20
"""Judged before other tasks have their turn."""


@dataclass(frozen=True)
class Home:
    """Makes the view of somebody's Home tab. Costs the reading of the pending records, and nothing of Quay's."""

    confirmations: Confirmations
    authorization: Authorization
    names: Names
    grammar: Grammar
    measurement: Measurement
    clock: Callable[[], datetime]
    _drawing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Many tabs that are opened at once are drawn one after the other, and other tasks have their turn in between."""

    async def view(self, person: Person, notice: Message | None = None, *, answered: str = "") -> dict[str, Any]:
        """The view, with what came of a click on top, and the command that was answered in direct messages.

        Records are judged in their own channels, the rest in `home`.
        """
        now, policy = self.clock(), self.authorization.policy()
        if person.membership == "unknown" or not person.answers(policy.questions):
            return home.home(self.grammar.slash, home.Shown(notice=notice, unknown=True), now)
        overview = await self.confirmations.overview(limit=LOOKED_AT)
        waiting = [record for record in overview.records if record.state is State.PENDING and now < record.expires_at]
        to_decide, unjudged = await self._judged([record for record in waiting if not record.private], person)
        policy, place = self.authorization.policy(), await self.authorization.place(HOME)
        sees_size = not decide(policy, person, "getRegistrySize", {}, place).denied
        shown = home.Shown(
            to_decide=to_decide,
            own=[record for record in waiting if person.is_actor(record.requester) and record not in to_decide],
            unlooked=overview.unread,
            unjudged=unjudged,
            fullest=[reading for reading in self.names.fullest if self._may_see(person, place, reading)][:NAMESPACES],
            size=await self._size() if sees_size else None,
            read_at=self.names.read_at,
            may_raise=is_offered(policy, person, place, self.grammar.commands["quota set"]),
            offered=offers(self.grammar, policy, person, place),
            freeze=overview.freeze,
            notice=notice,
            answered=answered,
        )
        async with self._drawing:
            await asyncio.sleep(0)
            return home.home(self.grammar.slash, shown, now)

    async def _judged(self, records: Sequence[Record], person: Person) -> tuple[list[Record], int]:
        """The records that a person can decide on, and of how many Slack doesn't say it."""
        to_decide: list[Record] = []
        unjudged = 0
        for number, record in enumerate(records, 1):
            try:
                if await self._may_decide(record, person):
                    to_decide.append(record)
            except NotKnown:
                unjudged += 1
            if number % JUDGED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return to_decide, unjudged

    async def _size(self) -> RegistrySize | None:
        """The newest that is known: the one in memory, or what a measurement came to since it was read."""
        known = [size for size in (self.names.size, await self.measurement.last()) if size is not None]
        return max(known, key=lambda size: size.last_ran.timestamp() if size.last_ran else 0, default=None)

    async def _may_decide(self, record: Record, person: Person) -> bool:
        """Whether a person can decide on a record now. Raises NotKnown."""
        for offer in record.offers:
            if any(approval.actor == person.actor for approval in record.agreed(offer.operation)):
                continue
            try:
                await self.authorization.require_approver(record, offer, person.actor)
            except Denied:
                continue
            return True
        return False

    def _may_see(self, person: Person, place: Place, reading: Usage) -> bool:
        policy, named = self.authorization.policy(), {"namespace": reading.namespace}
        if reading.namespace.startswith("user:"):
            listing, showing = "listAllUsers", "listOrganizationQuotaSuperUser"
        else:
            listing, showing = "listAllOrganizations", "listUserQuotaSuperUser"
        if not decide(policy, person, listing, {}, place).denied:
            return True
        return not decide(policy, person, showing, named, place).denied
