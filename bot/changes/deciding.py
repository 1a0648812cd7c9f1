"""From a proposal to a decision: propose, approve, reject, expire."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.changes import noting
from bot.changes.gate import Denied, Gate, NotKnown, required
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
from bot.effects import Arguments, Effect, Forewarns
from bot.freeze import Frozen
from bot.messages import LASTING, MessengerError
from bot.permissions import Person, Place, confirmation_for, decide, may_approve
from bot.plans import Plan, Refusal, Sight
from bot.quay.client import Quay
from bot.quay.errors import QuayError
from bot.quay.operations import OPERATIONS
from bot.sealing import Tampered
from bot.views import cards

log = structlog.get_logger()


def record_id(*parts: str) -> str:
    """A short id that the same delivery, or the same key, always gets again."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


def named_by(operation: str, arguments: Arguments) -> str:
    """The name of what an operation changes: its first argument."""
    first = next(iter(OPERATIONS[operation].arguments), "")
    return str(arguments.get(first, ""))


def _type_the_name(command: str, operation: str, arguments: Arguments, typed: str | None) -> str:
    name = named_by(operation, arguments)
    wrong = f"{typed!r} is not its name. " if typed else ""
    return f"{wrong}For this the name has to be typed twice. Type: {command} {name} --type-the-name {name}"


@dataclass(frozen=True)
class Changes:
    """Everything that people and the clock may do to a pending confirmation."""

    quay: Quay
    confirmations: Confirmations
    gate: Gate
    telling: Telling
    effects: Mapping[str, Effect]
    clock: Callable[[], datetime]
    nudge: Callable[[str], Awaitable[None]]

    async def propose(
        self,
        delivery: str,
        person: Person,
        place: Place,
        command: str,
        arguments: Arguments,
        *,
        typed_name: str | None = None,
    ) -> Record:
        """Work out the plan of a change and store it, pending; post its card where others must approve.

        `delivery` identifies what Slack delivered, so that the same delivery twice is one proposal. `typed_name` is
        the name of what changes, as the person typed it once more.
        Raises Denied, Refusal (a sentence for the person), Frozen, QuayError, or MessengerError. Nothing is written
        to Quay.
        """
        effect, policy, now = self.effects[command], self.gate.policy(), self.clock()
        for operation in effect.operations(arguments):
            decision = decide(policy, person, operation, arguments, place, presume="state")
            if decision.denied:
                raise Denied(decision)
        sight = await effect.look(self.quay, arguments, now)
        decision = decide(policy, person, sight.operation, {**arguments, **sight.facts}, place)
        if decision.denied:
            raise Denied(decision)
        typed = typed_name is not None and typed_name == named_by(sight.operation, arguments)
        if decision.confirmation and decision.confirmation.type_the_name and not typed:
            raise Refusal(_type_the_name(command, sight.operation, arguments, typed_name))
        plan = await self._forewarned(effect, arguments, sight)
        if not cards.shows_whole(plan):
            raise Refusal("That is more than a card can show, and nobody should agree to what they do not see.")
        entry = required(decision.confirmation, typed=typed)
        offer = Offer(
            command=command,
            operation=sight.operation,
            arguments=dict(arguments),
            facts=sight.facts,
            needed=entry.approvals,
            approvers=entry.approvers,
        )
        record = Record(
            id=record_id(delivery),
            offers=(offer,),
            requester=person.actor,
            requester_label=person.label,
            channel=place.channel,
            plan=await self._with_neighbours(plan, record_id(delivery)),
            digest=sight.digest(arguments),
            created_at=now,
            expires_at=now + entry.expires,
            typed=typed,
        )
        return await self._tell_of(
            await self.confirmations.create(record, noting.proposed(record, decision.rule), guarded=True)
        )

    async def _forewarned(self, effect: Effect, arguments: Arguments, sight: Sight) -> Plan:
        """The plan with what its effect found by looking around. Raises Refusal or QuayError."""
        if not isinstance(effect, Forewarns):
            return sight.plan
        found = await effect.forewarn(self.quay, arguments, sight)
        return sight.plan.model_copy(update={"warnings": (*sight.plan.warnings, *found)})

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
            name = named_by(offer.operation, offer.arguments) if stale.typed else None
            fresh = await self.propose(
                f"after {stale.id}", person, place, offer.command, offer.arguments, typed_name=name
            )
        except (Denied, Refusal, Frozen, QuayError, MessengerError) as error:
            log.info("not_offered_again", change=stale.id, reason=str(error))
            return
        if fresh.private:
            await self.telling.whisper(fresh, person.actor.user)

    async def approve(self, id_: str, person: Person, operation: str | None = None) -> Record:
        """Count one person's agreement; with the last one that is needed the change becomes due.

        `operation` says which of the offers is meant where there are two. Raises Denied, NotKnown, Refused (with the
        record as it stands), Frozen, Missing or Tampered.
        """
        record = await self._pending(id_)
        wanted = operation or record.offers[0].operation
        offer = next((offer for offer in record.offers if offer.operation == wanted), None)
        if offer is None:
            raise Refused(record, "not offered")
        entry = await self.gate.require_approver(record, offer, person.actor)
        now = self.clock()
        in_force = offer.model_copy(update={"needed": entry.approvals, "approvers": entry.approvers})
        approved = await self.confirmations.advance(
            id_,
            lambda stored: approve(stored, person.actor, person.label, in_force, now),
            lambda stored: noting.approved(stored, wanted, person.actor),
            guarded=True,
        )
        if approved.state is State.APPROVED:
            await self.nudge(id_)
        return approved

    async def reject(self, id_: str, person: Person) -> Record:
        """End a pending change: its requester withdraws it, or somebody who could approve it says no.

        Raises Denied, NotKnown, Refused, Missing or Tampered.
        """
        record = await self._pending(id_)
        own = record.requester == person.actor
        if not own:
            await self._require_voice(record, person)
        state = State.CANCELLED if own else State.REJECTED
        now = self.clock()
        return await self.confirmations.advance(
            id_,
            lambda stored: close(stored, state, now, actor=person.actor, label=person.label),
            lambda stored: noting.refused(stored, person.actor),
        )

    async def expire_due(self) -> None:
        """Close every record whose time is over."""
        now = self.clock()
        for id_ in await self.confirmations.expired(now):
            try:
                await self.confirmations.advance(id_, lambda stored: expire(stored, now), noting.expired)
            except Refused:
                continue
            except (Missing, Tampered) as error:
                await self.confirmations.set_aside(id_, type(error).__name__)

    async def _pending(self, id_: str) -> Record:
        record = await self.confirmations.get(id_)
        if record.state is not State.PENDING:
            raise Refused(record, record.state)
        if self.clock() >= record.expires_at:
            raise Refused(record, State.EXPIRED)
        return record

    async def _require_voice(self, record: Record, person: Person) -> None:
        """Whoever could approve may also say no, even where the requester no longer passes."""
        offer, policy = record.offers[0], self.gate.policy()
        place = await self.gate.directory.place(record.channel)
        if person.standing == "unknown" or place.unknown:
            raise NotKnown
        for by_others in (False, True):
            entry = confirmation_for(policy, offer.operation, offer.for_rules, by_others=by_others)
            decision = may_approve(
                policy,
                person,
                offer.operation,
                offer.for_rules,
                place,
                requester=record.requester,
                entry=required(entry, typed=True),
            )
            if not decision.denied:
                return
        raise Denied(decision)

    async def _with_neighbours(self, plan: Plan, own_id: str) -> Plan:
        """Say in a plan that another pending change is about the same thing."""
        other = await self.confirmations.live_for(plan.target)
        if other is None or other == own_id:
            return plan
        warning = f"Another change of the same thing is pending already (change {other})."
        return plan.model_copy(update={"warnings": (*plan.warnings, warning)})

    async def _tell_of(self, record: Record) -> Record:
        """Post the card; a change whose card nobody will ever see is withdrawn. Raises MessengerError."""
        try:
            return await self.telling.tell(record)
        except MessengerError as error:
            if error.reason in LASTING:
                note = f"Slack did not take its card ({error.reason})."
                await self.confirmations.advance(
                    record.id,
                    lambda stored: close(stored, State.CANCELLED, self.clock(), note=note),
                    lambda stored: noting.withdrawn(stored, note),
                )
            raise
