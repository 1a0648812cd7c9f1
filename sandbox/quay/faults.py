"""What can go wrong between a client and Quay, on demand; `gateway` makes it happen."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeVar, get_args

from sandbox.quay.nicknames import NICKNAMES

FailureKind = Literal[
    "500", "502", "503", "504", "429", "html", "foreign", "closed", "reset",
    "cut", "garbled",
    "readonly", "unauthorized", "forbidden",
]  # fmt: skip
StuckKind = Literal["repeat", "alternate"]

_SPOILED = ("cut", "garbled")
_REFUSED = ("readonly", "unauthorized", "forbidden")


@dataclass(kw_only=True)
class Fault:
    """Which requests a fault concerns, and how many of them: `remaining`, or None until it is cleared.

    It lets the first `skip` of them through, so that it may come between two requests of one change. `operation`
    is an operationId. In `path`, `*` or a word in braces stands for one part, `**` for any number. What is empty
    matches everything. Raises ValueError for an operation that nobody knows.
    """

    operation: str = ""
    method: str = ""
    path: str = ""
    remaining: int | None = None
    skip: int = 0

    def __post_init__(self) -> None:
        if self.operation and self.operation not in NICKNAMES:
            raise ValueError(f"there is no operation {self.operation!r}")

    def concerns(self, method: str, path: str) -> bool:
        """Whether it still has something to do with such a request."""
        wanted = [(self.method, self.path)]
        if self.operation:
            wanted.append(NICKNAMES[self.operation])
        return self.remaining != 0 and all(each in ("", method) and _fits(path, pattern) for each, pattern in wanted)

    def use(self) -> None:
        """Count one request that it was applied to."""
        if self.remaining:
            self.remaining -= 1


@dataclass
class Failure(Fault):
    """What a client gets instead of Quay's answer. Alone, it concerns the next request.

    - `500` is Quay's own crash; `502`, `503`, `504` and `429` are a gateway's pages, `html` is a page with status 200,
      as of a proxy that wants a login, `foreign` is JSON of another service. `closed` hangs up without an answer,
      `reset` does so rudely. With these, nothing has happened, or everything has (`after_effect`), or it happens
      `late_seconds` after the answer by the registry's clock.
    - `cut` breaks off in the middle of Quay's answer, `garbled` is a third of it short, but complete as HTTP has it:
      what was asked for has happened.
    - `readonly` is a write in read-only mode, `unauthorized` a token that Quay does not know, `forbidden` one that
      may not do this: nothing happens.
    """

    kind: FailureKind
    remaining: int | None = field(default=1, kw_only=True)
    after_effect: bool = False
    late_seconds: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _must_be_one_of("a failure's kind", self.kind, FailureKind)
        if self.kind in _REFUSED + _SPOILED and (self.after_effect or self.late_seconds is not None):
            raise ValueError(f"when a {self.kind} failure takes effect cannot be chosen")
        if self.late_seconds is not None and (self.after_effect or self.late_seconds < 0):
            raise ValueError("a failure is either after the effect or so many seconds before it")

    def concerns(self, method: str, path: str) -> bool:
        return super().concerns(method, path) and not (self.kind == "readonly" and method in ("GET", "HEAD"))

    @property
    def spoils(self) -> bool:
        """Whether the client gets a part of Quay's answer."""
        return self.kind in _SPOILED


@dataclass
class Slow(Fault):
    """Each request takes `seconds` more, before its work or, with `after_effect`, between its work and its answer."""

    seconds: float
    after_effect: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.seconds <= 120:
            raise ValueError("seconds is from 0 to 120")


@dataclass
class StuckPages(Fault):
    """Lists do not advance, since page tokens are of another pod of Quay, which this one cannot read.

    `repeat`: every page is the first one, with a fresh token. `alternate`: first page, second, first, second, as
    from two pods in turn. `remaining` counts the tokens that are not read.
    """

    kind: StuckKind = "repeat"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._followed: dict[str, int] = {}
        _must_be_one_of("the kind of stuck pages", self.kind, StuckKind)

    def loses(self, path: str, *, token_given: bool) -> bool:
        """Whether the page token of such a request is not read."""
        followed = self._followed[path] = self._followed.get(path, 0) + 1 if token_given else 0
        return token_given and (self.kind == "repeat" or followed % 2 == 0)


@dataclass
class OddEntries(Fault):
    """Entries of an answer in which a field is not what it should be: null, or `value`, or `missing` altogether.

    `field` is a name or several with dots between (`performer.is_robot`), through lists too. Chosen are the entries
    with these `names` (usernames, key ids, kinds…), or else each `every`th, from the first on.
    """

    field: str
    value: Any = None
    missing: bool = False
    names: tuple[str, ...] = ()
    every: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.field or self.every < 1:
            raise ValueError("odd entries need a field, and every is at least 1")


@dataclass(frozen=True)
class RateLimit:
    """What nginx lets through from one address: so many requests a second, and `burst` more at once."""

    per_second: float = 5.0
    burst: int = 25


FaultT = TypeVar("FaultT", bound=Fault)
_LISTS: Mapping[str, type[Fault]] = {
    "failures": Failure,
    "slow": Slow,
    "stuck_pages": StuckPages,
    "odd_entries": OddEntries,
}


@dataclass
class Faults:
    """The switches: a delay for every request, what befalls some of them, tokens that are no longer good."""

    delay_seconds: float = 0.0
    revoked_tokens: set[str] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    slow: list[Slow] = field(default_factory=list)
    stuck_pages: list[StuckPages] = field(default_factory=list)
    odd_entries: list[OddEntries] = field(default_factory=list)
    rate_limit: RateLimit | None = None

    @classmethod
    def from_json(cls, wish: Mapping[str, Any]) -> "Faults":
        """Read what the sandbox's door was asked for. Raises ValueError, TypeError or AttributeError."""
        values = dict(wish)
        for name, kind in _LISTS.items():
            values[name] = [kind(**each) for each in values.get(name, ())]
        values["revoked_tokens"] = set(values.get("revoked_tokens", ()))
        limit = values.pop("rate_limit", None)
        return cls(**values, rate_limit=None if limit is None else RateLimit(**limit))

    def become(self, other: "Faults") -> None:
        """Replace all of these faults."""
        vars(self).update(vars(other))

    def failure(self, method: str, path: str) -> Failure | None:
        """The failure that a request meets, the first that concerns it; counted as used."""
        return next(iter(_used(self.failures, _met(self.failures, method, path)[:1])), None)

    def delays(self, method: str, path: str) -> tuple[float, float]:
        """How many seconds pass before a request's work and after it; counted as used."""
        found = _used(self.slow, _met(self.slow, method, path))
        before = sum(each.seconds for each in found if not each.after_effect)
        return self.delay_seconds + before, sum(each.seconds for each in found if each.after_effect)

    def loses_page(self, method: str, path: str, *, token_given: bool) -> bool:
        """Whether a request's page token is not read; counted as used if it is not."""
        met = [each for each in _met(self.stuck_pages, method, path) if each.loses(path, token_given=token_given)]
        return bool(_used(self.stuck_pages, met))

    def oddities(self, method: str, path: str) -> list[OddEntries]:
        """What is odd about the answer to a request; counted as used."""
        return _used(self.odd_entries, _met(self.odd_entries, method, path))


def _met(faults: list[FaultT], method: str, path: str) -> list[FaultT]:
    """Those that a request meets; those that concern it and let it through have one less to let through."""
    concerned = [each for each in faults if each.concerns(method, path)]
    met = [each for each in concerned if not each.skip]
    for each in concerned:
        each.skip = max(each.skip - 1, 0)
    return met


def _used(faults: list[FaultT], found: list[FaultT]) -> list[FaultT]:
    """Count those that were found as used, and drop those that are used up."""
    for each in found:
        each.use()
    faults[:] = [each for each in faults if each.remaining != 0]
    return found


def _must_be_one_of(what: str, value: str, kinds: Any) -> None:  # noqa: ANN401
    if value not in get_args(kinds):
        raise ValueError(f"{what} is one of {', '.join(get_args(kinds))}")


@lru_cache(maxsize=256)
def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*|\{\w+\})", path)
    wild = {part: ".*" if part == "**" else "[^/]+" for part in parts[1::2]}
    return re.compile("".join(wild.get(part) or re.escape(part) for part in parts))


def _fits(path: str, pattern: str) -> bool:
    return not pattern or _pattern(pattern).fullmatch(path) is not None
