"""What the audit says of each step of a change: always of which change, command, arguments, channel and plan."""

from bot.audit import JSON, Event
from bot.confirmations import Noted, Offer, Record, State
from bot.model.plans import Verification
from bot.permissions import Actor
from bot.quay.errors import QuayError

ACCEPTED = "accepted"
NOT_SENT = "nothing was sent"
NOT_READ = "not known"
"""Quay's answer went to a worker that is gone."""


def proposed(record: Record, rule: str | None = None) -> Noted:
    """What was asked for, by whom, by which rule they may, and what has to be agreed to."""
    first = record.offers[0]
    return _noted(
        "change_proposed" if record.requester else "key_arrived",
        record,
        record.requester,
        needed=first.needed,
        approvers=list(first.approvers),
        expires=record.expires_at.isoformat(),
        rule=rule,
    )


def annotated(record: Record, actor: Actor) -> Noted:
    """Who put notes to the approval of a waiting key, and which."""
    return _noted("key_noted", record, actor)


def approved(record: Record, operation: str, actor: Actor) -> Noted:
    """Who agreed to what, as the how manieth of how many, and by which groups they may."""
    offer = next(offer for offer in record.offers if offer.operation == operation)
    return _noted(
        "change_approved",
        record,
        actor,
        **_about(offer),
        approvals=len(record.agreed(operation)),
        needed=offer.needed,
        approvers=list(offer.approvers),
    )


def refused(record: Record, actor: Actor, reason: str) -> Noted:
    """Who withdrew a change, or said no to it, and why."""
    event: Event = "change_cancelled" if record.requester == actor else "change_rejected"
    return _noted(event, record, actor, reason=reason)


def withdrawn(record: Record, note: str) -> Noted:
    """That a change was given up which nobody could have decided on."""
    return _noted("change_cancelled", record, None, note=note)


def expired(record: Record) -> Noted:
    """That nobody decided in time, or no worker came in time."""
    return _noted("change_expired", record, None, approvals=len(record.approvals))


def stale(record: Record, note: str) -> Noted:
    """That the registry is no longer as the plan says."""
    return _noted("change_stale", record, None, note=note)


def intent(record: Record, operation: str | None = None) -> Noted:
    """That a call is about to be sent: of the offer's operation, or with `operation` of another one."""
    agreed = [str(approval.actor) for approval in record.agreed(record.offer.operation)]
    return _noted(
        "change_intent",
        record,
        None,
        operation=operation or record.offer.operation,
        requested_by=str(record.requester) if record.requester else None,
        approved_by=agreed,
    )


def outcome(record: Record, verification: Verification, answer: str, corrects: State | None = None) -> Noted:
    """What became of it: what Quay answered, what reading back found, and which outcome that corrects."""
    correction: dict[str, JSON] = {"corrects": corrects.value} if corrects else {}
    said: dict[str, JSON] = {"outcome": verification.outcome.value, "answer": answer, "said": verification.sentence}
    return _noted("change_outcome", record, None, **said, **correction)


def answer_of(error: QuayError) -> str:
    """What Quay answered instead of doing it, without which call that was."""
    return f"{error.message} (HTTP {error.status})" if error.status else error.message


def _noted(event: Event, record: Record, actor: Actor | None, **details: JSON) -> Noted:
    about: dict[str, JSON] = {"change": record.id, "channel": record.channel, "digest": record.digest}
    return Noted(event, str(actor) if actor else None, about | _about(record.offer) | details)


def _about(offer: Offer) -> dict[str, JSON]:
    """What an entry needs to be understood without the others of its change."""
    return {"command": offer.command, "operation": offer.operation, "arguments": dict(offer.arguments)}
