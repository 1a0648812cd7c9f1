"""A command is one typed function: its signature is the grammar, its docstring is the help."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cyclopts import Parameter

from bot.permissions.names import OwnName

Here = Parameter(parse=False)
"""Marks the parameter that is handed in by the bot, not typed: `here: Annotated[Context, Here]`."""

Handler = Callable[..., Awaitable[Any]]
Handling = TypeVar("Handling", bound=Handler)
Which = Callable[[dict[str, Any]], tuple[str, ...]]


@dataclass(frozen=True)
class Command:
    """One thing that people type.

    `operations` are those it may come to; permission, audit and error text follow from them. A command without
    any is the bot's own: for those to whom a rule gives its `permission`, or for everyone who may use the bot at
    all where it names none.
    """

    path: str
    handler: Handler
    operations: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    which: Which | None = None
    for_approvers: bool = False
    """Whether those who could approve it may use it without a `may`: a service has asked, not they."""
    permission: OwnName | None = None
    among_keys: bool = False
    """Whether it shows the key that is named beside the others, which are fetched at the same time."""

    @property
    def permissions(self) -> tuple[str, ...]:
        """The names that rules must allow: of its operations, or its own; none, where everyone may use it."""
        return (self.permission,) if self.permission else self.operations

    def permissions_for(self, arguments: dict[str, Any]) -> tuple[str, ...]:
        """Those that these arguments leave possible."""
        return self.which(arguments) if self.which else self.permissions


@dataclass
class CommandSet:
    """The commands of one noun, in the order in which help lists them."""

    noun: str
    summary: str
    commands: list[Command] = field(default_factory=list)

    def command(
        self,
        name: str,
        *operations: str,
        examples: tuple[str, ...] = (),
        which: Which | None = None,
        for_approvers: bool = False,
        permission: OwnName | None = None,
        among_keys: bool = False,
    ) -> Callable[[Handling], Handling]:
        """Add a function as the command `NOUN NAME` (or `NAME` alone where the noun is empty)."""

        def add(handler: Handling) -> Handling:
            path = f"{self.noun} {name}".strip()
            command = Command(path, handler, operations, examples, which, for_approvers, permission, among_keys)
            self.commands.append(command)
            return handler

        return add
