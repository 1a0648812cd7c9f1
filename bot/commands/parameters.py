"""What of a handler's signature people type: names, types, placeholders, descriptions."""

import inspect
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Union, get_args, get_origin, get_type_hints

from cyclopts import Parameter
from docstring_parser import parse as parse_docstring

from bot.commands.command import Command, Here


class Suggest(Enum):
    """Marks a type whose values are names that the registry knows: forms suggest them as one types.

    The outermost mark holds, so that a name that is yet to be can be marked with NOTHING.
    """

    NAMESPACES = "namespaces"
    ORGANIZATIONS = "organizations"
    USERS = "users"
    KEYS = "keys"
    SERVICES = "services"
    NOTHING = "nothing"


def typed_parameters(command: Command) -> list[inspect.Parameter]:
    """The parameters that are typed, in their order; what the bot hands in is left out."""
    hints = get_type_hints(command.handler, include_extras=True)
    parameters = inspect.signature(command.handler).parameters.values()
    return [parameter for parameter in parameters if Here not in get_args(hints[parameter.name])[1:]]


def is_required(parameter: inspect.Parameter) -> bool:
    """Whether a command cannot do without it."""
    return parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL


def options_of(command: Command, parameter: inspect.Parameter) -> tuple[str, ...]:
    """How an option is typed; one that says yes or no may have a word for each."""
    for note in notes_on(command, parameter):
        if isinstance(note, Parameter) and note.name and note.negative:
            return (*note.name, *note.negative)
    return (f"--{parameter.name.replace('_', '-')}",)


def plain_type(command: Command, parameter: inspect.Parameter) -> object:
    """Its type without annotations and without None."""
    hint = get_type_hints(command.handler)[parameter.name]
    if get_origin(hint) in {Union, UnionType}:
        kinds = [kind for kind in get_args(hint) if kind is not NoneType]
        return kinds[0] if len(kinds) == 1 else hint
    return hint


def notes_on(command: Command, parameter: inspect.Parameter) -> list[object]:
    """What its annotation says besides the type, the innermost first."""
    return _notes(get_type_hints(command.handler, include_extras=True)[parameter.name])


def _notes(hint: object) -> list[object]:
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        return [*_notes(inner), *notes]
    if get_origin(hint) in {Union, UnionType}:
        return [note for kind in get_args(hint) for note in _notes(kind)]
    return []


def placeholder(command: Command, parameter: inspect.Parameter) -> str:
    """What stands for a value in the usage; nothing for a flag."""
    if plain_type(command, parameter) is bool:
        return ""
    for note in notes_on(command, parameter):
        if isinstance(note, str):
            return note
    if parameter.kind is parameter.VAR_POSITIONAL:
        return f"{parameter.name.upper()}…"
    return parameter.name.upper() if parameter.kind is not parameter.KEYWORD_ONLY else "TEXT"


def descriptions(command: Command) -> dict[str, str]:
    """What the docstring says of each parameter."""
    documented = parse_docstring(inspect.getdoc(command.handler) or "")
    return {parameter.arg_name: parameter.description or "" for parameter in documented.params}


def first_line(command: Command) -> str:
    """The first line of the docstring."""
    return (inspect.getdoc(command.handler) or "").partition("\n")[0]
