"""The grammar of every command, by cyclopts over the handlers' signatures; help and corrections come from it."""

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args, get_origin, get_type_hints

from cyclopts import (
    App,
    CycloptsError,
    MissingArgumentError,
    Parameter,
    UnknownCommandError,
    UnusedCliTokensError,
)
from docstring_parser import parse as parse_docstring

from bot.commands.command import Command, CommandSet, Here
from bot.commands.reader import read

_HELP_WORDS = frozenset({"--help", "-h", "help"})
_HELP_OPTIONS = _HELP_WORDS - {"help"}


class Correction(Exception):
    """What was typed is no command; says shortly what was probably meant."""


@dataclass(frozen=True)
class Call:
    """A command with its arguments as typed values."""

    command: Command
    bound: inspect.BoundArguments

    @property
    def arguments(self) -> dict[str, Any]:
        """What was typed, by the parameters' names."""
        return dict(self.bound.arguments)


@dataclass(frozen=True)
class Help:
    """Help on one command, one noun, or everything, as plain text for a view."""

    title: str
    summary: str
    usages: tuple[tuple[str, str], ...]
    """Each command's usage and first line."""
    parameters: tuple[tuple[str, str], ...] = ()
    examples: tuple[str, ...] = ()


class Grammar:
    """All commands under one slash command."""

    def __init__(self, slash: str, sets: Iterable[CommandSet]) -> None:
        self.slash = slash
        self.sets = tuple(sets)
        self.commands = {command.path: command for listed in self.sets for command in listed.commands}
        self._by_handler = {command.handler: command for command in self.commands.values()}
        self._app = App(
            name=slash,
            help_flags=[],
            version_flags=[],
            default_parameter=Parameter(negative=(), allow_leading_hyphen=False),
        )
        for listed in self.sets:
            parent = self._app
            if listed.noun:
                parent = App(name=listed.noun, help=listed.summary)
                self._app.command(parent)
            for command in listed.commands:
                parent.command(command.handler, name=command.path.rpartition(" ")[2])

    def parse(self, text: str) -> Call | Help:
        """Read what was typed. Raises Correction; never anything else."""
        words = read(text)
        if not words or words[0].lower() in _HELP_WORDS:
            return self.help(words[1:])
        if not _HELP_OPTIONS.isdisjoint(words) or self._is_noun(words):
            return self.help([word for word in words if word not in _HELP_OPTIONS])
        words = self._lowered(words)
        try:
            handler, bound, _ = self._app.parse_args(words, exit_on_error=False, print_error=False)
        except CycloptsError as error:
            raise Correction(self._correction(error, words)) from None
        command = self._by_handler.get(handler)
        if command is None:
            return self.help(words)
        return Call(command, bound)

    def help(self, words: Sequence[str] = ()) -> Help:
        """Help on what the words name; on everything when they name nothing. Raises Correction."""
        words = self._lowered([word for word in words if not word.startswith("--")])
        path = " ".join(words[:2])
        command = self.commands.get(path) or self.commands.get(words[0] if words else "")
        if command:
            return self._help_on(command)
        if not words:
            usages = tuple((self.usage(command), _first_line(command)) for command in self.commands.values())
            return Help(self.slash, "What you can ask for. Changes are shown before they happen.", usages)
        for listed in self.sets:
            if listed.noun == words[0]:
                usages = tuple((self.usage(command), _first_line(command)) for command in listed.commands)
                return Help(f"{self.slash} {listed.noun}", listed.summary, usages)
        raise Correction(self._no_such(path))

    def usage(self, command: Command) -> str:
        """How a command is typed: `/quay keys approve KID [--notes TEXT]`."""
        words = [f"{self.slash} {command.path}"]
        for parameter in _typed(command):
            shown = _placeholder(command, parameter)
            optional = parameter.default is not parameter.empty or parameter.kind is parameter.VAR_POSITIONAL
            if parameter.kind is parameter.KEYWORD_ONLY:
                option = f"--{parameter.name.replace('_', '-')}"
                word = option if shown == "" else f"{option} {shown}"
            else:
                word = shown
            words.append(f"[{word}]" if optional else word)
        return " ".join(words)

    def _is_noun(self, words: Sequence[str]) -> bool:
        return len(words) == 1 and any(listed.noun == words[0].lower() for listed in self.sets if listed.noun)

    def _lowered(self, words: Sequence[str]) -> list[str]:
        """Phones begin a sentence with a capital; the words of the grammar are small."""
        names = {word for path in self.commands for word in path.split()}
        return [word.lower() if index < 2 and word.lower() in names else word for index, word in enumerate(words)]

    def _help_on(self, command: Command) -> Help:
        documented = parse_docstring(inspect.getdoc(command.handler) or "")
        described = {parameter.arg_name: parameter.description or "" for parameter in documented.params}
        parameters = tuple(
            (parameter.name.replace("_", "-"), described.get(parameter.name, "")) for parameter in _typed(command)
        )
        summary = " ".join(filter(None, [documented.short_description, documented.long_description]))
        examples = tuple(f"{self.slash} {example}" for example in command.examples)
        return Help(f"{self.slash} {command.path}", summary, ((self.usage(command), ""),), parameters, examples)

    def _correction(self, error: CycloptsError, words: Sequence[str]) -> str:
        if isinstance(error, UnknownCommandError):
            return self._no_such(" ".join(words[:2]))
        command = self.commands.get(" ".join(error.command_chain or ()))
        usage = f" Usage: {self.usage(command)}" if command else " Try help."
        if isinstance(error, MissingArgumentError) and error.argument is not None and command:
            name = error.argument.names[0].lstrip("-") if error.argument.names else ""
            return f"{name.upper()} is missing.{usage}"
        if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
            return f"{' '.join(error.unused_tokens)!r} is too much.{usage}"
        said = str(error).strip()
        return f"{said}{'' if said.endswith(('.', '?', '!')) else '.'}{usage}"

    def _no_such(self, typed: str) -> str:
        candidates = [*self.commands, *(listed.noun for listed in self.sets if listed.noun)]
        close = get_close_matches(typed.lower(), candidates, 1, 0.5)
        meant = f" Did you mean {self.slash} {close[0]}?" if close else f" {self.slash} help lists what there is."
        return f"There is no command {typed!r}.{meant}"


def _typed(command: Command) -> list[inspect.Parameter]:
    hints = get_type_hints(command.handler, include_extras=True)
    parameters = inspect.signature(command.handler).parameters.values()
    return [parameter for parameter in parameters if Here not in get_args(hints[parameter.name])[1:]]


def _placeholder(command: Command, parameter: inspect.Parameter) -> str:
    """What stands for an option's value; nothing for a flag."""
    hint = get_type_hints(command.handler)[parameter.name]
    if hint is bool:
        return ""
    annotated = get_type_hints(command.handler, include_extras=True)[parameter.name]
    for inner in (annotated, *get_args(annotated)):
        for note in get_args(inner)[1:] if get_origin(inner) is not None else ():
            if isinstance(note, str):
                return note
    if parameter.kind is parameter.VAR_POSITIONAL:
        return f"{parameter.name.upper()}…"
    return parameter.name.upper() if parameter.kind is not parameter.KEYWORD_ONLY else "TEXT"


def _first_line(command: Command) -> str:
    return (inspect.getdoc(command.handler) or "").partition("\n")[0]
