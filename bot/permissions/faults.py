"""What is wrong with a policy although each of its parts is well-formed: names without meaning, entries without use."""

from collections.abc import Iterator

from bot.permissions.conditions import covers
from bot.permissions.names import is_change
from bot.permissions.policy import CHANNEL, ConfirmationRule, Policy

Location = tuple[int | str, ...]
Fault = tuple[Location, str]


def faults(policy: Policy) -> list[Fault]:
    """Everything that is wrong, each with its place in the file."""
    return [*_undefined(policy), *_misleading(policy), *_double_names(policy), *_unreachable(policy), *_too_few(policy)]


def _undefined(policy: Policy) -> Iterator[Fault]:
    """Groups and channels that are spoken of and not defined; approvers that are everybody."""
    for i, rule in enumerate(policy.rules):
        yield from _no_groups(policy, ("rules", i, "who"), rule.who)
        for j, name in enumerate(rule.in_):
            yield from _no_channels(policy, ("rules", i, "in", j), name)
    for i, entry in enumerate(policy.confirmations):
        yield from _no_groups(policy, ("confirmations", i, "approvers"), entry.approvers)
        for j, group in enumerate(entry.approvers):
            if "*" in policy.groups.get(group, ()):
                yield (
                    ("confirmations", i, "approvers", j),
                    f"{group!r} is every member of the workspace; name the approvers",
                )
    for i, example in enumerate(policy.expect):
        yield from _no_groups(policy, ("expect", i, "as"), example.as_)
        if example.in_ is not None:
            yield from _no_channels(policy, ("expect", i, "in"), example.in_)


def _misleading(policy: Policy) -> Iterator[Fault]:
    """Lists of channels that are called as a place is: a rule for the one would hold in the other."""
    for name in filter(CHANNEL.fullmatch, policy.channels):
        yield ("channels", name), f"{name!r} is the name of a place itself; call the list otherwise"


def _no_channels(policy: Policy, place: Location, name: str) -> Iterator[Fault]:
    if name not in policy.channels and not CHANNEL.fullmatch(name):
        yield place, f"there are no channels {name!r}"


def _no_groups(policy: Policy, place: Location, named: tuple[str, ...]) -> Iterator[Fault]:
    for index, group in enumerate(named):
        if group not in policy.groups:
            yield (*place, index), f"there is no group {group!r}"


def _double_names(policy: Policy) -> Iterator[Fault]:
    """A name says which rule decided, so two rules cannot share one."""
    names: set[str] = set()
    for index, rule in enumerate(policy.rules):
        if rule.name in names:
            yield ("rules", index, "name"), f"another rule is called {rule.name!r} as well"
        names.add(rule.name)


def _unreachable(policy: Policy) -> Iterator[Fault]:
    """Entries of which none of the operations can come to, since the first that matches decides."""
    for index, entry in enumerate(policy.confirmations):
        changes = {operation for operation in entry.operations if is_change(operation)}
        if not changes:
            yield ("confirmations", index, "for"), "none of these is a change, so there is nothing to confirm"
        elif all(_is_taken(policy, policy.confirmations[:index], entry, operation) for operation in changes):
            yield ("confirmations", index), "is never used: the entries above it decide on all of its changes"


def _is_taken(policy: Policy, before: tuple[ConfirmationRule, ...], entry: ConfirmationRule, operation: str) -> bool:
    """Whether one earlier entry decides whenever this one could.

    Requests pass over entries without approvals, so those leave the changes that may be requested to later ones.
    """
    requested = entry.approvals > 0 and any(
        rule.effect == "may_request" and operation in rule.operations for rule in policy.rules
    )
    return any(
        operation in other.operations and covers(other.where, entry.where) and (other.approvals or not requested)
        for other in before
    )


def _too_few(policy: Policy) -> Iterator[Fault]:
    """More approvals than there are people, which nobody could ever bring together."""
    for index, entry in enumerate(policy.confirmations):
        members = {member for group in entry.approvers for member in policy.groups.get(group, ())}
        if entry.approvals > len(members) and not any(member[0] == "S" for member in members - policy.addresses):
            people = f"{len(members)} {'person' if len(members) == 1 else 'people'}"
            yield ("confirmations", index, "approvals"), f"the approvers are {people}, so {entry.approvals} never agree"
