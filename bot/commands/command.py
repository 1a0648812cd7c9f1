"""A command is one typed function: its signature is the grammar, its docstring is the help."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cyclopts import Parameter

Here = Parameter(parse=False)
"""Marks the parameter that is handed in by the bot, not typed: `here: Annotated[Context, Here]`."""

Handler = Callable[..., Awaitable[Any]]
Handling = TypeVar("Handling", bound=Handler)
Which = Callable[[dict[str, Any]], tuple[str, ...]]


@dataclass(frozen=True)
class Command:
    """One thing that people type.

    `operations` are those it may come to; permission, audit and error text follow from them. A command without
    any is the bot's own, for everyone who may use the bot at all.
    """

    path: str
    handler: Handler
    operations: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    which: Which | None = None
    for_approvers: bool = False
    """Whether those who could approve it may use it without a `may`: a service has asked, not they."""

    def operations_for(self, arguments: dict[str, Any]) -> tuple[str, ...]:
        """The operations that these arguments leave possible."""
        return self.which(arguments) if self.which else self.operations


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
    ) -> Callable[[Handling], Handling]:
        """Add a function as the command `NOUN NAME` (or `NAME` alone where the noun is empty)."""

        def add(handler: Handling) -> Handling:
            path = f"{self.noun} {name}".strip()
            self.commands.append(Command(path, handler, operations, examples, which, for_approvers))
            return handler

        return add
