"""What a check of the bot's surroundings found, in plain values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["ok", "warning", "failed"]
Group = Literal["Settings", "Slack", "Quay", "Redis", "Processes"]
WORST_FIRST: Sequence[Status] = ("failed", "warning", "ok")


@dataclass(frozen=True)
class Result:
    """The outcome of one check."""

    status: Status
    found: str
    """What was found: one sentence or a few, one a line."""
    todo: str = ""
    """What to do about it; empty where nothing is wrong."""
    details: Mapping[str, str] = field(default_factory=dict)
    """What `--json` shows besides, by name."""


@dataclass(frozen=True)
class Finding:
    """A check and its outcome."""

    group: Group
    name: str
    result: Result

    def as_json(self) -> dict[str, object]:
        """The finding as plain data."""
        plain: dict[str, object] = {
            "group": self.group,
            "name": self.name,
            "status": self.result.status,
            "found": self.result.found,
            "todo": self.result.todo,
        }
        return plain | ({"details": dict(self.result.details)} if self.result.details else {})


def ok(found: str) -> Result:
    """Nothing is wrong."""
    return Result("ok", found)


def warning(found: str, todo: str = "") -> Result:
    """It works, and something should be looked at."""
    return Result("warning", found, todo)


def failed(found: str, todo: str) -> Result:
    """Something doesn't work."""
    return Result("failed", found, todo)


def combined(results: Iterable[Result], fine: str) -> Result:
    """One result for several things: the worst status, and what is wrong with each, worst first.

    `fine` is said where nothing is wrong with any of them.
    """
    wrong = worst_first(each for each in results if each.status != "ok")
    if not wrong:
        return ok(fine)
    todo = dict.fromkeys(each.todo for each in wrong if each.todo)
    return Result(wrong[0].status, "\n".join(each.found for each in wrong), "\n".join(todo))


def worst_first(results: Iterable[Result]) -> list[Result]:
    """Sort by status; equals keep their order."""
    return sorted(results, key=lambda each: WORST_FIRST.index(each.status))


def findings_worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Sort by status; equals keep their order."""
    return sorted(findings, key=lambda each: WORST_FIRST.index(each.result.status))
