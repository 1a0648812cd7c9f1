"""Forms from the same signatures as the grammar: what is asked for, and how what was entered is typed."""

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Literal, get_args, get_origin

from bot.commands.command import Command
from bot.commands.parameters import (
    Suggest,
    descriptions,
    first_line,
    is_required,
    notes_on,
    options_of,
    placeholder,
    plain_type,
    typed_parameters,
)

Kind = Literal["text", "lines", "email", "date", "choice", "switch", "flag", "search"]
"""`lines` holds several values, one a line; `switch` chooses between an option and its opposite."""
Value = str | bool | tuple[str, ...]
"""What was entered or typed, before it is converted: a flag is True, a field of kind `lines` is a tuple."""

MOST_CHOICES = 100
"""Slack's limit of a menu."""
_WHAT_TO_TYPE = {"SIZE": "100GiB", "DATE": "2026-12-31", "TEXT": "", "NAME": "", "EMAIL": "kim@example.com"}
_LABELS = {"kid": "Key"}
_SAFE = re.compile(r"[A-Za-z0-9_.:+/@,=-]+")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "“": "&ldquo;", "”": "&rdquo;"})


@dataclass(frozen=True)
class Field:
    """One argument as a form asks for it."""

    name: str
    """The parameter's name."""
    kind: Kind
    label: str
    hint: str
    required: bool
    options: tuple[str, ...] = ()
    """How it is typed by name."""
    positional: bool = False
    example: str = ""
    choices: tuple[str, ...] = ()
    source: Suggest = Suggest.NOTHING


@dataclass(frozen=True)
class Form:
    """What a command asks for."""

    path: str
    summary: str
    fields: tuple[Field, ...]

    @property
    def needed(self) -> bool:
        """Whether the command cannot do without something."""
        return any(field.required for field in self.fields)


@cache
def form_of(command: Command) -> Form:
    """The form of a command."""
    described = descriptions(command)
    fields = tuple(_field(command, parameter, described) for parameter in typed_parameters(command))
    return Form(command.path, first_line(command), fields)


def _field(command: Command, parameter: inspect.Parameter, described: Mapping[str, str]) -> Field:
    options = options_of(command, parameter)
    kind, choices = _kind(command, parameter, options)
    words = _LABELS.get(parameter.name, parameter.name.replace("_", " "))
    noted = placeholder(command, parameter)
    return Field(
        name=parameter.name,
        kind=kind,
        label=words[:1].upper() + words[1:],
        hint=described.get(parameter.name, ""),
        required=is_required(parameter),
        options=options,
        positional=parameter.kind is not parameter.KEYWORD_ONLY,
        example=_example(noted),
        choices=choices,
        source=_source(command, parameter),
    )


def _kind(command: Command, parameter: inspect.Parameter, options: tuple[str, ...]) -> tuple[Kind, tuple[str, ...]]:
    kind = plain_type(command, parameter)
    if kind is bool:
        return ("flag", ()) if len(options) == 1 else ("switch", options)
    if get_origin(kind) in {tuple, list} or parameter.kind is parameter.VAR_POSITIONAL:
        return "lines", ()
    if get_origin(kind) is Literal and len(get_args(kind)) <= MOST_CHOICES:
        return "choice", tuple(map(str, get_args(kind)))
    if kind in {date, datetime}:
        return "date", ()
    if _source(command, parameter) is not Suggest.NOTHING:
        return "search", ()
    return ("email" if placeholder(command, parameter) == "EMAIL" else "text"), ()


def _source(command: Command, parameter: inspect.Parameter) -> Suggest:
    marks = [note for note in notes_on(command, parameter) if isinstance(note, Suggest)]
    return marks[-1] if marks else Suggest.NOTHING


def _example(noted: str) -> str:
    """What stands greyed in an empty field: `90d or never`."""
    words = [_WHAT_TO_TYPE.get(word, word) for word in noted.split("|")]
    return "" if len(words) == 1 and words[0].isupper() and "=" not in noted else " or ".join(filter(None, words))


def render(command: Command, values: Mapping[str, Value]) -> str:
    """The text that somebody would type who wants these values. Empty ones are left out."""
    words = command.path.split()
    by_name = False
    for field in form_of(command).fields:
        value = values.get(field.name)
        if value in (None, "", False, ()):
            by_name = by_name or field.positional
            continue
        option = field.options[0]
        if field.kind in {"flag", "switch"}:
            words.append(str(value) if field.kind == "switch" else option)
        elif isinstance(value, tuple):
            words += [quoted(each) if field.positional else f"{option}={quoted(each)}" for each in value]
        else:
            by_name = by_name or str(value).startswith("-")
            spelt = quoted(str(value))
            words.append(f"{option}={spelt}" if by_name or not field.positional else spelt)
    return " ".join(words)


def quoted(word: str) -> str:
    """A word as the reader reads it back, whatever is in it."""
    return word if _SAFE.fullmatch(word) else f'"{word.translate(_ENTITIES)}"'


def given_in(command: Command, words: Sequence[str]) -> dict[str, Value]:
    """What the words after a command's name give, by the parameters' names, as it was typed."""
    fields = form_of(command).fields
    by_option = {option: field for field in fields for option in field.options}
    given: dict[str, Value] = {}
    positional = [field for field in fields if field.positional]
    rest = list(words)
    while rest:
        word = rest.pop(0)
        option, equals, value = word.partition("=")
        field = by_option.get(option) if option.startswith("--") else None
        if field is None:
            free = [field for field in positional if field.name not in given or field.kind == "lines"]
            if not free:
                break
            field, value = free[0], word
        elif field.kind in {"flag", "switch"}:
            value = option
        elif not equals:
            value = rest.pop(0) if rest else ""
        given[field.name] = _typed(field, value, given.get(field.name, ()))
    return given


def _typed(field: Field, value: str, before: Value) -> Value:
    if field.kind == "flag":
        return True
    if field.kind == "lines":
        return (*(before if isinstance(before, tuple) else ()), value)
    return value
