"""What a changed policy changes: who gains and who loses what, and how changes are confirmed from now on. Pure.

People are compared by what the file calls them, whatever groups they are in: a member who keeps a right by another
group, or by another rule, loses nothing. Whether `*`, a user group or an address is the same person as a user's id,
the file does not say; each is compared by itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.permissions import words
from bot.permissions.conditions import Condition, Where, are_apart, covers
from bot.permissions.confirmation_rules import differences_of_confirmations, entries_for
from bot.permissions.names import is_change
from bot.permissions.policy import Policy
from bot.quay.operations import KNOWN

Effect = Literal["may", "may_request", "deny", "approve", "approve_some"]
EVERYWHERE = "everywhere"
"""The place of a deny without `in`, and of an approval, which is given where the request was made."""


@dataclass(frozen=True)
class Difference:
    """One difference, as a sentence and as data."""

    kind: Literal["gains", "loses", "group", "channels", "confirmation", "rule", "limits", "workspace", "registry"]
    said: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """What `quaymaster check --diff OLD --json` prints."""
        return {"kind": self.kind, "said": self.said, **self.details}


Conditions = frozenset[tuple[str, Condition]]


@dataclass(frozen=True)
class _Right:
    """What one rule gives, or takes: to one member, of one operation, in one place."""

    effect: Effect
    member: str
    operation: str
    place: str
    where: Conditions
    of_requests: bool = False
    """Whether it is about what somebody may but ask for, for which entries without approvals do not count."""
    but: frozenset[Conditions] = frozenset()
    """What it does not reach, since entries above decide on that."""

    @property
    def scope(self) -> tuple[str | bool, ...]:
        """What two rights have in common of which one may cover the other."""
        return (self.effect, self.member, self.operation, self.of_requests, self.place)

    def covers(self, other: "_Right") -> bool:
        """Whether whatever fits the other, of the same scope, is known to fit this one."""
        spared = [dict(each) for each in other.but]
        return covers(dict(self.where), dict(other.where)) and all(
            are_apart(dict(each), dict(other.where)) or any(covers(its, dict(each)) for its in spared)
            for each in self.but
        )


def difference(old: Policy, new: Policy) -> tuple[Difference, ...]:
    """Everything that differs: rights first, then what they follow from."""
    before, after = frozenset(_rights(old)), frozenset(_rights(new))
    found = [
        *_told(new, old, _beyond(after, before), before, added=True),
        *_told(old, new, _beyond(before, after), after, added=False),
        *(Difference("confirmation", said, details) for said, details in differences_of_confirmations(old, new)),
        *_of_groups(old, new),
        *_of_channels(old, new),
        *_of_rules(old, new),
    ]
    if old.quota_limits != new.quota_limits:
        before_, after_ = words.limits(old.quota_limits), words.limits(new.quota_limits)
        said = f"Limits of a new quota that names none: {before_} → {after_}."
        found.append(Difference("limits", said, {"before": before_, "after": after_}))
    if old.workspace != new.workspace:
        found.append(Difference("workspace", f"The workspace is {new.workspace}, no longer {old.workspace}."))
    if old.registry != new.registry:
        found.append(Difference("registry", _registry_changed(old.registry, new.registry)))
    return tuple(found)


def _registry_changed(old: str | None, new: str | None) -> str:
    if new is None:
        return f"The file no longer names its registry, {old}. Pending changes that name it can't run."
    before = f", no longer {old}. Pending changes for {old} can't run" if old else ""
    return f"The registry is {new}{before}."


def _rights(policy: Policy) -> Iterator[_Right]:
    for rule in policy.rules:
        everywhere = [EVERYWHERE] if rule.effect == "deny" else policy.admin_channels
        places = policy.channels_of(rule.in_) if rule.in_ else everywhere
        for member in _members(policy, rule.who):
            for operation in rule.operations:
                for place in places:
                    yield _Right(rule.effect, member, operation, place, frozenset(rule.where.items()))
    for operation in filter(is_change, KNOWN):
        for of_requests in (False, True):
            yield from _voices(policy, operation, of_requests=of_requests)


def _voices(policy: Policy, operation: str, *, of_requests: bool) -> Iterator[_Right]:
    """Who may agree to a change: the approvers of the first entry that matches."""
    above: frozenset[Conditions] = frozenset()
    for entry in entries_for(policy, operation):
        if entry.approvals or not of_requests:
            where = frozenset(entry.where.items())
            for member in _members(policy, entry.approvers if entry.approvals else ()):
                yield _Right("approve", member, operation, EVERYWHERE, where, of_requests, above)
            above |= {where}


def _members(policy: Policy, groups: Iterable[str]) -> set[str]:
    return {member for group in groups for member in policy.groups.get(group, ())}


def _beyond(some: frozenset[_Right], others: frozenset[_Right]) -> set[_Right]:
    """Those of some rights that no other covers, in the same place or everywhere."""
    by_scope: dict[tuple[str | bool, ...], list[_Right]] = defaultdict(list)
    for right in others:
        by_scope[right.scope].append(right)
    return {
        right
        for right in some
        for wider in [(*right.scope[:-1], EVERYWHERE)]
        if not any(other.covers(right) for other in (*by_scope[right.scope], *by_scope[wider]))
    }


def _told(
    policy: Policy, other: Policy, rights: set[_Right], others: frozenset[_Right], *, added: bool
) -> list[Difference]:
    """The rights in as few sentences as say them exactly; whoever may agree by others as well does so in some cases."""
    agreeing = {right.scope for right in others if right.effect == "approve"}
    places: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for right in rights:
        effect = "approve_some" if right.scope in agreeing else right.effect
        places[effect, right.where, right.member, right.operation].add(right.place)
    operations: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for (effect, where, member, operation), held in places.items():
        operations[effect, where, frozenset(held), member].add(operation)
    members: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for (effect, where, held, member), used in operations.items():
        members[effect, where, held, frozenset(used)].add(member)
    told = [
        _sentence(policy, other, effect, dict(where), held, used, who, added=added)
        for (effect, where, held, used), who in members.items()
    ]
    return sorted(told, key=lambda each: (each.kind, each.details["effect"], each.said))


def _sentence(
    policy: Policy,
    other: Policy,
    effect: Effect,
    where: Where,
    places: frozenset[str],
    operations: frozenset[str],
    members: set[str],
    *,
    added: bool,
) -> Difference:
    who = _called(members, _giving(policy, effect, operations), other.groups, added=added)
    said = _SENTENCES[effect][added].format(who=words.listed(who), what=words.operations(operations))
    if EVERYWHERE not in places:
        said += f" in {words.places(policy, places)}"
    if where:
        said += f", where {words.conditions(where)}"
    return Difference(
        "gains" if added != (effect == "deny") else "loses",
        f"{said}.",
        {
            "effect": effect,
            "who": who,
            "members": sorted(members),
            "operations": sorted(operations),
            "in": sorted(places),
            "where": words.conditions(where),
        },
    )


_SENTENCES: Mapping[Effect, tuple[str, str]] = {
    "may": ("{who} may no longer {what}", "{who} may now {what}"),
    "may_request": ("{who} may no longer ask others to {what}", "{who} may now ask others to {what}"),
    "deny": ("{who} may {what} again if a rule allows it", "{who} may not {what} any more, whatever rules allow"),
    "approve": (
        "{who} may no longer agree when others want to {what}",
        "{who} may now agree when others want to {what}",
    ),
    "approve_some": (
        "{who} may no longer agree in some cases when others want to {what}",
        "{who} may now agree in more cases when others want to {what}",
    ),
}
"""What is said of a right that is gone, and of one that is new."""


def _giving(policy: Policy, effect: Effect, operations: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """The groups that a policy gives something to, or takes it from; each with its members."""
    if effect in {"approve", "approve_some"}:
        named = [(entry.approvers, entry.operations) for entry in policy.confirmations]
    else:
        named = [(rule.who, rule.operations) for rule in policy.rules if rule.effect == effect]
    groups = {group for who, of in named if not of.isdisjoint(operations) for group in who}
    return {name: members for name, members in policy.groups.items() if name in groups}


def _called(
    members: set[str], giving: Mapping[str, tuple[str, ...]], others: Mapping[str, tuple[str, ...]], *, added: bool
) -> list[str]:
    """Members by the groups it is given to, where those hold just them, before and after; the rest one by one.

    Of whoever has it, or lost it, by joining or leaving a group, that group is told.
    """
    left, found = set(members), []
    for name, listed in sorted(giving.items(), key=lambda item: -len(item[1])):
        same = set(others.get(name, listed)) == set(listed)
        if same and not left.isdisjoint(listed) and members.issuperset(listed):
            found.append(name)
            left -= set(listed)
    for member in sorted(left):
        moved = [name for name, listed in giving.items() if member in listed and member not in others.get(name, ())]
        verb = "now" if added else "no longer"
        found.append(f"{member} ({verb} in {words.listed(moved)})" if moved else member)
    return found


_STATES = {(False, True): " is new", (True, False): " is gone", (True, True): ""}
"""What is said of what was there before, and is there now."""


def _of_groups(old: Policy, new: Policy) -> Iterator[Difference]:
    for name, joined, left in _of_lists(old.groups, new.groups):
        said = "; ".join(
            f"{words.listed(sorted(members))} {verb}"
            for members, verb in ((joined, "joined"), (left, "left"))
            if members
        )
        state = _STATES[name in old.groups, name in new.groups]
        yield Difference(
            "group",
            f"The group {name}{state}: {said or 'nobody is in it'}.",
            {"group": name, "joined": sorted(joined), "left": sorted(left)},
        )


def _of_channels(old: Policy, new: Policy) -> Iterator[Difference]:
    for name, added, gone in _of_lists(old.channels, new.channels):
        said = "; ".join(
            f"{words.listed(sorted(channels))} {verb}"
            for channels, verb in ((added, "added"), (gone, "taken out"))
            if channels
        )
        yield Difference(
            "channels",
            f"The {name} channels: {said or 'none any more'}.",
            {"channels": name, "added": sorted(added), "gone": sorted(gone)},
        )


def _of_lists(
    old: Mapping[str, tuple[str, ...]], new: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, set[str], set[str]]]:
    """Named lists that differ, with what is in the new one alone and in the old one alone."""
    for name in dict.fromkeys((*old, *new)):
        before, after = set(old.get(name, ())), set(new.get(name, ()))
        if before != after or (name in old) != (name in new):
            yield name, after - before, before - after


def _of_rules(old: Policy, new: Policy) -> Iterator[Difference]:
    before, after = ({rule.name: rule for rule in policy.rules} for policy in (old, new))
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            state = _STATES[name in before, name in after] or " was changed"
            yield Difference("rule", f"The rule “{name}”{state}.", {"rule": name, "quote": new.quote(name)})
