"""What a person is shown before a change, and what is found after it: plain values, no markup."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

Argument = str | int | bool | None


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Moment(_Frozen):
    """A point in time that each reader sees in their own zone."""

    at: datetime


Value = str | Moment


class Line(_Frozen):
    """One fact of a plan: what it is, and what it becomes if it changes."""

    label: str
    now: Value
    after: Value | None = None
    while_live: bool = False
    """Whether it is of interest only as long as the change can still happen."""


class Plan(_Frozen):
    """The state now → the state after, and what follows from it."""

    title: str
    """What will be done, as an imperative: `Approve the key 4f2a… of quay_builder`."""
    target: str
    """The thing that changes; two pending changes of the same target know of each other."""
    lines: tuple[Line, ...] = ()
    consequences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    """What nobody may overlook who agrees: shown first, with the strongest mark."""


class Observation(_Frozen):
    """The registry as it was looked at for one change."""

    operation: str
    """Which operation the state asks for."""
    calls: tuple[str, ...] = ()
    """The operations of its writes, in order, where those are others than the one, or more."""
    rests_on: Mapping[str, Argument]
    """What must still be so when the change is executed; never figures that move by themselves. What permission rules
    may ask of it ends in `_now`."""
    plan: Plan

    @property
    def also(self) -> tuple[str, ...]:
        """The other operations that the change takes; rules have to allow them as well."""
        return tuple(dict.fromkeys(each for each in self.calls if each != self.operation))

    @property
    def facts(self) -> dict[str, Argument]:
        """The facts that permission rules may ask for; the digest binds them with the rest."""
        return {name: value for name, value in self.rests_on.items() if name.endswith("_now")}

    def digest(self, arguments: Mapping[str, Argument]) -> str:
        """Bind operation, arguments and the state that was shown into one value."""
        basis = [self.operation, dict(arguments), dict(self.rests_on)]
        canonical = json.dumps(basis, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


class Outcome(StrEnum):
    """How a change ended; unknown when the call was sent and nobody can tell."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Verification(_Frozen):
    """What reading back said: the outcome, and one or two sentences of what is so now."""

    outcome: Literal[Outcome.DONE, Outcome.FAILED, Outcome.UNKNOWN]
    sentence: str


class Refusal(Exception):
    """The registry's state makes the change impossible or pointless; says so in a sentence. Nothing was sent."""
