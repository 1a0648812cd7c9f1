"""The transitions between the states of a pending confirmation: pure functions from a record to the next one."""

from datetime import datetime, timedelta

from bot.confirmations.record import LIVE, Approval, Card, Neighbour, Offer, Record, Refused, State
from bot.model.plans import Outcome
from bot.permissions.people import Actor

ABANDONED_AFTER = timedelta(minutes=4)
"""A worker that took a change this long ago is dead."""


def _require(record: Record, state: State, now: datetime) -> None:
    if record.state is not state:
        raise Refused(record, record.state)
    if now >= record.expires_at and state in {State.PENDING, State.APPROVED}:
        raise Refused(record, State.EXPIRED)


def approve(record: Record, actor: Actor, label: str, offer: Offer, now: datetime, *, at_home: bool = False) -> Record:
    """Add one agreement to an offer; with the last one that is needed the record is approved and due.

    The offer comes with what is needed by the permissions in force. Raises Refused when the record is not pending,
    has expired, or has this person's agreement already.
    """
    _require(record, State.PENDING, now)
    operation = offer.operation
    if any(approval.actor == actor and approval.operation == operation for approval in record.approvals):
        raise Refused(record, "already yours")
    others = tuple(approval for approval in record.approvals if approval.actor != actor)
    own = Approval(actor=actor, label=label, operation=operation, at=now, at_home=at_home)
    approvals = (*others, own)
    enough = sum(approval.operation == operation for approval in approvals) >= max(offer.needed, 1)
    return record.moved(
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
    return record.moved(neighbour=neighbour)


def remind(record: Record, now: datetime) -> Record:
    """Note that approvers were reminded. Raises Refused when there is nothing to remind of (any more, or yet)."""
    _require(record, State.PENDING, now)
    if record.remind_at is None or now < record.remind_at:
        raise Refused(record, "not due")
    return record.moved(remind_at=None)


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
        return record.moved(claimed_at=now)
    _require(record, State.APPROVED, now)
    return record.moved(state=State.EXECUTING, claimed_at=now, note="")


def hold(record: Record, now: datetime, note: str) -> Record:
    """Note once why an approved record waits; an unsent claim whose worker died is given back.

    Raises Refused when that is noted already, or when the record does not wait for a worker.
    """
    if _is_unsent_and_abandoned(record, now):
        return record.moved(state=State.APPROVED, claimed_at=None, due_at=now, note=note)
    _require(record, State.APPROVED, now)
    if record.note == note:
        raise Refused(record, note)
    return record.moved(note=note)


def release(record: Record, claimed: Record, due_at: datetime, note: str) -> Record:
    """Give an unsent claim back, to be taken again later. Raises Refused unless the claim still stands."""
    if record.state is not State.EXECUTING or record.intended or record.claimed_at != claimed.claimed_at:
        raise Refused(record, record.state)
    return record.moved(state=State.APPROVED, claimed_at=None, due_at=due_at, note=note)


def intend(record: Record, claimed: Record, now: datetime) -> Record:
    """Note that the call is about to be sent. Raises Refused unless the claim still stands as it was made."""
    if record.state is not State.EXECUTING or record.intended or record.claimed_at != claimed.claimed_at:
        raise Refused(record, record.state)
    return record.moved(intended=True, claimed_at=now)


def intend_more(record: Record, intended: Record, now: datetime) -> Record:
    """Note that one more call is about to be sent. Raises Refused when somebody else has taken the record over."""
    if record.state is not State.EXECUTING or record.claimed_at != intended.claimed_at:
        raise Refused(record, record.state)
    return record.moved(claimed_at=now)


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


def correct(record: Record, sent: Record, outcome: Outcome, now: datetime, note: str) -> Record:
    """Put the outcome right of a change that was settled as failed while its worker, taken for dead, still sent it."""
    if record.state is not State.FAILED or record.claimed_at != sent.claimed_at:
        raise Refused(record, record.state)
    return _closed(record, State(outcome.value), now, note=note)


def show_on(record: Record, card: Card) -> Record:
    """Remember a message that shows the record, whatever its state.

    What a service asks for by itself belongs to the channel in which its first card found a place.
    """
    at_home = record.cards or record.requester is not None
    return record.moved(cards=(*record.cards, card), channel=record.channel if at_home else card.channel)


def drop_card(record: Record, card: Card) -> Record:
    """Forget a message that nobody sees any more. Raises Refused if it isn't one of the record's."""
    if card not in record.cards:
        raise Refused(record, record.state)
    return record.moved(cards=tuple(each for each in record.cards if each != card))


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
    return record.moved(state=state, closed_at=now, closed_by=actor, closed_by_label=label, note=note)
