"""A command as permission rules see it: the operations it may come to, and plain arguments."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.commands import Correction, Grammar, Help
from bot.plans import Argument


def given(**arguments: Argument) -> dict[str, Argument]:
    """The arguments that were given, as a record keeps them."""
    return {name: value for name, value in arguments.items() if value is not None}


def plain_arguments(typed: Mapping[str, Any]) -> dict[str, Argument]:
    """Typed values as plain ones: sizes in bytes, lengths of time in seconds, nothing else that is not plain."""
    return {name: _plain(value) for name, value in typed.items()}


def _plain(value: object) -> Argument:
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    return value if isinstance(value, str | int | bool) else None


def operations_of(grammar: Grammar, text: str) -> tuple[tuple[str, ...], dict[str, Argument]]:
    """Read a command as an example of permissions.yaml: what it may come to. Raises ValueError with a sentence."""
    try:
        call = grammar.parse(text)
    except Correction as correction:
        raise ValueError(str(correction)) from None
    if isinstance(call, Help) or not call.command.permissions:
        raise ValueError("whoever may use the bot may use it, so there is nothing to prove")
    return call.command.permissions_for(call.arguments), plain_arguments(call.arguments)
