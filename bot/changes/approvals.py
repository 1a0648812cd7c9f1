"""From a proposal to a decision: propose, approve, reject, expire."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from bot.changes import audit_entries
from bot.changes.authorization import Denied, NotKnown, required
from bot.changes.proposals import named_by, record_id, type_the_name
from bot.changes.toolkit import Toolkit
from bot.confirmations import (
    Missing,
    Neighbour,
    Offer,
    Record,
    Refused,
    State,
    approve,
    close,
    expire,
    stand_beside,
)
from bot.confirmations.freeze import Frozen
from bot.effects import Arguments, Effect, Forewarns
from bot.model.plans import Observation, Plan, Refusal
from bot.model.redaction import redact_words
from bot.permissions import Person, Place, confirmation_for, decide, may_approve
from bot.quay.errors import QuayError
from bot.slack.messages import MessengerError
from bot.storage.sealing import Tampered
from bot.views import cards
from bot.views.rejections import REASON_LIMIT
from bot.views.text import clip, visible

log = structlog.get_logger()


@dataclass(frozen=True)
class Changes:
    """Everything that people and the clock may do to a pending confirmation."""

    tools: Toolkit
    wake: Callable[[str], Awaitable[None]]
    """Wakes a worker for a due change, by its id."""

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
        effect, policy, now = self.tools.effects[command], self.tools.authorization.policy(), self.tools.clock()
        for operation in effect.operations(arguments):
            decision = decide(policy, person, operation, arguments, place, presume="state")
            if decision.denied:
                raise Denied(decision)
        observation = await effect.plan(self.tools.quay, arguments, now)
        named = {**arguments, **observation.facts}
        decision = decide(policy, person, observation.operation, named, place, also=observation.also)
        if decision.denied:
            raise Denied(decision)
        typed = typed_name is not None and typed_name == named_by(observation.operation, arguments)
        if decision.confirmation and decision.confirmation.type_the_name and not typed:
            raise Refusal(type_the_name(command, observation.operation, arguments, typed_name))
        plan = await self._forewarned(effect, arguments, observation)
        if not cards.shows_whole(plan):
            raise Refusal("That is more than a card can show, and nobody should agree to what they do not see.")
        entry = required(decision.confirmation, typed=typed)
        offer = Offer(
            command=command,
            operation=observation.operation,
            also=observation.also,
            arguments=dict(arguments),
            facts=observation.facts,
            needed=entry.approvals,
            approvers=entry.approvers,
            self_approval=entry.self_approval,
        )
        record = Record(
            id=record_id(delivery),
            offers=(offer,),
            requester=person.actor,
            requester_label=person.label,
            channel=place.channel,
            plan=plan,
            digest=observation.digest(arguments),
            rests_on=dict(observation.rests_on),
            created_at=now,
            expires_at=now + entry.expires,
            remind_at=now + entry.expires / 2 if entry.approvals else None,
            typed=typed,
            registry=self.tools.authorization.policy().registry,
        )
        stored = await self.tools.confirmations.create(
            record, audit_entries.proposed(record, decision.rule), guarded=True
        )
        return await self._tell_of(await self._beside_another(stored))

    async def _forewarned(self, effect: Effect, arguments: Arguments, observation: Observation) -> Plan:
        """The plan with what its effect found by looking around. Raises Refusal or QuayError."""
        if not isinstance(effect, Forewarns):
            return observation.plan
        found = await effect.forewarn(self.tools.quay, arguments, observation, self.tools.clock())
        return observation.plan.model_copy(update={"warnings": (*observation.plan.warnings, *found)})

    async def propose_again(self, stale: Record) -> None:
        """Offer a fresh plan in place of one that no longer fits, if its requester still may.

        Whoever asked confirms or the approvers approve anew: nothing is carried over. A service's own key is
        noticed again by the watch.
        """
        if stale.requester is None:
            return
        person = await self.tools.authorization.person(stale.requester)
        place = await self.tools.authorization.place(stale.channel)
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
            await self.tools.outbox.whisper(fresh, person.actor.user)

    async def approve(self, id_: str, person: Person, operation: str | None = None, *, at_home: bool = False) -> Record:
        """Count one person's agreement; with the last one that is needed the change becomes due.

        `operation` says which of the offers is meant where there are two; who pressed in Home is told the end alone.
        Raises Denied, NotKnown, Refused (with the
        record as it stands), Frozen, Missing or Tampered.
        """
        record = await self._pending(id_)
        wanted = operation or record.offers[0].operation
        offer = next((offer for offer in record.offers if offer.operation == wanted), None)
        if offer is None:
            raise Refused(record, "not offered")
        entry = await self.tools.authorization.require_approver(record, offer, person.actor)
        now = self.tools.clock()
        asked = {"needed": entry.approvals, "approvers": entry.approvers, "self_approval": entry.self_approval}
        in_force = offer.model_copy(update=asked)
        approver = await self.tools.authorization.known_as(person, (one.actor for one in record.approvals))
        approved = await self.tools.confirmations.advance(
            id_,
            lambda stored: approve(stored, approver, person.label, in_force, now, at_home=at_home),
            lambda stored: audit_entries.approved(stored, wanted, person.actor),
            guarded=True,
        )
        if approved.state is State.APPROVED:
            await self.wake(id_)
        return approved

    async def require_rejectable(self, id_: str, person: Person) -> Record:
        """Return a pending change that this person may end: they asked for it, or could approve it.

        Raises Denied, NotKnown, Refused, Missing or Tampered.
        """
        record = await self._pending(id_)
        if not await self.tools.authorization.is_requester(person, record):
            await self._require_voice(record, person)
        return record

    async def reject(self, id_: str, person: Person, reason: str = "") -> Record:
        """End a pending change: its requester withdraws it, or somebody who could approve it says no.

        What looks like a secret in the reason is masked, and it is cut. Raises as `require_rejectable`.
        """
        own = await self.tools.authorization.is_requester(person, await self.require_rejectable(id_, person))
        said = clip(redact_words(visible(reason)), REASON_LIMIT)
        note = f"Reason: {said}" if said else ""
        state = State.CANCELLED if own else State.REJECTED
        now = self.tools.clock()
        return await self.tools.confirmations.advance(
            id_,
            lambda stored: close(stored, state, now, actor=person.actor, label=person.label, note=note),
            lambda stored: audit_entries.refused(stored, person.actor, said),
        )

    async def expire_due(self) -> None:
        """Close every record whose time is over."""
        now = self.tools.clock()
        for id_ in await self.tools.confirmations.expired(now):
            try:
                await self.tools.confirmations.advance(id_, lambda stored: expire(stored, now), audit_entries.expired)
            except Refused:
                continue
            except (Missing, Tampered) as error:
                await self.tools.outbox.quarantine(id_, type(error).__name__)

    async def _pending(self, id_: str) -> Record:
        record = await self.tools.confirmations.get(id_)
        if record.state is not State.PENDING:
            raise Refused(record, record.state)
        if self.tools.clock() >= record.expires_at:
            raise Refused(record, State.EXPIRED)
        return record

    async def _require_voice(self, record: Record, person: Person) -> None:
        """Whoever could approve may also say no, even where the requester no longer passes."""
        offer, policy = record.offers[0], self.tools.authorization.policy()
        place = await self.tools.authorization.directory.place(record.channel)
        if person.membership == "unknown" or place.unknown:
            raise NotKnown
        requester = await self.tools.authorization.person(record.requester) if record.requester else None
        for by_others in (False, True):
            entry = confirmation_for(policy, offer.operation, offer.for_rules, by_others=by_others, also=offer.also)
            decision = may_approve(
                policy,
                person,
                offer.operation,
                offer.for_rules,
                place,
                requester=requester,
                entry=required(entry, typed=True),
                also=offer.also,
            )
            if not decision.denied:
                return
        raise Denied(decision)

    async def _beside_another(self, record: Record) -> Record:
        """Say of a new record which other change of the same thing is pending.

        Looked up after it was stored: of two that are proposed at once, at least one is told of the other.
        """
        if record.state is not State.PENDING or record.neighbour is not None:
            return record
        other_id = await self.tools.confirmations.live_for(record.plan.target, besides=record.id)
        if other_id is None:
            return record
        try:
            other = await self.tools.confirmations.get(other_id)
        except (Missing, Tampered) as error:
            log.warning("neighbour_unreadable", change=other_id, reason=type(error).__name__)
            return record
        neighbour = Neighbour(
            change=other.id,
            title=other.plan.title,
            asked_by=other.requester_label,
            link=await self.tools.outbox.link(other),
        )
        return await self.tools.confirmations.advance(
            record.id, lambda stored: stand_beside(stored, neighbour), notifies=False
        )

    async def _tell_of(self, record: Record) -> Record:
        """Post the card; a change whose card nobody will ever see is withdrawn. Raises MessengerError."""
        try:
            shown, _ = await self.tools.outbox.deliver_within(record)
            return shown
        except MessengerError as error:
            if not error.passing:
                note = f"Slack did not take its card ({error.reason})."
                await self.tools.confirmations.advance(
                    record.id,
                    lambda stored: close(stored, State.CANCELLED, self.tools.clock(), note=note),
                    lambda stored: audit_entries.withdrawn(stored, note),
                )
            raise
