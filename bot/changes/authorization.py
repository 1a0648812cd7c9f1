"""The check at the moment of the act: the permissions in force now, of the people as Slack knows them now."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.confirmations import Offer, Record
from bot.permissions import (
    Actor,
    ConfirmationRule,
    Decision,
    Person,
    Place,
    Policy,
    Verdict,
    confirmation_for,
    decide,
    may_approve,
)
from bot.slack.directory import Directory

NO_CONFIRMATION = "The permissions file says nothing of how such a change is confirmed."
OTHER_REGISTRY = "This change is for another registry than the one this bot runs for."
NAME_NOT_TYPED = "The permissions file wants the name typed once more for it, and it was not."


class Denied(Exception):
    """Somebody may not do this, or may not do it any more; `decision` says why."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.reason)
        self.decision = decision


class NotKnown(Exception):
    """Slack did not say who somebody is, so for the moment nobody can be let through or refused for good."""


def deny(reason: str, rule: str | None = None) -> Denied:
    """A denial with its reason."""
    return Denied(Decision(Verdict.DENY, reason, rule))


@dataclass(frozen=True)
class Authorization:
    """Asks the policy in force about people, fetched afresh."""

    policy: Callable[[], Policy]
    directory: Directory

    async def person(self, actor: Actor) -> Person:
        """Say who an actor is, with the user groups that the policy speaks of."""
        return await self.directory.person(actor, self.policy().questions)

    def remembered_person(self, actor: Actor) -> Person | None:
        """Say at once who an actor was some minutes ago at most; for no decision about an act."""
        return self.directory.remembered_person(actor, self.policy().questions)

    async def place(self, channel: str) -> Place:
        """Say what a channel is; one that no rule speaks of is not looked up, since no rule allows anything there."""
        return await self.directory.place(channel) if self._matters(channel) else Place(channel, asked=False)

    def remembered_place(self, channel: str) -> Place | None:
        """Say at once what a channel was some minutes ago at most; for no decision about an act."""
        return self.directory.remembered_place(channel) if self._matters(channel) else Place(channel, asked=False)

    def _matters(self, channel: str) -> bool:
        return channel.startswith("D") or channel in self.policy().known_channels

    async def requirement(self, record: Record, offer: Offer) -> ConfirmationRule:
        """The confirmation that applies to an offer now. Raises NotKnown, or Denied when its requester fails."""
        place, requester = await self._circumstances(record)
        return _requirement(self.policy(), record, offer, place, requester)

    async def require_approver(self, record: Record, offer: Offer, actor: Actor) -> ConfirmationRule:
        """Return the confirmation in force, by which this person may agree. Raises Denied, or NotKnown."""
        place, requester = await self._circumstances(record)
        person = await self.person(actor)
        policy = self.policy()
        entry = _requirement(policy, record, offer, place, requester)
        _require_known(policy, place, person)
        decision = may_approve(
            policy,
            person,
            offer.operation,
            offer.for_rules,
            place,
            requester=requester,
            entry=entry,
            also=offer.also,
        )
        if decision.denied:
            raise Denied(decision)
        return entry

    async def _circumstances(self, record: Record) -> tuple[Place, Person | None]:
        """Where a change was asked for, and by whom; looked up before the policy is: it decides as it is after that."""
        place = await self.directory.place(record.channel)
        return place, await self.person(record.requester) if record.requester else None

    async def require_still_agreed(self, record: Record) -> None:
        """Check everybody once more before the call. Raises Denied, or NotKnown."""
        entry = await self.requirement(record, record.offer)
        agreed: list[Person] = []
        for approval in record.agreed(record.offer.operation):
            try:
                await self.require_approver(record, record.offer, approval.actor)
            except Denied as denied:
                raise deny(f"{approval.label} may no longer agree to it: {denied.decision.reason}") from denied
            person = await self.person(approval.actor)
            if not any(person.is_same(other) for other in agreed):
                agreed.append(person)
        if len(agreed) < max(entry.approvals, 1):
            raise deny(f"It now needs {entry.approvals} approvals, and has {len(agreed)}.")

    async def is_requester(self, person: Person, record: Record) -> bool:
        """Whether this person requested a change, by whichever id."""
        asked = record.requester
        return asked is not None and await self.known_as(person, [asked]) == asked

    async def known_as(self, person: Person, actors: Iterable[Actor]) -> Actor:
        """The one of these actors who is this person, by whichever id; the person's own actor where none is."""
        for actor in actors:
            if person.is_actor(actor) or person.is_same(await self.person(actor)):
                return actor
        return person.actor


def _require_known(policy: Policy, place: Place, person: Person) -> None:
    if place.unknown or person.membership == "unknown" or not person.answers(policy.questions):
        raise NotKnown


def _requirement(
    policy: Policy, record: Record, offer: Offer, place: Place, requester: Person | None
) -> ConfirmationRule:
    if record.registry not in {None, policy.registry}:
        raise deny(OTHER_REGISTRY)
    if requester is None:
        return required(confirmation_for(policy, offer.operation, offer.for_rules), typed=record.typed)
    _require_known(policy, place, requester)
    decision = decide(policy, requester, offer.operation, offer.for_rules, place, also=offer.also)
    if decision.denied:
        raise deny(f"{record.requester_label} may no longer ask for it: {decision.reason}", decision.rule)
    return required(decision.confirmation, typed=record.typed)


def required(entry: ConfirmationRule | None, *, typed: bool) -> ConfirmationRule:
    """A confirmation that can be gone through. Raises Denied where there is none, or where a name was not typed."""
    if entry is None:
        raise deny(NO_CONFIRMATION)
    if entry.type_the_name and not typed:
        raise deny(NAME_NOT_TYPED)
    return entry
