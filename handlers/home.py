"""The Home tab: what one person may decide, what they asked for, and how full the registry is, from memory."""

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Home:
    """Makes the view of somebody's Home tab. Costs the reading of the pending records, and nothing of Quay's."""

    confirmations: Confirmations
    authorization: Authorization
    names: Names
    grammar: Grammar
    measurement: Measurement
    clock: Callable[[], datetime]

    async def view(self, person: Person, notice: Message | None = None, *, answered: str = "") -> dict[str, Any]:
        """The view, with what came of a click on top, and the command that was answered in direct messages.

        Records are judged in their own channels, the rest in `home`.
        """
        now, overview = self.clock(), await self.confirmations.overview()
        waiting = [record for record in overview.records if record.state is State.PENDING and now < record.expires_at]
        to_decide = [record for record in waiting if not record.private and await self._may_decide(record, person)]
        policy, place = self.authorization.policy(), await self.authorization.place(HOME)
        offered = offers(self.grammar, policy, person, place)
        sees_size = not decide(policy, person, "getRegistrySize", {}, place).denied
        shown = home.Shown(
            to_decide=to_decide,
            own=[record for record in waiting if record.requester == person.actor and record not in to_decide],
            fullest=[reading for reading in self.names.fullest if self._may_see(person, place, reading)][:NAMESPACES],
            size=await self._size() if sees_size else None,
            read_at=self.names.read_at,
            may_raise=is_offered(policy, person, place, self.grammar.commands["quota set"]),
            offered=offered,
            freeze=overview.freeze,
            notice=notice,
            answered=answered,
        )
        return home.home(self.grammar.slash, shown, now)

    async def _size(self) -> RegistrySize | None:
        """The newest that is known: the one in memory, or what a measurement came to since it was read."""
        known = [size for size in (self.names.size, await self.measurement.last()) if size is not None]
        return max(known, key=lambda size: size.last_ran.timestamp() if size.last_ran else 0, default=None)

    async def _may_decide(self, record: Record, person: Person) -> bool:
        for offer in record.offers:
            if any(approval.actor == person.actor for approval in record.agreed(offer.operation)):
                continue
            try:
                await self.authorization.require_approver(record, offer, person.actor)
            except (Denied, NotKnown):
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
