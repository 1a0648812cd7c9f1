"""What a person may do somewhere, before any arguments are known: menus and forms offer that and no more."""

from bot.commands import Command, CommandSet, Grammar
from bot.permissions import Person, Place, Policy, decide, may_use
from bot.permissions.askable import may_ask_about
from bot.quay.operations import KNOWN

_READING = {"audit", "alerts"}
"""The permissions of the bot's own commands that only read."""


def only_reads(command: Command) -> bool:
    """Whether a command reads the registry, the audit or the alerts, and changes nothing."""
    if command.permission:
        return command.permission in _READING
    return bool(command.operations) and all(KNOWN[each].kind == "read" for each in command.operations)


def is_offered(policy: Policy, person: Person, place: Place, command: Command) -> bool:
    """Whether some arguments of a command could be allowed."""
    if not command.permissions:
        return not may_use(policy, person, place).denied
    ask = may_ask_about if command.for_approvers else decide
    return any(
        not ask(policy, person, operation, {}, place, presume="everything").denied for operation in command.permissions
    )


def offers(grammar: Grammar, policy: Policy, person: Person, place: Place) -> tuple[CommandSet, ...]:
    """The nouns with the commands that are offered; nouns without any are left out."""
    found = (
        CommandSet(
            listed.noun,
            listed.summary,
            [command for command in listed.commands if is_offered(policy, person, place, command)],
        )
        for listed in grammar.sets
    )
    return tuple(listed for listed in found if listed.commands)
