"""Questions about the policy that are not one click: who may bring up a key, why, and whether the examples hold."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.permissions.conditions import ENFORCEMENT, Arguments, asks_for_state, fact
from bot.permissions.decision import (
    STRICTEST_FIRST,
    Decision,
    Presumed,
    confirmation_for,
    decide,
    may_approve,
)
from bot.permissions.names import arguments_of
from bot.permissions.people import Actor, Person, Place
from bot.permissions.policy import ConfirmationRule, Expectation, Policy

ReadCall = Callable[[str], tuple[tuple[str, ...], Arguments]]
"""Reads a command into the operations it may come to and their arguments. Raises ValueError with a sentence."""


def may_ask_about(
    policy: Policy,
    person: Person,
    operation: str,
    arguments: Arguments,
    place: Place,
    *,
    presume: Presumed = "nothing",
) -> Decision:
    """Decide whether a person may bring up a change that a service requested: by a rule, or as its approver."""
    decision = decide(policy, person, operation, arguments, place, presume=presume)
    if not decision.denied or decision.rule or place.channel not in policy.admin_channels:
        return decision
    entry = confirmation_for(policy, operation, arguments)
    for candidate in policy.confirmations if presume == "everything" else filter(None, [entry]):
        if operation in candidate.operations and candidate.approvals:
            voice = may_approve(policy, person, operation, arguments, place, requester=None, entry=candidate)
            if not voice.denied:
                return voice
    return decision


@dataclass(frozen=True)
class Approvers:
    """A group whose members may agree, as far as the file itself names them."""

    group: str
    users: tuple[str, ...]
    unnamed: tuple[str, ...]
    """How many user groups and addresses there are besides, in words: who that is, Slack alone knows."""


@dataclass(frozen=True)
class Explanation:
    """Why a person may or may not, and who could agree to it."""

    operation: str
    decision: Decision
    approvers: tuple[Approvers, ...] = ()
    quote: str = ""
    """The rule that decided, as it stands in the file."""
    unseen: tuple[str, ...] = ()
    """The facts that rules ask for and nobody named."""

    @property
    def entry(self) -> ConfirmationRule | None:
        """How the change would be confirmed."""
        return self.decision.confirmation


def explain(
    policy: Policy, person: Person, operations: Iterable[str], arguments: Arguments, place: Place
) -> tuple[Explanation, ...]:
    """Decide for each of the operations, and say how each would be confirmed, and by whom."""
    return tuple(_explained(policy, person, operation, arguments, place) for operation in operations)


def _explained(policy: Policy, person: Person, operation: str, arguments: Arguments, place: Place) -> Explanation:
    decision = decide(policy, person, operation, arguments, place)
    groups = decision.confirmation.approvers if decision.confirmation and decision.confirmation.approvals else ()
    return Explanation(
        operation,
        decision,
        tuple(_approvers(policy, group) for group in groups),
        policy.quote(decision.rule) if decision.rule else "",
        tuple(fact(name) for name in _states_asked(policy, operation) if fact(name) not in arguments),
    )


def _approvers(policy: Policy, group: str) -> Approvers:
    members = policy.groups[group]
    users = tuple(member for member in members if member[0] in "UW" and member not in policy.addresses)
    addresses = sum(member in policy.addresses for member in members)
    everyone = "*" in members
    user_groups = len(members) - len(users) - addresses - everyone
    unnamed = (
        f"{user_groups} user group{'s' * (user_groups > 1)}" if user_groups else "",
        f"{addresses} e-mail address{'es' * (addresses > 1)}" if addresses else "",
        "every full member" if everyone else "",
    )
    return Approvers(group, users, tuple(filter(None, unnamed)))


def _states_asked(policy: Policy, operation: str) -> list[str]:
    """The arguments of an operation of which some rule or entry asks what only a look at the registry tells."""
    rules = [rule.where for rule in policy.rules if operation in rule.operations]
    entries = [entry.where for entry in policy.confirmations if operation in entry.operations]
    asked = {name for where in (*rules, *entries) for name in where if asks_for_state({name: where[name]})}
    return [name for name in arguments_of(operation) if name in asked]


def explain_offline(
    policy: Policy,
    who: str,
    groups: tuple[str, ...],
    operations: Iterable[str],
    arguments: Arguments,
    where: str | None,
) -> tuple[Explanation, ...]:
    """The same without Slack: a full member, put into the groups that are named."""
    person, extended = _person(policy, who, groups)
    return explain(extended, person, operations, arguments, _place(policy, where))


def failing_expectations(policy: Policy, read: ReadCall) -> list[tuple[int, str]]:
    """The examples under `expect` that do not hold, each with its position and what came out instead."""
    failing = []
    for index, example in enumerate(policy.expect):
        try:
            operations, arguments = read(example.do)
        except ValueError as error:
            failing.append((index, f"{example.do!r} cannot be read: {error}"))
            continue
        if said := _failure(example, _strictest(policy, example, operations, arguments)):
            failing.append((index, f"{example.do!r} for {_whom(example)} {said}"))
    return failing


def _failure(example: Expectation, decision: Decision) -> str:
    if decision.verdict != example.verdict:
        return f"is {decision.verdict.value}, not {example.verdict}: {decision.reason}"
    needed = decision.confirmation.approvals if decision.confirmation else None
    if example.approvals is not None and needed != example.approvals:
        return f"needs {'no confirmation' if needed is None else f'{needed} approvals'}, not {example.approvals}"
    return ""


def _strictest(policy: Policy, example: Expectation, operations: Iterable[str], arguments: Arguments) -> Decision:
    """The strictest decision on the operations that the command may come to."""
    place = _place(policy, example.in_)
    person, extended = _person(policy, example.who, example.as_)
    known = dict(arguments)
    if example.now is not None:
        known |= {fact("limit"): example.now.limit, fact(ENFORCEMENT): example.now.enforcement}
    decisions = [decide(extended, person, operation, known, place) for operation in operations]
    return min(decisions, key=_leniency)


def _leniency(decision: Decision) -> tuple[int, int]:
    """How little stands in the way: by the verdict, then by the approvals that it takes."""
    approvals = decision.confirmation.approvals if decision.confirmation else 0
    return STRICTEST_FIRST.index(decision.verdict), -approvals


def _person(policy: Policy, who: str, named: tuple[str, ...]) -> tuple[Person, Policy]:
    """A user as a full member, put into the groups that are named."""
    person = Person(Actor(policy.workspace, who), "member", label=who)
    groups = {name: (*members, who) if name in named else members for name, members in policy.groups.items()}
    return person, policy.model_copy(update={"groups": groups})


def _place(policy: Policy, where: str | None) -> Place:
    if where in {"dm", "home"}:
        return Place(where, kind="dm" if where == "dm" else "home")
    channels = policy.channels_of((where,)) if where else ()
    return Place(min(channels, default=policy.first_admin_channel or "C0NOWHERE"))


def _whom(example: Expectation) -> str:
    return f"{example.who}{' as ' + ', '.join(example.as_) if example.as_ else ''}"
