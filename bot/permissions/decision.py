"""The decision: who may do what, where; and which confirmation a change needs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from bot.permissions.conditions import (
    ENFORCEMENT,
    Argument,
    Arguments,
    Bounds,
    Condition,
    Where,
    asks_for_state,
    fact,
    matches_pattern,
)
from bot.permissions.names import arguments_of, is_change
from bot.permissions.people import Person, Place, is_same_address
from bot.permissions.policy import ConfirmationRule, Policy, Rule

Presumed = Literal["nothing", "state", "everything"]
"""What is missing and presumed to fit where a rule allows: nothing; what only a look at the registry can tell, before
it; any argument. A deny never presumes."""


class Verdict(StrEnum):
    """What a decision comes to."""

    ALLOW = "allow"
    REQUEST = "request"
    DENY = "deny"


STRICTEST_FIRST = (Verdict.DENY, Verdict.REQUEST, Verdict.ALLOW)


@dataclass(frozen=True)
class Decision:
    """A verdict, why, and for a change how it is to be confirmed."""

    verdict: Verdict
    reason: str
    rule: str | None = None
    confirmation: ConfirmationRule | None = None

    @property
    def denied(self) -> bool:
        """Whether nothing may happen."""
        return self.verdict is Verdict.DENY


def decide(
    policy: Policy,
    person: Person,
    operation: str,
    arguments: Arguments,
    place: Place,
    *,
    also: Sequence[str] = (),
    presume: Presumed = "nothing",
) -> Decision:
    """Decide whether a person may use an operation with these arguments in this place.

    The verdict comes with its reason, the rule that decided and, for a change, the confirmation that applies.
    `also` are the operations that the change takes besides: the strictest verdict on any of them is the one.
    `arguments` hold, besides what was typed, the facts that a look at the registry told (`fact`). Before they are
    complete, `presume` asks whether it could still be allowed; the answer then names no confirmation.
    """
    needed = {each: _permission(policy, person, each, arguments, place, presume) for each in (operation, *also)}
    which = min(needed, key=lambda each: STRICTEST_FIRST.index(needed[each].verdict))
    decision = needed[which]
    if decision.denied and which != operation:
        return replace(decision, reason=f"It takes {which} as well. {decision.reason}")
    return _with_confirmation(policy, operation, arguments, decision, presume, also)


def _permission(
    policy: Policy, person: Person, operation: str, arguments: Arguments, place: Place, presume: Presumed
) -> Decision:
    """What the rules say of one operation, whatever confirms it."""
    if refusal := _membership(policy, person, place):
        return Decision(Verdict.DENY, refusal)
    for rule in _speaking(policy, person, operation, "deny"):
        if _forbids(policy, rule, operation, arguments, place):
            return _forbidden(policy, rule, person)
    elsewhere: Rule | None = None
    for effect, verdict in (("may", Verdict.ALLOW), ("may_request", Verdict.REQUEST)):
        for rule in _speaking(policy, person, operation, effect):
            under_each_name = _under_each_name(operation, arguments)
            if not all(_fits(rule.where, operation, named, presume) for named in under_each_name):
                continue
            if not _held_in(policy, rule, place):
                elsewhere = elsewhere or rule
                continue
            reason = _because(rule, unseen=presume == "state" and asks_for_state(rule.where))
            return Decision(verdict, reason, rule.name)
    if elsewhere:
        return Decision(Verdict.DENY, f"The rule “{elsewhere.name}” allows it, but not in this channel.")
    return Decision(Verdict.DENY, "No rule allows it.")


def _because(rule: Rule, *, unseen: bool = False) -> str:
    said = f"The rule “{rule.name}” {'allows it' if rule.may else 'lets them ask for it'}"
    return f"{said}, if what is there now fits." if unseen else f"{said}."


def _with_confirmation(
    policy: Policy,
    operation: str,
    arguments: Arguments,
    decision: Decision,
    presume: Presumed,
    also: Sequence[str],
) -> Decision:
    if decision.denied or not is_change(operation):
        return decision
    by_others = decision.verdict is Verdict.REQUEST
    entry = confirmation_for(policy, operation, arguments, by_others=by_others, also=also, presume=presume)
    if entry is None:
        return Decision(Verdict.DENY, "The permissions file says nothing of how such a change is confirmed.")
    return decision if presume != "nothing" else replace(decision, confirmation=entry)


def confirmation_for(
    policy: Policy,
    operation: str,
    arguments: Arguments,
    *,
    by_others: bool = False,
    also: Sequence[str] = (),
    presume: Presumed = "nothing",
) -> ConfirmationRule | None:
    """The first entry of `confirmations` that matches; of those that match a rename's two names, the stricter one.

    Where the change takes other operations `also`, the strictest of all their entries; among equals, one of theirs.
    With `by_others`, entries without approvals are passed over, and where one approval is enough, it is not the
    requester's own, whatever the entry says.
    """
    found = [
        _first_entry(policy, each, named, presume, by_others=by_others)
        for each in (*also, operation)
        for named in _under_each_name(each, arguments)
    ]
    entries = [entry for entry in found if entry is not None]
    if len(entries) < len(found):
        return None
    entry = max(entries, key=lambda each: (each.type_the_name, each.approvals, not each.self_approval))
    alone = by_others and entry.self_approval and entry.approvals == 1
    return entry.model_copy(update={"self_approval": False}) if alone else entry


def _first_entry(
    policy: Policy, operation: str, arguments: Arguments, presume: Presumed, *, by_others: bool
) -> ConfirmationRule | None:
    for entry in policy.confirmations:
        if by_others and entry.approvals == 0:
            continue
        if operation in entry.operations and _fits(entry.where, operation, arguments, presume):
            return entry
    return None


def may_approve(
    policy: Policy,
    approver: Person,
    operation: str,
    arguments: Arguments,
    place: Place,
    *,
    requester: Person | None,
    entry: ConfirmationRule,
    also: Sequence[str] = (),
) -> Decision:
    """Decide whether a person may approve this change, in the place where its record was made.

    `also` are the operations that the change takes besides. `requester` is None where a service asked by itself (a
    waiting key). An approver needs no `may`. Where no approvals are needed, whoever may use the operation may confirm
    a change that nobody in particular requested.
    """
    if refusal := _membership(policy, approver, place):
        return Decision(Verdict.DENY, refusal)
    for each in (operation, *also):
        for rule in _speaking(policy, approver, each, "deny"):
            if _forbids(policy, rule, each, arguments, place):
                return _forbidden(policy, rule, approver)
    if entry.approvals == 0:
        return _own_confirmation(decide(policy, approver, operation, arguments, place, also=also), approver, requester)
    if not any(_belongs(policy, approver, group) for group in entry.approvers):
        return Decision(Verdict.DENY, f"Deciding on it is for {' and '.join(entry.approvers)}.")
    if approver.is_same(requester) and not entry.self_approval:
        return Decision(Verdict.DENY, "You asked for it, so somebody else has to approve it.")
    return Decision(Verdict.ALLOW, "You are one of its approvers.")


def _own_confirmation(decision: Decision, person: Person, requester: Person | None) -> Decision:
    """Where nobody else has to agree: the requester alone, or for a service's own key whoever may by a rule."""
    if requester is not None and not person.is_same(requester):
        return Decision(Verdict.DENY, "Only the person who asked for it can confirm it.")
    if decision.verdict is not Verdict.ALLOW:
        return Decision(Verdict.DENY, decision.reason, decision.rule)
    return decision


def may_use(policy: Policy, person: Person, place: Place) -> Decision:
    """Decide whether the bot answers this person here at all (help, pending, status, why)."""
    if refusal := _membership(policy, person, place):
        return Decision(Verdict.DENY, refusal)
    for rule in policy.rules:
        if rule.effect != "deny" and _applies_to(policy, rule, person) and _held_in(policy, rule, place):
            return Decision(Verdict.ALLOW, _because(rule), rule.name)
    for entry in policy.confirmations:
        if any(_belongs(policy, person, group) for group in entry.approvers) and _is_admin(policy, place):
            return Decision(Verdict.ALLOW, "You are an approver.")
    return Decision(Verdict.DENY, "No rule of the permissions file speaks of you in this channel.")


def _forbids(policy: Policy, rule: Rule, operation: str, arguments: Arguments, place: Place) -> bool:
    """Whether a deny holds here; one of several names is enough."""
    named = _under_each_name(operation, arguments)
    return _held_in(policy, rule, place, everywhere=True) and any(_fits(rule.where, operation, each) for each in named)


def _forbidden(policy: Policy, rule: Rule, person: Person) -> Decision:
    said = f"The rule “{rule.name}” forbids it."
    if not any(_belongs(policy, person, group) for group in rule.who):
        said += " It names a user group that Slack doesn't have, so until that is fixed it applies to everyone."
    return Decision(Verdict.DENY, said, rule.name)


def _membership(policy: Policy, person: Person, place: Place) -> str | None:
    if person.actor.team != policy.workspace:
        return "Only people of this workspace may."
    if person.membership == "outsider":
        return "Bots, deactivated people and people of other companies may do nothing here."
    if not person.answers(policy.questions) or (not place.asked and place.channel in policy.known_channels):
        return "The permissions file has just changed, and Slack was not asked yet what it asks now. Try again."
    if person.membership == "unknown":
        return "Slack did not say who this is, and until it does, nothing is allowed. Try again in a minute."
    if place.unknown:
        return "Slack does not tell the bot what this channel is. If it is private, invite the bot."
    if place.shared:
        return "This channel is shared with another company."
    return None


def _speaking(policy: Policy, person: Person, operation: str, effect: str) -> list[Rule]:
    groups = policy.groups_of(person, _is_member)
    return [
        rule
        for rule in policy.rules_about.get((effect, operation), ())
        if not groups.isdisjoint(rule.who) or (effect == "deny" and _names_a_lost_group(policy, rule, person))
    ]


def _applies_to(policy: Policy, rule: Rule, person: Person) -> bool:
    belongs = not policy.groups_of(person, _is_member).isdisjoint(rule.who)
    return belongs or (rule.effect == "deny" and _names_a_lost_group(policy, rule, person))


def _names_a_lost_group(policy: Policy, rule: Rule, person: Person) -> bool:
    """Whether a deny is for a group that Slack doesn't have: who was meant isn't known, so it holds for everyone."""
    return any(member in person.lost_groups for group in rule.who for member in policy.groups[group])


def _belongs(policy: Policy, person: Person, group: str) -> bool:
    return group in policy.groups_of(person, _is_member)


def _is_member(person: Person, member: str) -> bool:
    if member == "*":
        return person.membership == "member"
    if "@" in member:
        return person.email is not None and is_same_address(person.email, member)
    return person.has_id(member) or member in person.user_groups


def _is_admin(policy: Policy, place: Place) -> bool:
    return place.kind == "channel" and place.channel in policy.admin_channels


def _held_in(policy: Policy, rule: Rule, place: Place, *, everywhere: bool = False) -> bool:
    if not rule.in_:
        return everywhere or _is_admin(policy, place)
    here = place.channel if place.kind == "channel" else place.kind
    return here in policy.channels_of(rule.in_)


def _under_each_name(operation: str, arguments: Arguments) -> list[Arguments]:
    """The arguments; for a rename of an organization under both of its names."""
    rename = arguments.get("rename")
    if operation != "changeOrganization" or rename is None:
        return [arguments]
    return [arguments, {**arguments, "name": rename}]


def _fits(where: Where, operation: str, arguments: Arguments, presume: Presumed = "nothing") -> bool:
    """Whether every condition holds."""
    if ENFORCEMENT in where and ENFORCEMENT not in arguments_of(operation):
        return False
    return all(_holds(condition, name, arguments.get(name), arguments, presume) for name, condition in where.items())


def _holds(condition: Condition, name: str, value: Argument, arguments: Arguments, presume: Presumed) -> bool:
    if name == ENFORCEMENT:
        if fact(name) not in arguments:
            return presume != "nothing"
        value = arguments[fact(name)]
    if value is None:
        return presume == "everything"
    if not isinstance(condition, Bounds):
        return any(matches_pattern(pattern, value) for pattern in condition)
    unseen = presume != "nothing" and fact(name) not in arguments
    bounds = condition.without_state if unseen else condition
    return bounds is None or bounds.holds(value, arguments.get(fact(name)))
