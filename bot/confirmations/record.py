"""A pending confirmation and the transitions between its states: pure functions from a record to the next one."""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from bot.permissions.people import Actor
from bot.plans import Argument, Outcome, Plan


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
ABANDONED_AFTER = timedelta(minutes=4)
"""A worker that took a change this long ago is dead."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Offer(_Frozen):
    """One thing that may be agreed to: a command with its arguments, and the operation it comes to."""

    command: str
    operation: str
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
    typed: bool = False
    """Whether the requester typed the name of what changes once more."""
    intended: bool = False
    """Whether a call to Quay may have been sent."""
    closed_at: datetime | None = None
    closed_by: Actor | None = None
    closed_by_label: str = ""
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
    def offer(self) -> Offer:
        """The offer that was agreed to, or the first one while nothing is decided."""
        return next((offer for offer in self.offers if offer.operation == self.chosen), self.offers[0])

    def agreed(self, operation: str) -> tuple[Approval, ...]:
        """Those who agreed to one operation."""
        return tuple(approval for approval in self.approvals if approval.operation == operation)

    def with_offers(self, offers: tuple[Offer, ...], plan: Plan, digest: str) -> "Record":
        """The record with other arguments, bound to their plan and digest."""
        return self._next(offers=offers, plan=plan, digest=digest)

    def shown_in(self, channel: str) -> bool:
        """Whether a card stands in a channel."""
        return any(card.channel == channel for card in self.cards)

    def _next(self, **changes: object) -> "Record":
        return self.model_copy(update={**changes, "version": self.version + 1})


class Refused(Exception):
    """The record's state does not admit the transition; `record` is how it stands."""

    def __init__(self, record: Record, reason: str) -> None:
        super().__init__(reason)
        self.record = record
        self.reason = reason


def _require(record: Record, state: State, now: datetime) -> None:
    if record.state is not state:
        raise Refused(record, record.state)
    if now >= record.expires_at and state in {State.PENDING, State.APPROVED}:
        raise Refused(record, State.EXPIRED)


def approve(record: Record, actor: Actor, label: str, offer: Offer, now: datetime) -> Record:
    """Add one agreement to an offer; with the last one that is needed the record is approved and due.

    The offer comes with what is needed by the permissions in force. Raises Refused when the record is not pending,
    has expired, or has this person's agreement already.
    """
    _require(record, State.PENDING, now)
    operation = offer.operation
    if any(approval.actor == actor and approval.operation == operation for approval in record.approvals):
        raise Refused(record, "already yours")
    others = tuple(approval for approval in record.approvals if approval.actor != actor)
    approvals = (*others, Approval(actor=actor, label=label, operation=operation, at=now))
    enough = sum(approval.operation == operation for approval in approvals) >= max(offer.needed, 1)
    return record._next(
        approvals=approvals,
        offers=tuple(offer if offer.operation == one.operation else one for one in record.offers),
        state=State.APPROVED if enough else State.PENDING,
        chosen=operation if enough else None,
        due_at=now if enough else None,
    )


def close(
    record: Record,
    state: State,
    now: datetime,
    *,
    actor: Actor | None = None,
    label: str = "",
    note: str = "",
) -> Record:
    """End a pending record: cancelled or rejected by somebody."""
    _require(record, State.PENDING, now)
    return _closed(record, state, now, actor=actor, label=label, note=note)


def stand_beside(record: Record, neighbour: Neighbour) -> Record:
    """Remember another change of the same thing, which whoever decides is told of."""
    return record._next(neighbour=neighbour)


def remind(record: Record, now: datetime) -> Record:
    """Note that approvers were reminded. Raises Refused when there is nothing to remind of (any more, or yet)."""
    _require(record, State.PENDING, now)
    if record.remind_at is None or now < record.remind_at:
        raise Refused(record, "not due")
    return record._next(remind_at=None)


def expire(record: Record, now: datetime) -> Record:
    """End a record that nobody decided or claimed in time, or whose worker died unsent before that.

    Raises Refused when its time has not come.
    """
    over = record.state in {State.PENDING, State.APPROVED} or _is_unsent_and_abandoned(record, now)
    if not over or now < record.expires_at:
        raise Refused(record, record.state)
    return _closed(record, State.EXPIRED, now)


def claim(record: Record, now: datetime) -> Record:
    """Take an approved record for execution, or one whose worker died before it could have called Quay.

    After its expiry neither may be taken.
    """
    if _is_unsent_and_abandoned(record, now) and now < record.expires_at:
        return record._next(claimed_at=now)
    _require(record, State.APPROVED, now)
    return record._next(state=State.EXECUTING, claimed_at=now, note="")


def hold(record: Record, now: datetime, note: str) -> Record:
    """Note once why an approved record waits; an unsent claim whose worker died is given back.

    Raises Refused when that is noted already, or when the record does not wait for a worker.
    """
    if _is_unsent_and_abandoned(record, now):
        return record._next(state=State.APPROVED, claimed_at=None, due_at=now, note=note)
    _require(record, State.APPROVED, now)
    if record.note == note:
        raise Refused(record, note)
    return record._next(note=note)


def release(record: Record, claimed: Record, due_at: datetime, note: str) -> Record:
    """Give an unsent claim back, to be taken again later. Raises Refused unless the claim still stands."""
    if record.state is not State.EXECUTING or record.intended or record.claimed_at != claimed.claimed_at:
        raise Refused(record, record.state)
    return record._next(state=State.APPROVED, claimed_at=None, due_at=due_at, note=note)


def intend(record: Record, claimed: Record, now: datetime) -> Record:
    """Note that the call is about to be sent. Raises Refused unless the claim still stands as it was made."""
    if record.state is not State.EXECUTING or record.intended or record.claimed_at != claimed.claimed_at:
        raise Refused(record, record.state)
    return record._next(intended=True, claimed_at=now)


def intend_more(record: Record, intended: Record, now: datetime) -> Record:
    """Note that one more call is about to be sent. Raises Refused when somebody else has taken the record over."""
    if record.state is not State.EXECUTING or record.claimed_at != intended.claimed_at:
        raise Refused(record, record.state)
    return record._next(claimed_at=now)


def make_stale(record: Record, now: datetime, note: str) -> Record:
    """End a record whose plan no longer fits, as long as no call can have been sent."""
    if record.intended or record.state not in LIVE:
        raise Refused(record, record.state)
    return _closed(record, State.STALE, now, note=note)


def finish(record: Record, claimed: Record, outcome: Outcome, now: datetime, note: str) -> Record:
    """End an executing record with its outcome. Raises Refused when somebody else has taken the record over."""
    if record.state is not State.EXECUTING or record.claimed_at != claimed.claimed_at:
        raise Refused(record, record.state)
    return _closed(record, State(outcome.value), now, note=note)


def show_on(record: Record, card: Card) -> Record:
    """Remember a message that shows the record, whatever its state.

    What a service asks for by itself belongs to the channel in which its first card found a place.
    """
    at_home = record.cards or record.requester is not None
    return record._next(cards=(*record.cards, card), channel=record.channel if at_home else card.channel)


def is_abandoned(record: Record, now: datetime) -> bool:
    """Whether a worker took the record, and died."""
    if record.state is not State.EXECUTING or record.claimed_at is None:
        return False
    return now - record.claimed_at >= ABANDONED_AFTER


def _is_unsent_and_abandoned(record: Record, now: datetime) -> bool:
    """Whether a worker took the record, and died before it could have called Quay."""
    return not record.intended and is_abandoned(record, now)


def _closed(
    record: Record,
    state: State,
    now: datetime,
    *,
    actor: Actor | None = None,
    label: str = "",
    note: str = "",
) -> Record:
    return record._next(state=state, closed_at=now, closed_by=actor, closed_by_label=label, note=note)
