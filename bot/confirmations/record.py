"""A pending confirmation: what is kept of a change from its proposal to its outcome."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from bot.model.plans import Argument, Plan
from bot.permissions.people import Actor


class State(StrEnum):
    """Where a change stands."""

    PENDING = "pending"
    APPROVED = "approved"
    EXECUTING = "executing"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    STALE = "stale"


LIVE = frozenset({State.PENDING, State.APPROVED, State.EXECUTING})


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Offer(_Frozen):
    """One thing that may be agreed to: a command with its arguments, and the operation it comes to."""

    command: str
    operation: str
    also: tuple[str, ...] = ()
    """The other operations that it takes, which rules have to allow as well."""
    arguments: dict[str, Argument]
    facts: dict[str, Argument] = {}
    """What permission rules may ask of the registry as it was when the plan was made."""
    needed: int
    """How many people besides the requester; 0 when the requester's own confirmation is enough."""
    approvers: tuple[str, ...] = ()
    """The groups whose members may agree, by the permissions in force when this was last looked at."""
    self_approval: bool = False
    """Whether the requester may be one of those who agree."""

    @property
    def for_rules(self) -> dict[str, Argument]:
        """The arguments as permission rules see them, with the facts. Where the facts changed, so did the digest."""
        return {**self.arguments, **self.facts}


class Approval(_Frozen):
    """Somebody's agreement to one of the offers."""

    actor: Actor
    operation: str
    at: datetime
    label: str = ""
    at_home: bool = False
    """Whether they pressed in the Home tab, where no card shows them what becomes of it."""


class Card(_Frozen):
    """A message that shows the record and is edited at every step."""

    channel: str
    message_id: str


class Neighbour(_Frozen):
    """Another change of the same thing that was pending when this one was proposed."""

    change: str
    title: str
    asked_by: str
    link: str | None
    """The address of its card; None where only its requester was asked."""


class Record(_Frozen):
    """A proposed change, from proposal to outcome."""

    id: str
    version: int = 0
    state: State = State.PENDING
    offers: tuple[Offer, ...]
    requester: Actor | None
    """None where a service asked by itself."""
    requester_label: str
    channel: str
    plan: Plan
    digest: str
    rests_on: dict[str, Argument] = {}
    """The state that the plan was made on, of which the digest is: what reading back afterwards compares with."""
    created_at: datetime
    expires_at: datetime
    remind_at: datetime | None = None
    """When approvers are reminded, as long as they have not been."""
    neighbour: Neighbour | None = None
    approvals: tuple[Approval, ...] = ()
    chosen: str | None = None
    """The operation that was agreed to."""
    cards: tuple[Card, ...] = ()
    due_at: datetime | None = None
    """From when on an approved record may be claimed."""
    claimed_at: datetime | None = None
    holder: str = ""
    """The worker that claimed it, whose lease is renewed as long as it lives; empty if of a version without leases."""
    typed: bool = False
    """Whether the requester typed the name of what changes once more."""
    intended: bool = False
    """Whether a call to Quay may have been sent."""
    looks: int = 0
    """How often Quay was asked again what became of it, since its outcome is unknown."""
    look_at: datetime | None = None
    """When Quay is asked again, as long as it is to be."""
    closed_at: datetime | None = None
    closed_by: Actor | None = None
    closed_by_label: str = ""
    registry: str | None = Field(default=None, exclude_if=lambda name: name is None)
    """Which registry the change is for; None where there is one alone, and then it isn't stored."""
    note: str = ""
    """What is to be said of the end: why it was rejected, what reading back found, what is stale."""

    @property
    def live(self) -> bool:
        """Whether the change can still happen."""
        return self.state in LIVE

    @property
    def private(self) -> bool:
        """Whether the requester's own confirmation is enough, so that only they are asked."""
        return self.requester is not None and not self.offers[0].needed

    @property
    def lacks_card(self) -> bool:
        """Whether others are asked, who have nothing yet to press."""
        return self.state is State.PENDING and not self.private and not self.cards

    @property
    def offer(self) -> Offer:
        """The offer that was agreed to, or the first one while nothing is decided."""
        return next((offer for offer in self.offers if offer.operation == self.chosen), self.offers[0])

    def agreed(self, operation: str) -> tuple[Approval, ...]:
        """Those who agreed to one operation."""
        return tuple(approval for approval in self.approvals if approval.operation == operation)

    def with_offers(self, offers: tuple[Offer, ...], plan: Plan, digest: str) -> "Record":
        """The record with other arguments, bound to their plan and digest."""
        return self.moved(offers=offers, plan=plan, digest=digest)

    def shown_in(self, channel: str) -> bool:
        """Whether a card stands in a channel."""
        return any(card.channel == channel for card in self.cards)

    def moved(self, **changes: object) -> "Record":
        """The record after one step."""
        return self.model_copy(update={**changes, "version": self.version + 1})


class Refused(Exception):
    """The record's state does not admit the transition; `record` is how it stands."""

    def __init__(self, record: Record, reason: str) -> None:
        super().__init__(reason)
        self.record = record
        self.reason = reason
