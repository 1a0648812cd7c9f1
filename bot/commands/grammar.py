"""The grammar of every command, by cyclopts over the handlers' signatures; help and corrections come from it."""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from cyclopts import (
    App,
    CycloptsError,
    MissingArgumentError,
    Parameter,
    RepeatArgumentError,
    UnknownCommandError,
    UnusedCliTokensError,
)
from docstring_parser import parse as parse_docstring

from bot.commands.command import Command, CommandSet
from bot.commands.forms import Value, given_in
from bot.commands.parameters import descriptions, first_line, is_required, options_of, placeholder, typed_parameters
from bot.commands.reader import read

LONGEST = 500
"""The longest correction, in characters."""
_HELP_WORDS = frozenset({"--help", "-h", "help"})
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_UNIT = re.compile(r"(?:[KMGTPE]i?B|B)", re.IGNORECASE)
_HELP_OPTIONS = _HELP_WORDS - {"help"}


def _shortened(said: str) -> str:
    """A sentence that quotes a long text keeps its beginning, and its end with the usage."""
    return said if len(said) <= LONGEST else f"{said[:100]} … {said[-300:]}"


class Correction(Exception):
    """What was typed is no command; says shortly what was probably meant.

    Where one argument is at fault, `parameter` is its name and `said` the sentence about it alone.
    """

    def __init__(self, text: str, *, parameter: str | None = None, said: str = "") -> None:
        super().__init__(_shortened(text))
        self.parameter = parameter
        self.said = _shortened(said or text)


class Incomplete(Correction):
    """A command lacks something that it cannot do without; `given` is what was typed of it, as it was typed."""

    def __init__(self, text: str, command: Command, parameter: str, given: Mapping[str, Value]) -> None:
        super().__init__(text, parameter=parameter)
        self.command = command
        self.given = given


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
        return self.parse_words(read(text))

    def parse_words(self, words: Sequence[str]) -> Call | Help:
        """The same for a text that was read into words already."""
        if not words or words[0].lower() in _HELP_WORDS:
            return self.help(words[1:])
        if not _HELP_OPTIONS.isdisjoint(words) or self._is_noun(words):
            return self.help([word for word in words if word not in _HELP_OPTIONS])
        words = _with_whole_sizes(self._lowered(words))
        try:
            handler, bound, _ = self._app.parse_args(words, exit_on_error=False, print_error=False)
        except CycloptsError as error:
            raise self._correction(error, words) from None
        command = self._by_handler.get(handler)
        if command is None:
            return self.help(words)
        return Call(command, bound)

    def given(self, text: str) -> tuple[Command, Mapping[str, Value]]:
        """A command that can be called, and its arguments as they were typed. Raises Correction where it is none."""
        words = self._lowered(read(text))
        call = self.parse_words(words)
        if isinstance(call, Help):
            raise Correction(self._no_such(text))
        return call.command, given_in(call.command, words[len(call.command.path.split()) :])

    def help(self, words: Sequence[str] = ()) -> Help:
        """Help on what the words name; on everything when they name nothing. Raises Correction."""
        words = self._lowered([word for word in words if not word.startswith("--")])
        path = " ".join(words[:2])
        command = self.commands.get(path) or self.commands.get(words[0] if words else "")
        if command:
            return self._help_on(command)
        if not words:
            usages = tuple((self.usage(command), first_line(command)) for command in self.commands.values())
            return Help(self.slash, "What you can ask for. Changes are shown before they happen.", usages)
        for listed in self.sets:
            if listed.noun == words[0]:
                usages = tuple((self.usage(command), first_line(command)) for command in listed.commands)
                return Help(f"{self.slash} {listed.noun}", listed.summary, usages)
        raise Correction(self._no_such(path))

    def of_noun(self, noun: str) -> tuple[str, ...]:
        """The commands of a noun; none where it is no noun."""
        return tuple(path for path in self.commands if path.lower().startswith(f"{noun.lower()} "))

    def usage(self, command: Command) -> str:
        """How a command is typed: `/quay keys approve KID [--notes TEXT]`."""
        words = [f"{self.slash} {command.path}"]
        for parameter in typed_parameters(command):
            shown = placeholder(command, parameter)
            if parameter.kind is parameter.KEYWORD_ONLY:
                options = options_of(command, parameter)
                word = " | ".join(options) if shown == "" else f"{options[0]} {shown}"
            else:
                word = shown
            words.append(word if is_required(parameter) else f"[{word}]")
        return " ".join(words)

    def _is_noun(self, words: Sequence[str]) -> bool:
        return len(words) == 1 and any(listed.noun == words[0].lower() for listed in self.sets if listed.noun)

    def _lowered(self, words: Sequence[str]) -> list[str]:
        """Phones begin a sentence with a capital; the words of the grammar are small."""
        small = [word.lower() for word in words[:2]]
        if " ".join(small) in self.commands:
            return [*small, *words[2:]]
        names = {path.split()[0] for path in self.commands}
        return [*(small[:1] if small and small[0] in names else words[:1]), *words[1:]]

    def _help_on(self, command: Command) -> Help:
        documented = parse_docstring(inspect.getdoc(command.handler) or "")
        described = descriptions(command)
        parameters = tuple(
            (parameter.name.replace("_", "-"), described.get(parameter.name, ""))
            for parameter in typed_parameters(command)
        )
        summary = " ".join(filter(None, [documented.short_description, documented.long_description]))
        examples = tuple(f"{self.slash} {example}" for example in command.examples)
        return Help(f"{self.slash} {command.path}", summary, ((self.usage(command), ""),), parameters, examples)

    def _correction(self, error: CycloptsError, words: Sequence[str]) -> Correction:
        if isinstance(error, UnknownCommandError):
            return Correction(self._no_such(" ".join(words[:2])))
        command = self.commands.get(" ".join(error.command_chain or ()))
        usage = f" Usage: {self.usage(command)}" if command else " Try help."
        parameter = error.argument.field_info.name if error.argument is not None else None
        if isinstance(error, MissingArgumentError) and error.argument is not None and command:
            name = error.argument.names[0].lstrip("-") if error.argument.names else ""
            text = f"{name.upper()} is missing.{usage}"
            if not error.argument.field_info.required or parameter is None:
                return Correction(text, parameter=parameter)
            return Incomplete(text, command, parameter, given_in(command, words[len(command.path.split()) :]))
        if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
            return Correction(f"{' '.join(error.unused_tokens)!r} is too much.{usage}")
        if isinstance(error, RepeatArgumentError):
            return Correction(
                f"{error.token.keyword or 'One option'} is given twice, or together with its opposite.{usage}"
            )
        said = _sentence(str(error))
        own = _sentence(str(error.__cause__)) if isinstance(error.__cause__, ValueError) else said
        return Correction(f"{said}{usage}", parameter=parameter, said=own)

    def _no_such(self, typed: str) -> str:
        candidates = [*self.commands, *(listed.noun for listed in self.sets if listed.noun)]
        close = get_close_matches(typed.lower(), candidates, 1, 0.5)
        meant = f" Did you mean {self.slash} {close[0]}?" if close else f" {self.slash} help lists what there is."
        return f"There is no command {typed!r}.{meant}"


def _sentence(said: str) -> str:
    said = said.strip()
    return said if said.endswith((".", "?", "!")) else f"{said}."


def _with_whole_sizes(words: Sequence[str]) -> list[str]:
    """`100 GiB`, as the bot itself writes sizes, is one word."""
    joined: list[str] = []
    for word in words:
        if joined and _NUMBER.fullmatch(joined[-1]) and _UNIT.fullmatch(word):
            joined[-1] += word
        else:
            joined.append(word)
    return joined
