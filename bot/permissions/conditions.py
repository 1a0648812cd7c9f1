"""What a rule asks of arguments under `where`: names by globs, sizes by bounds."""

from collections.abc import Mapping
from decimal import Decimal
from fnmatch import translate
from functools import lru_cache
from re import Pattern, compile, fullmatch
from re import split as re_split
from typing import Annotated, TypeGuard

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from bot.model.units import parse_size

SIZES = frozenset({"limit"})
"""The arguments that are sizes, for bounds; all others are names, for globs."""

ENFORCEMENT = "enforcement"
"""What a change makes of what Quay does with pushes. Nobody types it: only the plan tells."""
NOT_WEAKER = "not_weaker"
WEAKER = "weaker"
"""What the fact `enforcement_now` says of a change; None where it cannot be told."""

Argument = str | int | bool | None
Arguments = Mapping[str, Argument]


SUPPOSED = {"limit": "80GiB", ENFORCEMENT: NOT_WEAKER}
"""What somebody may suppose to be so who asks offline, for each argument of which rules may ask the state."""


def fact(argument: str) -> str:
    """The name under which rules find what an argument would replace: `limit_now`.

    Only a look at the registry tells it: missing before that, None where there is nothing to be replaced.
    """
    return f"{argument}_now"


def scalar(value: object) -> str:
    """A single value as it was written. Raises ValueError for a list or a mapping, however much is in it."""
    if not isinstance(value, str | int | float):
        raise ValueError("should be a single value, such as a text")
    return str(value)


def _size(value: object) -> object:
    return parse_size(scalar(value))


def _percent(value: object) -> Decimal:
    found = fullmatch(r"(\d{1,4}(?:\.\d{1,2})?)\s*%", scalar(value))
    if found is None:
        raise ValueError(f"{scalar(value)!r} is not a percentage, such as 20%")
    return Decimal(found[1])


def _texts(value: object) -> object:
    """One pattern for a list of one; yes and no as people write them in YAML."""
    listed = value if isinstance(value, list) else [value] if isinstance(value, str | bool) else value
    return [_text(each) for each in listed] if isinstance(listed, list) else listed


def _text(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


_PATTERN = {"type": ["string", "boolean"]}
Size = Annotated[
    int, BeforeValidator(_size), WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*[KMGTPE]?i?B$"})
]
Percent = Annotated[
    Decimal, BeforeValidator(_percent), WithJsonSchema({"type": "string", "pattern": r"^\d{1,4}(\.\d{1,2})?\s*%$"})
]
Patterns = Annotated[
    tuple[str, ...],
    BeforeValidator(_texts),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_PATTERN, {"type": "array", "items": _PATTERN, "minItems": 1}]}),
]


class Bounds(BaseModel):
    """Bounds on a size; each that is given must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max: Annotated[Size | None, Field(description="The largest size, such as 500GiB.")] = None
    min: Annotated[Size | None, Field(description="The smallest size, such as 1GiB.")] = None
    max_increase: Annotated[
        Percent | None,
        Field(
            description="By how much it may exceed what is there now, such as 20%. Never holds where nothing is there."
        ),
    ] = None

    @model_validator(mode="after")
    def _some(self) -> "Bounds":
        if self.max is None and self.min is None and self.max_increase is None:
            raise ValueError("give max, min or max_increase")
        return self

    @property
    def without_state(self) -> "Bounds | None":
        """What can be told before a look at the registry; None where that is nothing."""
        if self.max is None and self.min is None:
            return None
        return self.model_copy(update={"max_increase": None})

    def holds(self, value: Argument, now: Argument) -> bool:
        """Whether a size in bytes is within the bounds, where `now` is there at present; nothing else is."""
        if not _is_size(value) or (self.max is not None and value > self.max):
            return False
        if self.min is not None and value < self.min:
            return False
        if self.max_increase is None:
            return True
        return _is_size(now) and (value - now) * 100 <= self.max_increase * now


def _is_size(value: Argument) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


Condition = Bounds | Patterns
Where = dict[str, Condition]


def asks_for_state(where: Where) -> bool:
    """Whether only a look at the registry tells if the conditions hold."""
    return ENFORCEMENT in where or any(
        isinstance(condition, Bounds) and condition.max_increase is not None for condition in where.values()
    )


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> Pattern[str]:
    return compile(translate(pattern))


def matches_pattern(pattern: str, value: Argument) -> bool:
    """Whether a name fits a glob. `*` never reaches a user's own namespace unless the pattern says `user:`."""
    if value is None:
        return False
    text = str(_text(value))
    if text.startswith("user:") and not pattern.startswith("user:"):
        return False
    return _glob(pattern).match(text) is not None


def covers(wide: Where, narrow: Where) -> bool:
    """Whether whatever fits the narrow conditions is known to fit the wide ones."""
    return all(name in narrow and _covers(condition, narrow[name]) for name, condition in wide.items())


def _covers(wide: Condition, narrow: Condition) -> bool:
    if isinstance(wide, Bounds) and isinstance(narrow, Bounds):
        at_most = [(wide.max, narrow.max), (wide.max_increase, narrow.max_increase)]
        return all(mine is None or (its is not None and its <= mine) for mine, its in at_most) and (
            wide.min is None or (narrow.min is not None and narrow.min >= wide.min)
        )
    if isinstance(wide, Bounds) or isinstance(narrow, Bounds):
        return False
    return all(any(_pattern_covers(mine, its) for mine in wide) for its in narrow)


def _pattern_covers(wide: str, narrow: str) -> bool:
    """Literally the same, or a beginning with `*` behind it that the other begins with as well."""
    beginning = wide.removesuffix("*")
    plain = wide.endswith("*") and not set(beginning) & set("*?[")
    of_users = narrow.startswith("user:") == wide.startswith("user:")
    return wide == narrow or (plain and of_users and narrow.startswith(beginning))


def are_apart(one: Where, other: Where) -> bool:
    """Whether nothing is known to fit both."""
    return any(name in other and _are_apart(condition, other[name]) for name, condition in one.items())


def _are_apart(one: Condition, other: Condition) -> bool:
    if isinstance(one, Bounds) and isinstance(other, Bounds):
        return _is_below(one, other) or _is_below(other, one)
    if isinstance(one, Bounds) or isinstance(other, Bounds):
        return False
    return all(_begin_apart(mine, its) for mine in one for its in other)


def _is_below(low: Bounds, high: Bounds) -> bool:
    return low.max is not None and high.min is not None and low.max < high.min


def _begin_apart(one: str, other: str) -> bool:
    """Whether what stands before the first `*`, `?` or `[` differs already, or the whole of two plain names."""
    first, second = (re_split(r"[*?[]", pattern, maxsplit=1)[0] for pattern in (one, other))
    if first == one and second == other:
        return one != other
    return not (first.startswith(second) or second.startswith(first))
