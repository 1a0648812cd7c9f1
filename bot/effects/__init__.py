"""What each changing command does to the registry: look, plan, act, check.

An effect never decides whether it may happen. Only `bot.changes` lets one act.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.plans import Argument, Finding, Sight
from bot.quay.client import Quay

Arguments = Mapping[str, Argument]


@dataclass(frozen=True)
class Stamp:
    """Who stands behind a change, for Quay's own record where it has a place for it."""

    change_id: str
    approved_by: str
    requested_by: str


class Effect(Protocol):
    """One changing command."""

    @property
    def command(self) -> str:
        """What people type for it."""
        ...

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """Every operation that the command may come to with these arguments."""
        ...

    async def look(self, quay: Quay, arguments: Arguments, now: datetime) -> Sight:
        """Fetch the present state and work out the plan.

        Raises Refusal when the state makes the change impossible or pointless, QuayError when Quay does not say.
        """
        ...

    async def act(self, quay: Quay, arguments: Arguments, sight: Sight, stamp: Stamp) -> None:
        """Send the one write of the change, once. Raises QuayError."""
        ...

    async def check(self, quay: Quay, arguments: Arguments, sight: Sight, stamp: Stamp) -> Finding:
        """Read back what Quay says now, and tell whether it is what was wanted. Raises QuayError."""
        ...


def by_command(effects: Iterable[Effect]) -> Mapping[str, Effect]:
    """Index effects by their command."""
    return {effect.command: effect for effect in effects}
