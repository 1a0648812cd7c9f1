"""The names that permissions.yaml knows: operations, the sets made of them, and the bot's own permissions."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, get_args

from bot.quay.operations import BEYOND, KNOWN, OPERATIONS

OwnName = Literal["alerts", "audit", "doctor", "freeze"]
OWN_NAMES: tuple[OwnName, ...] = get_args(OwnName)
"""What the bot itself can be asked for and a rule can name; in `all`, in no other set."""


@lru_cache
def sets() -> Mapping[str, frozenset[str]]:
    """Every name that a rule may use, with the operations that it stands for.

    `read` and `change` are the superuser's 28 for ever: an upgrade that brings new operations widens nobody's rights.
    """
    named: dict[str, set[str]] = {name: {name} for name in (*KNOWN, *OWN_NAMES)}
    for operation in KNOWN.values():
        kinds = (operation.kind,) if operation.id in OPERATIONS else ()
        for name in (operation.noun, f"{operation.noun}.{operation.kind}", *kinds, "all"):
            named.setdefault(name, set()).add(operation.id)
    named["all"].update(OWN_NAMES)
    return {name: frozenset(members) for name, members in named.items()}


def operations_in(names: tuple[str, ...]) -> frozenset[str]:
    """All that some names stand for."""
    return frozenset().union(*(sets()[name] for name in names))


def confirmed_in(names: tuple[str, ...]) -> frozenset[str]:
    """All that some names stand for in a confirmation, where `change` is every change: nothing goes unconfirmed."""
    beyond = {each for each in BEYOND if is_change(each)} if "change" in names else set()
    return operations_in(names) | beyond


def arguments_of(operation: str) -> tuple[str, ...]:
    """What a rule can ask about an operation; nothing about the bot's own names."""
    return KNOWN[operation].arguments if operation in KNOWN else ()


def is_change(operation: str) -> bool:
    """Whether somebody has to confirm it: a write to the registry."""
    return operation in KNOWN and KNOWN[operation].kind == "change"
