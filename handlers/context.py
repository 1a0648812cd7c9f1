"""What a handler is handed: who asks, where, when, and the parts of the bot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol, TypeAlias

from bot.alerts.overview import Overviews
from bot.audit import Audit
from bot.changes import Authorization
from bot.changes.factory import ChangeParts
from bot.commands import Grammar, Here
from bot.doctor.examination import Doctor
from bot.model.plans import Argument
from bot.permissions import Person, Place, Policy, decide
from bot.quay.client import Quay
from bot.quay.links import RegistryLinks
from bot.quay.models import ServiceKey
from bot.slack.messages import Courier
from bot.storage.dedupe import DedupeKey
from bot.views.status import Status


@dataclass(frozen=True)
class Change:
    """What a changing command returns: the change that is to be proposed."""

    command: str
    arguments: Mapping[str, Argument]
    typed_name: str | None = None
    """The name of what changes, as the person typed it once more."""


class StatusSource(Protocol):
    """Tells how the bot is."""

    async def read(self) -> Status:
        """Read it; costs one Redis round trip."""
        ...


@dataclass(frozen=True)
class Health:
    """What tells how the bot is."""

    status: StatusSource
    doctor: Doctor


@dataclass(frozen=True)
class Parts:
    """The parts of the bot that commands use."""

    quay: Quay
    links: RegistryLinks
    changes: ChangeParts
    audit: Audit
    grammar: Grammar
    courier: Courier
    health: Health
    overviews: Overviews

    @property
    def authorization(self) -> Authorization:
        """Who may do what, and who people are."""
        return self.changes.tools.authorization


@dataclass(frozen=True)
class Context:
    """One command of one person."""

    person: Person
    place: Place
    now: datetime
    policy: Policy
    bot: Parts
    once: DedupeKey | None = None
    """The right to answer the command; a handler that reads of Redis anyway takes it on the way."""
    key: ServiceKey | None = None
    """The service key that the argument KID turned out to name."""
    keys: Sequence[ServiceKey] | None = None
    """All keys, where they were fetched on the way to that one."""

    @property
    def named_key(self) -> ServiceKey:
        """The key that was named; the dispatcher has fetched it."""
        if self.key is None:
            raise LookupError("the command has no argument KID")
        return self.key

    def may_list_keys_of(self, service: str) -> bool:
        """Whether this person may see the keys of a service in a list, here."""
        return not decide(self.policy, self.person, "listServiceKeys", {"service": service}, self.place).denied


Handed: TypeAlias = Annotated[Context, Here]
