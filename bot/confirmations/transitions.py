"""The transitions between the states of a pending confirmation: pure functions from a record to the next one."""

from collections.abc import Collection
from datetime import datetime, timedelta

from bot.confirmations.record import LIVE, Approval, Card, Neighbour, Offer, Record, Refused, State
from bot.model.plans import Outcome
from bot.permissions.people import Actor

TAKEN_OVER_AFTER = timedelta(seconds=30)
"""A claim is at least this old before another worker takes it over, whatever Redis says of its holder's lease."""
ABANDONED_AFTER = timedelta(minutes=4)
"""The same for a claim of a version without leases."""
LONGEST_STOP = timedelta(days=1)
"""An approved change does not wait for Slack longer than this."""
TIME_LEFT = timedelta(minutes=1)
"""What an approved change has left of its time, at least, once Slack answers again."""
LOOK_AFTER = (timedelta(seconds=10), timedelta(seconds=30), timedelta(seconds=45))
"""How long after the end, and after each look, Quay is asked again what became of a change: within 90 s, thrice."""


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
    """End a record that nobody decided or claimed in time. Raises Refused when its time has not come."""
    if record.state not in {State.PENDING, State.APPROVED} or now < record.expires_at:
        raise Refused(record, record.state)
    return _closed(record, State.EXPIRED, now)


def claim(record: Record, holder: str, now: datetime) -> Record:
    """Take an approved record for execution, as the worker of this id. Raises Refused after its expiry."""
    _require(record, State.APPROVED, now)
    return record.moved(state=State.EXECUTING, claimed_at=now, holder=holder, note="")


def hold(record: Record, now: datetime, note: str) -> Record:
    """Note once why an approved record waits.

    Raises Refused when that is noted already, or when the record does not wait for a worker.
    """
    _require(record, State.APPROVED, now)
    if record.note == note:
        raise Refused(record, note)
    return record.moved(note=note)


def release(record: Record, claimed: Record, due_at: datetime, note: str, *, clock_stops: bool = False) -> Record:
    """Give an unsent claim back, to be taken again later. Raises Refused unless the claim still stands.

    `clock_stops`: it waits for Slack, which takes nothing of its time, for a day after it was approved at most.
    """
    if record.intended or not _is_held(record, claimed):
        raise Refused(record, record.state)
    expires_at = record.expires_at
    if clock_stops and record.approvals:
        latest = max(approval.at for approval in record.approvals) + LONGEST_STOP
        expires_at = max(expires_at, min(due_at + TIME_LEFT, latest))
    return record.moved(
        state=State.APPROVED, claimed_at=None, holder="", due_at=due_at, note=note, expires_at=expires_at
    )


def give_back(record: Record, now: datetime, gone: Collection[str]) -> Record:
    """Let any worker take a record whose worker died before it could have called Quay.

    `gone` are workers whose leases have ended. Raises Refused unless one of them has it.
    """
    if record.intended or not is_abandoned(record, now, gone):
        raise Refused(record, record.state)
    return record.moved(state=State.APPROVED, claimed_at=None, holder="", due_at=now)


def take_over(record: Record, holder: str, now: datetime, gone: Collection[str]) -> Record:
    """Take a record whose worker died after it could have called Quay: to look what came of it, never to send.

    `gone` are workers whose leases have ended. Raises Refused unless one of them has it.
    """
    if not record.intended or not is_abandoned(record, now, gone):
        raise Refused(record, record.state)
    return record.moved(claimed_at=now, holder=holder)


def intend(record: Record, claimed: Record, now: datetime) -> Record:
    """Note that the call is about to be sent. Raises Refused unless the claim still stands as it was made."""
    if record.intended or not _is_held(record, claimed):
        raise Refused(record, record.state)
    return record.moved(intended=True, claimed_at=now)


def intend_more(record: Record, intended: Record, now: datetime) -> Record:
    """Note that one more call is about to be sent. Raises Refused when somebody else has taken the record over."""
    if not _is_held(record, intended):
        raise Refused(record, record.state)
    return record.moved(claimed_at=now)


def make_stale(record: Record, now: datetime, note: str) -> Record:
    """End a record whose plan no longer fits, as long as no call can have been sent."""
    if record.intended or record.state not in LIVE:
        raise Refused(record, record.state)
    return _closed(record, State.STALE, now, note=note)


def finish(
    record: Record, claimed: Record, outcome: Outcome, now: datetime, note: str, *, look_again: bool = False
) -> Record:
    """End an executing record with its outcome. Raises Refused when somebody else has taken the record over.

    `look_again`: what is unknown may still come about, so that Quay is to be asked again.
    """
    if not _is_held(record, claimed):
        raise Refused(record, record.state)
    look_at = now + LOOK_AFTER[0] if look_again and outcome is Outcome.UNKNOWN else None
    return _closed(record, State(outcome.value), now, note=note).model_copy(update={"look_at": look_at})


def look(record: Record, now: datetime) -> Record:
    """Take on asking Quay once more what became of a change. Raises Refused unless that is due."""
    if record.state is not State.UNKNOWN or record.look_at is None or now < record.look_at:
        raise Refused(record, record.state)
    looks = record.looks + 1
    return record.moved(looks=looks, look_at=now + LOOK_AFTER[looks] if looks < len(LOOK_AFTER) else None)


def correct(
    record: Record, outcome: Outcome, now: datetime, note: str, *, by_sender: bool = False, look_again: bool = False
) -> Record:
    """Clear up an unknown outcome, or say that it stays unknown: the one step out of an end.

    `by_sender`: the worker that sent the call was held up and taken for dead. It alone knows better than a *failed*.
    `look_again` is as in `finish`.
    """
    wrong = {State.UNKNOWN, State.FAILED} if by_sender else {State.UNKNOWN}
    if not record.intended or record.state not in wrong or (by_sender and record.state == outcome.value):
        raise Refused(record, record.state)
    corrected = record.moved(state=State(outcome.value), closed_at=now, note=note, look_at=None, looks=0)
    look_at = now + LOOK_AFTER[0] if look_again and outcome is Outcome.UNKNOWN else None
    return corrected.model_copy(update={"look_at": look_at})


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


def is_abandoned(record: Record, now: datetime, gone: Collection[str]) -> bool:
    """Whether a worker took the record and died; `gone` are workers whose leases have ended."""
    if record.state is not State.EXECUTING or record.claimed_at is None:
        return False
    if not record.holder:
        return now - record.claimed_at >= ABANDONED_AFTER
    return record.holder in gone and now - record.claimed_at >= TAKEN_OVER_AFTER


def _is_held(record: Record, claimed: Record) -> bool:
    """Whether a claim still stands as it was made: nobody has taken it over."""
    return (
        record.state is State.EXECUTING and record.claimed_at == claimed.claimed_at and record.holder == claimed.holder
    )


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
