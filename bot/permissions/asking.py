"""Questions about the policy that are not one click: who may bring up a key, why, and whether the examples hold."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.permissions.decision import Decision, Verdict, confirmation_for, decide, may_approve
from bot.permissions.people import Actor, Person, Place
from bot.permissions.policy import Arguments, ConfirmationRule, Expectation, Policy

ReadCall = Callable[[str], tuple[tuple[str, ...], Arguments]]
"""Reads a command into the operations it may come to and their arguments. Raises ValueError with a sentence."""


def may_ask_about(
    policy: Policy,
    person: Person,
    operation: str,
    arguments: Arguments,
    place: Place,
    *,
    presume: bool = False,
) -> Decision:
    """Decide whether a person may bring up a change that a service requested: by a rule, or as its approver."""
    decision = decide(policy, person, operation, arguments, place, presume=presume)
    if not decision.denied or decision.rule or place.channel not in policy.admin_channels:
        return decision
    for entry in policy.confirmations if presume else filter(None, [confirmation_for(policy, operation, arguments)]):
        if operation in entry.operations and entry.approvals:
            voice = may_approve(policy, person, operation, arguments, place, requester=None, entry=entry)
            if not voice.denied:
                return voice
    return decision


@dataclass(frozen=True)
class Explanation:
    """Why a person may or may not, and who could agree to it."""

    operation: str
    decision: Decision
    entry: ConfirmationRule | None


def explain(
    policy: Policy, person: Person, operations: Iterable[str], arguments: Arguments, place: Place
) -> tuple[Explanation, ...]:
    """Decide for each of the operations, and say how each would be confirmed."""
    return tuple(
        Explanation(operation, decision, decision.confirmation)
        for operation in operations
        for decision in (decide(policy, person, operation, arguments, place),)
    )


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
        verdict, reason = _verdict(policy, example, operations, arguments)
        if verdict != example.verdict:
            failing.append(
                (index, f"{example.do!r} for {_whom(example)} is {verdict}, not {example.verdict}: {reason}")
            )
    return failing


def _verdict(policy: Policy, example: Expectation, operations: Iterable[str], arguments: Arguments) -> tuple[str, str]:
    """The strictest verdict of the operations that the command may come to."""
    place = _place(policy, example.in_)
    person, extended = _person(policy, example.who, example.as_)
    order = [Verdict.DENY, Verdict.REQUEST, Verdict.ALLOW]
    decisions = [decide(extended, person, operation, arguments, place) for operation in operations]
    strictest = min(decisions, key=lambda decision: order.index(decision.verdict))
    return strictest.verdict.value, strictest.reason


def _person(policy: Policy, who: str, named: tuple[str, ...]) -> tuple[Person, Policy]:
    """A user as a full member, put into the groups that are named."""
    person = Person(Actor(policy.workspace, who), "member", label=who)
    groups = {name: (*members, who) if name in named else members for name, members in policy.groups.items()}
    return person, policy.model_copy(update={"groups": groups})


def _place(policy: Policy, where: str | None) -> Place:
    if where in {"dm", "home"}:
        return Place(where, kind="dm" if where == "dm" else "home")
    channels = policy.channels_of((where,)) if where else policy.admin_channels
    return Place(min(channels, default="C0NOWHERE"))


def _whom(example: Expectation) -> str:
    return f"{example.who}{' as ' + ', '.join(example.as_) if example.as_ else ''}"
