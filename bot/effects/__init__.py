"""What each changing command does to the registry: look, plan, act, check.

An effect never decides whether it may happen. Only `bot.changes` lets one act.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from pydantic import SecretStr

from bot.model.plans import Argument, Observation, Verification
from bot.quay.client import Quay
from bot.quay.errors import Invalid, QuayError

Arguments = Mapping[str, Argument]
Note = Callable[[str], Awaitable[None]]
"""Notes, before it is sent, that one more write of a change follows; takes the operation."""


@dataclass(frozen=True)
class Stamp:
    """Who stands behind a change, for Quay's own record where it has a place for it."""

    change_id: str
    approved_by: str
    requested_by: str


@dataclass(frozen=True)
class Secret:
    """What a change brought forth that its requester alone may see, once."""

    label: str
    """What it is: `the password of kim`."""
    way_out: str
    """The command that helps when nobody ever saw it: `users update kim --reset-password`."""
    value: SecretStr


class Effect(Protocol):
    """One changing command."""

    @property
    def command(self) -> str:
        """What people type for it."""
        ...

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """Every operation that the command may come to with these arguments."""
        ...

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Fetch the present state and work out the plan.

        Raises Refusal when the state makes the change impossible or pointless, QuayError when Quay does not say.
        """
        ...

    async def apply(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, note: Note
    ) -> Secret | None:
        """Send the write of the change, once; a change that takes several notes each that follows the first.

        Raises QuayError, whose `may_have_happened` also stands for "in part".
        """
        ...

    async def verify(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, *, secret_kept: bool
    ) -> Verification:
        """Read back what Quay says now, and tell whether it is what was wanted. Raises QuayError.

        `secret_kept` says whether what the change brought forth for its requester alone came with Quay's answer; where
        the bot could not keep it after that, whoever calls this adds that it is lost.
        """
        ...


@runtime_checkable
class Forewarns(Protocol):
    """An effect that looks around at much before its plan is shown, and not again before the call."""

    async def forewarn(
        self, quay: Quay, arguments: Arguments, observation: Observation, now: datetime
    ) -> tuple[str, ...]:
        """Find what else the plan is to warn of; what changes until the call, Quay refuses or takes.

        What must not be sent even if it turns up only then, `plan` refuses: it runs again before the call.

        Raises Refusal for what Quay would refuse now, QuayError when Quay does not say.
        """
        ...


class OutcomeUnknown(QuayError):
    """A refusal after a write of the same change that Quay took, and whose effect it does not show."""

    def __init__(self, refused: QuayError) -> None:
        super().__init__(
            f"Quay took the documented write. Another way to the same was refused: {refused.message}",
            operation=refused.operation,
            status=refused.status,
            may_have_happened=True,
        )


@contextmanager
def in_part(kind: type[QuayError] = Invalid) -> Iterator[None]:
    """An error of this kind in here leaves open what was done before it: reading back tells."""
    try:
        yield
    except kind as error:
        error.may_have_happened = True
        raise


def by_command(effects: Iterable[Effect]) -> Mapping[str, Effect]:
    """Index effects by their command."""
    return {effect.command: effect for effect in effects}
