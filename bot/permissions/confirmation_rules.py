"""How the confirmations of two policies differ, in words. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from bot.model.units import write_duration
from bot.permissions import words
from bot.permissions.conditions import Where
from bot.permissions.names import is_change
from bot.permissions.policy import ConfirmationRule, Policy
from bot.quay.operations import KNOWN

Told = tuple[str, dict[str, Any]]
"""A sentence, and the same as data."""


def differences_of_confirmations(old: Policy, new: Policy) -> Iterator[Told]:
    """What differs in how changes are confirmed, apart from by whom; what is said of several, once."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for operation in filter(is_change, KNOWN):
        for what in _compared(entries_for(old, operation), entries_for(new, operation)):
            found[what].append(operation)
    for (sentence, before, after), operations in found.items():
        said = f"{sentence.format(what=words.operations(operations))}: {before} → {after}."
        yield said, {"operations": operations, "before": before, "after": after}


def entries_for(policy: Policy, operation: str) -> list[ConfirmationRule]:
    """The entries that a change may come to, up to one that takes whatever is left."""
    found = []
    for entry in policy.confirmations:
        if operation in entry.operations:
            found.append(entry)
            if entry.approvals and not entry.where:
                break
    return found


def _compared(old: list[ConfirmationRule], new: list[ConfirmationRule]) -> Iterator[tuple[str, str, str]]:
    """Entry by entry where they ask for the same; else as a whole."""
    if [entry.where for entry in old] != [entry.where for entry in new]:
        yield "How it is confirmed when somebody wants to {what}", _all_of(old), _all_of(new)
        return
    for before, after in zip(old, new, strict=True):
        for field, sentence in _FIELDS.items():
            was, is_ = _value(before, field), _value(after, field)
            if was != is_:
                yield f"{sentence}{_if(before.where)}", was, is_


_FIELDS = {
    "approvals": "Approvals needed to {what}",
    "expires": "Time to agree when somebody wants to {what}",
    "type_the_name": "Whether the name must be typed to {what}",
    "self_approval": "Whether the requester may be an approver of what they ask for, to {what}",
}


def _value(entry: ConfirmationRule, field: str) -> str:
    if field == "expires":
        return write_duration(entry.expires)
    value = getattr(entry, field)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _if(where: Where) -> str:
    # The condition becomes part of a format string.
    said = words.conditions(where).replace("{", "{{").replace("}", "}}")
    return f" where {said}" if said else ""


def _all_of(entries: list[ConfirmationRule]) -> str:
    return "; ".join(map(_in_words, entries)) or "not at all, so nobody can"


def _in_words(entry: ConfirmationRule) -> str:
    own = "the requester's own confirmation"
    needed = f"{entry.approvals} approval{'' if entry.approvals == 1 else 's'}" if entry.approvals else own
    typed = ", the name typed" if entry.type_the_name else ""
    typed += ", the requester's own among them" if entry.self_approval else ""
    where = words.conditions(entry.where)
    return f"{needed}{typed} within {write_duration(entry.expires)}{f' if {where}' if where else ''}"
