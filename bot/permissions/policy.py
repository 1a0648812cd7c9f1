"""The file permissions.yaml as checked, frozen objects."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from functools import cached_property
from re import compile
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, WithJsonSchema, model_validator

from bot.config.excerpts import quote_entries
from bot.model.units import parse_duration, write_duration
from bot.permissions.conditions import (
    ENFORCEMENT,
    NOT_WEAKER,
    SIZES,
    Bounds,
    Size,
    Where,
    asks_for_state,
    scalar,
)
from bot.permissions.names import arguments_of, confirmed_in, operations_in, sets
from bot.permissions.people import ADDRESS, Person


def _known_set(name: object) -> object:
    if scalar(name) not in sets():
        close = get_close_matches(scalar(name), sets(), 1)
        hint = f", did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"{name!r} is neither an operation nor a set of operations{hint}")
    return name


LONGEST = timedelta(days=365)


def _duration(value: object) -> object:
    length = value if isinstance(value, timedelta) else parse_duration(scalar(value))
    if length > LONGEST:
        raise ValueError(f"{write_duration(length)} is too long: 365d at most")
    return length


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_ONE_OR_MORE = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
SetName = Annotated[str, BeforeValidator(_known_set), WithJsonSchema({"enum": sorted(sets())})]
Listed = Annotated[tuple[str, ...], BeforeValidator(_listed), WithJsonSchema(_ONE_OR_MORE)]
Duration = Annotated[
    timedelta, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": r"^(\d+\s*[smhdwSMHDW]\s*)+$"})
]
CHANNEL = compile(r"[CG][A-Z0-9]+|dm|home")
ChannelId = Annotated[str, Field(pattern=r"^[CG][A-Z0-9]+$")]
Member = Annotated[str, Field(pattern=r"^(?:[UW][A-Z0-9]+|S[A-Z0-9]+|\*|[^@\s]+@[^@\s]+)$")]


Conditions = Annotated[
    Where,
    Field(
        description="What the command's arguments must be like, and what becomes of enforcement.",
        json_schema_extra={"properties": {ENFORCEMENT: {"const": NOT_WEAKER}}},
    ),
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, ignored_types=(cached_property,))


class Rule(_Frozen):
    """One entry of `rules`: it has exactly one of may, may_request and deny."""

    name: Annotated[
        str, Field(min_length=1, max_length=150, description="How messages call the rule; no other has this name.")
    ]
    who: Annotated[Listed, Field(min_length=1, description="Groups of people.")]
    may: Annotated[tuple[SetName, ...], Field(description="What they may do.")] = ()
    may_request: Annotated[tuple[SetName, ...], Field(description="What they may ask others to agree to.")] = ()
    deny: Annotated[tuple[SetName, ...], Field(description="What they may never do, whatever other rules say.")] = ()
    in_: Annotated[
        Listed,
        Field(
            alias="in",
            min_length=1,
            description="Where it holds: names under `channels`, channel ids, dm, home. Left out: every channel under "
            "`channels`; for a deny, everywhere.",
        ),
    ] = ()
    where: Conditions = {}

    @model_validator(mode="after")
    def _one_effect(self) -> "Rule":
        if sum(map(bool, (self.may, self.may_request, self.deny))) != 1:
            raise ValueError("a rule has exactly one of may, may_request and deny")
        if self.deny:
            _require_for_deny(self.operations, self.where)
        _require_known(self.operations, self.where)
        return self

    @property
    def effect(self) -> Literal["may", "may_request", "deny"]:
        """Which of the three this rule does."""
        return "may" if self.may else "may_request" if self.may_request else "deny"

    @cached_property
    def operations(self) -> frozenset[str]:
        """The operations that the rule speaks of."""
        return operations_in((*self.may, *self.may_request, *self.deny))


def _require_for_deny(operations: frozenset[str], where: Where) -> None:
    """A deny must be able to look at what it asks for, whatever the operation, and before anything is fetched."""
    for operation in sorted(operations):
        for argument in where:
            if argument not in arguments_of(operation):
                raise ValueError(f"a deny cannot ask for {argument!r}: {operation} has no such argument")
    if ENFORCEMENT in where:
        raise ValueError(
            f"a deny cannot ask for {ENFORCEMENT}: it would forbid what keeps it; put it into what may be done"
        )
    if asks_for_state(where):
        raise ValueError(
            "a deny cannot ask for max_increase: it would forbid small increases; put it into what may be done"
        )


def _require_known(operations: frozenset[str], where: Where) -> None:
    """A condition on an argument that nothing has, or of the wrong kind, would never hold."""
    known = {argument for operation in operations for argument in arguments_of(operation)}
    for argument, condition in where.items():
        if argument not in known:
            close = get_close_matches(argument, known, 1)
            hint = f", did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"where: none of these operations has an argument {argument!r}{hint}")
        if argument == ENFORCEMENT and condition != (NOT_WEAKER,):
            raise ValueError(f"where: {ENFORCEMENT} can only be {NOT_WEAKER}")
        if argument in SIZES and not isinstance(condition, Bounds):
            raise ValueError(f"where: {argument} is a size and takes bounds, such as {{max: 500GiB}}")
        if argument not in SIZES and isinstance(condition, Bounds):
            raise ValueError(f"where: {argument} is no size; it takes patterns, such as [team-*]")


class ConfirmationRule(_Frozen):
    """One entry of `confirmations`: how a change is agreed to."""

    for_: Annotated[tuple[SetName, ...], Field(alias="for", min_length=1, description="The changes it is for.")]
    approvers: Annotated[tuple[str, ...], Field(description="Groups whose members may agree.")] = ()
    approvals: Annotated[
        int,
        Field(
            strict=True,
            ge=0,
            le=20,
            description="How many people besides the requester agree; 0: their own confirmation is enough.",
        ),
    ] = 1
    expires: Annotated[
        Duration,
        Field(description="How long it can be agreed to, such as 15m.", json_schema_extra={"default": "1h"}),
    ] = timedelta(hours=1)
    type_the_name: Annotated[
        bool, Field(description="Whether the requester types the name of what changes once more.")
    ] = False
    self_approval: Annotated[bool, Field(description="Whether the requester counts as one of the approvers.")] = False
    where: Conditions = {}

    @model_validator(mode="after")
    def _somebody_can_approve(self) -> "ConfirmationRule":
        if self.approvals and not self.approvers:
            raise ValueError(f"approvals: {self.approvals} needs approvers")
        _require_known(self.operations, self.where)
        return self

    @cached_property
    def operations(self) -> frozenset[str]:
        """The changes that the entry is for."""
        return confirmed_in(self.for_)


Percentage = Annotated[int, Field(strict=True, ge=1, le=100)]


class StandardLimits(_Frozen):
    """The limits that a new quota gets where its command names none. They grant nothing."""

    warn: Annotated[
        tuple[Percentage, ...],
        BeforeValidator(lambda value: [value] if isinstance(value, int) else value),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "integer", "minimum": 1, "maximum": 100},
                    {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 100}},
                ]
            }
        ),
        Field(description="Where Quay warns the owners, in percent of the quota."),
    ] = ()
    reject: Annotated[
        Percentage | None, Field(description="Where Quay refuses pushes, in percent of the quota: above each warning.")
    ] = None

    @model_validator(mode="after")
    def _in_order(self) -> "StandardLimits":
        if not self.warn and self.reject is None:
            raise ValueError("give warn, reject or both")
        if len(set(self.warn)) < len(self.warn):
            raise ValueError("warn names one percentage twice")
        if self.reject is not None and max(self.warn, default=0) >= self.reject:
            raise ValueError(f"a warning at {max(self.warn)}% would switch off the reject at {self.reject}%")
        return self


class Now(_Frozen):
    """What an example takes to be there in the registry."""

    limit: Annotated[Size | None, Field(description="The present limit; nothing: there is no quota.")] = None
    enforcement: Annotated[
        Literal["not_weaker", "weaker"] | None,
        Field(description="What the change does to the refusal of pushes; nothing: it cannot be told."),
    ] = None


class Expectation(_Frozen):
    """An example that `quaymaster check` proves."""

    who: Annotated[
        str, Field(pattern=r"^[UW][A-Z0-9]+$", description="A user's id; somebody of no group when left out.")
    ] = "U00SOMEBODY"
    as_: Annotated[Listed, Field(alias="as", description="Groups that the user is taken to be in.")] = ()
    in_: Annotated[
        str | None, Field(alias="in", description="A channel, dm or home; the first admin channel when left out.")
    ] = None
    do: Annotated[str, Field(description="The command, such as: quota set team-a 400GiB.")]
    now: Annotated[Now | None, Field(description="What is there in the registry, for max_increase.")] = None
    verdict: Annotated[Literal["allow", "request", "deny"], Field(description="What is decided.")]
    approvals: Annotated[int | None, Field(strict=True, description="How many other people then have to agree.")] = None


def _of_a_workspace(value: object) -> object:
    if isinstance(value, str) and value.startswith("E"):
        raise ValueError("is the id of an Enterprise Grid organization. Use the workspace's id, which starts with T")
    return value


class Policy(_Frozen):
    """permissions.yaml, whole: who may do what on the registry, where, and who has to agree."""

    version: Literal[1]
    workspace: Annotated[
        str,
        Field(pattern=r"^T[A-Z0-9]+$", description="The Slack workspace; nobody from elsewhere may do anything."),
        BeforeValidator(_of_a_workspace),
    ]
    registry: Annotated[
        str | None,
        Field(
            pattern=r"^[a-z0-9][a-z0-9-]{0,62}$",
            description="The name of the registry that the file is for. Leave it out while there is only one.",
        ),
    ] = None
    groups: Annotated[
        dict[str, tuple[Member, ...]],
        Field(
            description="Members by group: user ids (U…), user group ids (S…), e-mail addresses, or * for every full "
            "member of the workspace."
        ),
    ] = {}
    channels: Annotated[
        dict[str, tuple[ChannelId, ...]], Field(description="The admin channels, under names of your own.")
    ] = {}
    rules: Annotated[tuple[Rule, ...], Field(description="Nothing is allowed that no rule allows; a deny wins.")] = ()
    confirmations: Annotated[
        tuple[ConfirmationRule, ...], Field(description="The first that matches says how a change is confirmed.")
    ] = ()
    quota_limits: Annotated[
        StandardLimits | None,
        Field(description="The limits of a quota that `quota set` creates without --warn, --reject or --no-reject."),
    ] = None
    expect: Annotated[tuple[Expectation, ...], Field(description="Examples; the file is refused if one fails.")] = ()

    _quotes: dict[str, str] = PrivateAttr(default_factory=dict)
    _last: tuple[Person, frozenset[str]] | None = PrivateAttr(default=None)

    def groups_of(self, person: Person, is_member: Callable[[Person, str], bool]) -> frozenset[str]:
        """The groups of the file that a person is in; worked out once while the same person is asked about."""
        last = self._last
        if last is None or last[0] is not person:
            found = frozenset(
                group for group, members in self.groups.items() if any(is_member(person, member) for member in members)
            )
            self._last = last = (person, found)
        return last[1]

    def quoting(self, text: str, name: str) -> "Policy":
        """The policy that remembers how its rules stand in the file."""
        for rule, quote in zip(self.rules, quote_entries(text, "rules"), strict=False):
            self._quotes[rule.name] = f"# {name}, line {quote.line}\n{quote.text}"
        return self

    def quote(self, rule: str) -> str:
        """A rule as it stands in the file, below the file's name and its line; nothing without a file."""
        return self._quotes.get(rule, "")

    @cached_property
    def rules_about(self) -> Mapping[tuple[str, str], Sequence[Rule]]:
        """The rules by what they do (may, may_request, deny) and to which operation, in the order of the file."""
        found: dict[tuple[str, str], list[Rule]] = {}
        for rule in self.rules:
            for operation in rule.operations:
                found.setdefault((rule.effect, operation), []).append(rule)
        return found

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

    @cached_property
    def questions(self) -> frozenset[str]:
        """What Slack is asked of somebody besides who they are: groups, whether they are a user, ADDRESS for theirs."""
        return frozenset((*self.user_groups, *self.users)) | ({ADDRESS} if self.addresses else frozenset())

    @property
    def addresses(self) -> frozenset[str]:
        """The members that are e-mail addresses."""
        return frozenset(member for listed in self.groups.values() for member in listed if "@" in member)

    @property
    def users(self) -> tuple[str, ...]:
        """The members that are user ids, in order."""
        listed = {member for members in self.groups.values() for member in members if member[0] in "UW"}
        return tuple(sorted(listed - self.addresses))

    @property
    def user_groups(self) -> tuple[str, ...]:
        """The members that are user groups of Slack, in order."""
        return tuple(
            sorted(
                {member for listed in self.groups.values() for member in listed if member[0] == "S"} - self.addresses
            )
        )
