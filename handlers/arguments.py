"""A command as permission rules see it: the operations it may come to, and plain arguments."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from bot.commands import Correction, Grammar, Help
from bot.model.plans import Argument
from bot.model.units import parse_size
from bot.permissions.conditions import ENFORCEMENT, NOT_WEAKER, SUPPOSED, WEAKER, fact


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


def split_facts(words: Iterable[str]) -> tuple[list[str], dict[str, Argument]]:
    """Take out what somebody supposes to be so: `limit_now=80GiB`, `limit_now=none`, `enforcement_now=not_weaker`.

    Raises ValueError with a sentence.
    """
    left: list[str] = []
    facts: dict[str, Argument] = {}
    names = {fact(argument) for argument in SUPPOSED}
    for word in words:
        name, _, value = word.partition("=")
        if name == fact(ENFORCEMENT):
            if value not in {NOT_WEAKER, WEAKER}:
                raise ValueError(f"{name} is {NOT_WEAKER} or {WEAKER}")
            facts[name] = value
        elif name in names:
            facts[name] = None if value == "none" else parse_size(value)
        else:
            left.append(word)
    return left, facts


def require_command(grammar: Grammar, text: str) -> None:
    """Refuse a noun alone, of which nothing can be decided. Raises Correction with its commands."""
    if commands := grammar.of_noun(text.strip()):
        raise Correction(f"{text.strip()!r} alone is no command. Ask about one of: {', '.join(commands)}.")


def operations_of(grammar: Grammar, text: str) -> tuple[tuple[str, ...], dict[str, Argument]]:
    """Read a command as an example of permissions.yaml: what it may come to. Raises ValueError with a sentence."""
    try:
        require_command(grammar, text)
        call = grammar.parse(text)
    except Correction as correction:
        raise ValueError(str(correction)) from None
    if isinstance(call, Help) or not call.command.permissions:
        raise ValueError("whoever may use the bot may use it, so there is nothing to prove")
    return call.command.permissions_for(call.arguments), plain_arguments(call.arguments)
