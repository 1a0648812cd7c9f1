"""The file permissions.yaml as checked, frozen objects."""

from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from fnmatch import translate
from functools import cached_property, lru_cache
from re import Pattern, compile
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.quay.operations import OPERATIONS
from bot.units import parse_duration, parse_size

OwnName = Literal["alerts", "audit", "freeze"]
OWN_NAMES: tuple[OwnName, ...] = get_args(OwnName)
"""What the bot itself can be asked for and a rule can name; in `all`, in no other set."""

Argument = str | int | bool | None
Arguments = Mapping[str, Argument]


@lru_cache
def sets() -> Mapping[str, frozenset[str]]:
    """Every name that a rule may use, with the operations that it stands for."""
    named: dict[str, set[str]] = {name: {name} for name in (*OPERATIONS, *OWN_NAMES)}
    for operation in OPERATIONS.values():
        for name in (operation.noun, f"{operation.noun}.{operation.kind}", operation.kind, "all"):
            named.setdefault(name, set()).add(operation.id)
    named["all"].update(OWN_NAMES)
    return {name: frozenset(members) for name, members in named.items()}


def _known_set(name: object) -> object:
    if not isinstance(name, str) or name not in sets():
        close = get_close_matches(str(name), sets(), 1)
        hint = f", did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"{name!r} is neither an operation nor a set of operations{hint}")
    return name


def _duration(value: object) -> object:
    return value if isinstance(value, timedelta) else parse_duration(str(value))


def _size(value: object) -> object:
    return parse_size(str(value))


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


SetName = Annotated[str, BeforeValidator(_known_set)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
_CHANNEL = compile(r"[CG][A-Z0-9]+|dm|home")
ChannelId = Annotated[str, Field(pattern=r"^[CG][A-Z0-9]+$")]
Member = Annotated[str, Field(pattern=r"^(?:[UW][A-Z0-9]+|S[A-Z0-9]+|\*|[^@\s]+@[^@\s]+)$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, ignored_types=(cached_property,))


class Bounds(_Frozen):
    """A bound on a size."""

    max: Annotated[int, BeforeValidator(_size)]

    def holds(self, value: Argument) -> bool:
        """Whether a size in bytes is within the bound; anything else is not."""
        return isinstance(value, int) and not isinstance(value, bool) and value <= self.max


Patterns = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
Where = dict[str, Bounds | Patterns]


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> Pattern[str]:
    return compile(translate(pattern))


def matches_pattern(pattern: str, value: Argument) -> bool:
    """Whether a name fits a glob. `*` never reaches a user's own namespace unless the pattern says `user:`."""
    if value is None:
        return False
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if text.startswith("user:") and not pattern.startswith("user:"):
        return False
    return _glob(pattern).match(text) is not None


class Rule(_Frozen):
    """One entry of `rules`."""

    name: Annotated[str, Field(min_length=1)]
    who: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
    may: tuple[SetName, ...] = ()
    may_request: tuple[SetName, ...] = ()
    deny: tuple[SetName, ...] = ()
    in_: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(alias="in")] = ()
    where: Where = {}

    @model_validator(mode="after")
    def _one_effect(self) -> "Rule":
        if sum(map(bool, (self.may, self.may_request, self.deny))) != 1:
            raise ValueError("a rule has exactly one of may, may_request and deny")
        if self.deny:
            _require_arguments(self.deny, self.where)
        _require_known(self.operations, self.where)
        return self

    @property
    def effect(self) -> Literal["may", "may_request", "deny"]:
        """Which of the three this rule does."""
        return "may" if self.may else "may_request" if self.may_request else "deny"

    @cached_property
    def operations(self) -> frozenset[str]:
        """The operations that the rule speaks of."""
        return frozenset().union(*(sets()[name] for name in (*self.may, *self.may_request, *self.deny)))


def arguments_of(operation: str) -> tuple[str, ...]:
    """What a rule can ask about an operation; nothing about the bot's own names."""
    return OPERATIONS[operation].arguments if operation in OPERATIONS else ()


def _require_arguments(names: tuple[str, ...], where: Where) -> None:
    """A deny must be able to look at what it asks for, whatever the operation."""
    for operation in sorted(frozenset().union(*(sets()[name] for name in names))):
        for argument in where:
            if argument not in arguments_of(operation):
                raise ValueError(f"a deny cannot ask for {argument!r}: {operation} has no such argument")


def _require_known(operations: frozenset[str], where: Where) -> None:
    """A condition on an argument that nothing has would never hold."""
    known = {argument for operation in operations for argument in arguments_of(operation)}
    for argument in where:
        if argument not in known:
            close = get_close_matches(argument, known, 1)
            hint = f", did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"where: none of these operations has an argument {argument!r}{hint}")


class ConfirmationRule(_Frozen):
    """One entry of `confirmations`: how a change is agreed to."""

    for_: Annotated[tuple[SetName, ...], Field(alias="for", min_length=1)]
    approvers: tuple[str, ...] = ()
    approvals: Annotated[int, Field(ge=0, le=20)] = 1
    expires: Duration = timedelta(hours=1)
    type_the_name: bool = False
    self_approval: bool = False
    where: Where = {}

    @model_validator(mode="after")
    def _somebody_can_approve(self) -> "ConfirmationRule":
        if self.approvals and not self.approvers:
            raise ValueError(f"approvals: {self.approvals} needs approvers")
        _require_known(self.operations, self.where)
        return self

    @cached_property
    def operations(self) -> frozenset[str]:
        """The changes that the entry is for."""
        return frozenset().union(*(sets()[name] for name in self.for_))


class Expectation(_Frozen):
    """An example that `quaymaster check` proves."""

    who: str = "U00SOMEBODY"
    as_: Annotated[tuple[str, ...], Field(alias="as")] = ()
    in_: Annotated[str | None, Field(alias="in")] = None
    do: str
    verdict: Literal["allow", "request", "deny"]


class Policy(_Frozen):
    """permissions.yaml, whole."""

    version: Literal[1]
    workspace: Annotated[str, Field(pattern=r"^[TE][A-Z0-9]+$")]
    groups: dict[str, tuple[Member, ...]] = {}
    channels: dict[str, tuple[ChannelId, ...]] = {}
    rules: tuple[Rule, ...] = ()
    confirmations: tuple[ConfirmationRule, ...] = ()
    expect: tuple[Expectation, ...] = ()

    def undefined_names(self) -> list[tuple[tuple[int | str, ...], str]]:
        """Groups and channels that are spoken of and not defined, each with its place in the file."""
        found: list[tuple[tuple[int | str, ...], str]] = []
        for i, rule in enumerate(self.rules):
            found += [(("rules", i, "who", j), _no_group(group)) for j, group in self._unknown(rule.who)]
            found += [
                (("rules", i, "in", j), f"there are no channels {name!r}")
                for j, name in enumerate(rule.in_)
                if name not in self.channels and not _CHANNEL.fullmatch(name)
            ]
        for i, entry in enumerate(self.confirmations):
            found += [
                (("confirmations", i, "approvers", j), _no_group(group)) for j, group in self._unknown(entry.approvers)
            ]
            found += [
                (
                    ("confirmations", i, "approvers", j),
                    f"{group!r} is every member of the workspace; name the approvers",
                )
                for j, group in enumerate(entry.approvers)
                if "*" in self.groups.get(group, ())
            ]
        for i, example in enumerate(self.expect):
            found += [(("expect", i, "as", j), _no_group(group)) for j, group in self._unknown(example.as_)]
        return found

    def _unknown(self, groups: tuple[str, ...]) -> list[tuple[int, str]]:
        return [(index, group) for index, group in enumerate(groups) if group not in self.groups]

    @cached_property
    def admin_channels(self) -> frozenset[str]:
        """Every channel listed under `channels`."""
        return frozenset(channel for listed in self.channels.values() for channel in listed)

    @cached_property
    def known_channels(self) -> frozenset[str]:
        """Every channel that any rule speaks of: the only ones in which the bot may answer at all."""
        named = (name for rule in self.rules for name in rule.in_)
        return self.admin_channels | {name for name in named if name not in self.channels}

    def channels_of(self, names: tuple[str, ...]) -> frozenset[str]:
        """The channel ids that `in: [...]` stands for."""
        return frozenset(channel for name in names for channel in self.channels.get(name, (name,)))

    @cached_property
    def first_admin_channel(self) -> str | None:
        """Where cards go when alerts.yaml names no channel."""
        return next((channel for listed in self.channels.values() for channel in listed), None)


def _no_group(group: str) -> str:
    return f"there is no group {group!r}"
