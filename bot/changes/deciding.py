"""From a proposal to a decision: propose, approve, reject, expire."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.audit import Audit, Event
from bot.changes.gate import NO_CONFIRMATION, Denied, Gate, deny
from bot.changes.telling import Telling
from bot.confirmations import (
    Confirmations,
    Missing,
    Offer,
    Record,
    Refused,
    State,
    approve,
    close,
    expire,
)
from bot.effects import Arguments, Effect
from bot.messages import MessengerError
from bot.permissions import Person, Place, confirmation_for, decide, may_approve
from bot.plans import Refusal
from bot.quay.client import Quay


@dataclass(frozen=True)
class Proposal:
    """A stored proposal, and whether its card is for the requester alone."""

    record: Record
    private: bool


async def audit_proposal(audit: Audit, record: Record) -> None:
    """Record what was proposed, by whom, and on what it rests."""
    await audit.record(
        "change_proposed" if record.requester else "key_arrived",
        actor=str(record.requester) if record.requester else None,
        change=record.id,
        operation=record.offers[0].operation,
        arguments=dict(record.offers[0].arguments),
        digest=record.digest,
        needed=record.needed,
        expires=record.expires_at.isoformat(),
    )


def record_id(*parts: str) -> str:
    """A short id that the same delivery, or the same key, always gets again."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Changes:
    """Everything that people and the clock may do to a pending confirmation."""

    quay: Quay
    confirmations: Confirmations
    audit: Audit
    gate: Gate
    telling: Telling
    effects: Mapping[str, Effect]
    clock: Callable[[], datetime]
    nudge: Callable[[str], Awaitable[None]]

    async def propose(
        self, delivery: str, person: Person, place: Place, command: str, arguments: Arguments
    ) -> Proposal:
        """Work out the plan of a change and store it, pending; post its card where others must approve.

        `delivery` identifies what Slack delivered, so that the same delivery twice is one proposal.
        Raises Denied, Refusal (a sentence for the person), QuayError, or MessengerError. Nothing is written to Quay.
        """
        effect, policy, now = self.effects[command], self.gate.policy(), self.clock()
        for operation in effect.operations(arguments):
            decision = decide(policy, person, operation, arguments, place)
            if decision.denied:
                raise Denied(decision)
        sight = await effect.look(self.quay, arguments, now)
        decision = decide(policy, person, sight.operation, arguments, place)
        entry = decision.confirmation
        if decision.denied or entry is None:
            raise Denied(decision)
        record = Record(
            id=record_id(delivery),
            offers=(Offer(command=command, operation=sight.operation, arguments=dict(arguments)),),
            requester=person.actor,
            requester_label=person.label,
            channel=place.channel,
            plan=sight.plan,
            digest=sight.digest(arguments),
            needed=entry.approvals,
            approver_groups=entry.approvers,
            created_at=now,
            expires_at=now + entry.expires,
        )
        stored = await self.confirmations.create(record)
        if stored == record:
            await audit_proposal(self.audit, record)
            if entry.approvals:
                stored = await self._post(record)
        return Proposal(stored, private=not entry.approvals)

    async def propose_again(self, stale: Record) -> None:
        """Offer a fresh plan in place of one that no longer fits, if its requester still may.

        Whoever asked confirms or the approvers approve anew: nothing is carried over. A service's own key is
        noticed again by the watch.
        """
        if stale.requester is None:
            return
        person = await self.gate.person(stale.requester)
        place = await self.gate.place(stale.channel)
        offer = stale.offer
        try:
            fresh = await self.propose(f"after {stale.id}", person, place, offer.command, offer.arguments)
        except (Denied, Refusal):
            return
        if fresh.private:
            await self.telling.whisper(fresh.record, person.actor.user)

    async def _post(self, record: Record) -> Record:
        """Post the card; a change whose card nobody can see is withdrawn. Raises MessengerError."""
        try:
            return await self.telling.post(record, record.channel)
        except MessengerError as error:
            note = f"Slack did not take its card ({error.reason})."
            await self.confirmations.advance(
                record.id, lambda stored: close(stored, State.CANCELLED, self.clock(), note=note)
            )
            await self.audit.record("change_cancelled", actor=None, change=record.id, note=note)
            raise

    async def approve(self, id_: str, person: Person, operation: str | None = None) -> Record:
        """Count one person's agreement; with the last one that is needed the change becomes due.

        `operation` says which of the offers is meant where there are two. Raises Denied, Refused (with the
        record as it stands), Missing or Tampered.
        """
        record = await self.confirmations.get(id_)
        offer = next((o for o in record.offers if o.operation == operation), record.offers[0])
        if record.state is not State.PENDING or self.clock() >= record.expires_at:
            raise Refused(record, State.EXPIRED if record.state is State.PENDING else record.state)
        _, entry = await self.gate.require_approver(record, offer, person.actor)
        now = self.clock()
        approved = await self.confirmations.advance(
            id_,
            lambda stored: approve(stored, person.actor, person.label, offer.operation, entry.approvals, now),
        )
        await self.audit.record(
            "change_approved",
            actor=str(person.actor),
            change=id_,
            operation=offer.operation,
            approvals=len(approved.agreed(offer.operation)),
            needed=entry.approvals,
            digest=approved.digest,
        )
        if approved.state is State.APPROVED:
            await self.nudge(id_)
        return approved

    async def reject(self, id_: str, person: Person) -> Record:
        """End a pending change: its requester withdraws it, or somebody who could approve it says no.

        Raises Denied, Refused, Missing or Tampered.
        """
        record = await self.confirmations.get(id_)
        if record.state is not State.PENDING or self.clock() >= record.expires_at:
            raise Refused(record, State.EXPIRED if record.state is State.PENDING else record.state)
        own = record.requester == person.actor
        if not own:
            await self._require_voice(record, person)
        state = State.CANCELLED if own else State.REJECTED
        event: Event = "change_cancelled" if own else "change_rejected"
        now = self.clock()
        closed = await self.confirmations.advance(
            id_, lambda stored: close(stored, state, now, actor=person.actor, label=person.label)
        )
        await self.audit.record(event, actor=str(person.actor), change=id_, operation=record.offers[0].operation)
        return closed

    async def _require_voice(self, record: Record, person: Person) -> None:
        """Whoever could approve may also say no, even where the requester no longer passes."""
        offer, policy = record.offers[0], self.gate.policy()
        for by_others in (False, True):
            entry = confirmation_for(policy, offer.operation, offer.arguments, by_others=by_others)
            if entry is None:
                raise deny(NO_CONFIRMATION)
            place = await self.gate.place(record.channel)
            decision = may_approve(
                policy,
                person,
                offer.operation,
                offer.arguments,
                place,
                requester=record.requester,
                entry=entry,
            )
            if not decision.denied:
                return
        raise Denied(decision)

    async def expire_due(self) -> list[Record]:
        """Close every record whose time is over, and return those that this call closed."""
        now, closed = self.clock(), []
        for id_ in await self.confirmations.expired(now):
            try:
                record = await self.confirmations.advance(id_, lambda stored: expire(stored, now))
            except (Refused, Missing):
                continue
            await self.audit.record("change_expired", actor=None, change=id_, operation=record.offer.operation)
            closed.append(record)
        return closed
