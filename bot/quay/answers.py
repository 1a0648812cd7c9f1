"""How Quay's answers are read: unknown fields are ignored, null means the default, lists are read entry by entry."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

T = TypeVar("T", bound="Named")

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _from_header_date(value: object) -> object:
    """Read `Mon, 23 Nov 2026 22:45:56 GMT` (keys) or `… -0000` (logs, builds); leave the rest."""
    if isinstance(value, str):
        try:
            return parsedate_to_datetime(value)
        except ValueError:
            return value
    return value


def _from_milliseconds(value: object) -> object:
    if isinstance(value, int | float):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
    return value


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _whole(value: object) -> object:
    """Take 5368709120.0 for the integer it is: so Quay answers a limit that was given in words."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_object(value: object) -> object:
    """Keep metadata of another shape than an object under a name of its own."""
    return value if isinstance(value, Mapping) else {"metadata": value}


def _without_placeholder(value: object) -> object:
    """Take a UUID for no address: Quay makes one up for a user or organization that was created without."""
    return None if isinstance(value, str) and _UUID.fullmatch(value) else value


Timestamp = Annotated[datetime, BeforeValidator(_from_header_date), AfterValidator(_in_utc)]
Milliseconds = Annotated[datetime, BeforeValidator(_from_milliseconds), AfterValidator(_in_utc)]
Bytes = Annotated[int, BeforeValidator(_whole)]
Email = Annotated[str | None, BeforeValidator(_without_placeholder)]
Json = Mapping[str, JsonValue]
Metadata = Annotated[Json, BeforeValidator(_as_object)]

_CONFIG = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, hide_input_in_errors=True)


class Answer(BaseModel):
    """The base of all models. An answer that does not fit is never quoted: it may hold a secret."""

    model_config = _CONFIG

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: object) -> object:
        """Take null for a field that was left out: it then has its default, or is missing."""
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if value is not None}


def mark(text: str) -> str:
    """Shorten what a page is known by to eight bytes in hexadecimal."""
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()


class Entries(Answer):
    """An answer with one list, of which an entry that can't be read is left out: one odd entry hides no others."""

    left_out: tuple[str, ...] = ()
    """Where the entries that were left out don't fit, such as `users.3.username`."""

    @property
    def unreadable(self) -> int:
        """How many entries were left out."""
        return len(self.left_out)

    @model_validator(mode="wrap")
    @classmethod
    def _entry_by_entry(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            places = [problem["loc"] for problem in error.errors(include_url=False, include_input=False)]
            odd = {place[:2]: ".".join(map(str, place)) for place in reversed(places)}
            if not isinstance(data, dict) or not all(len(entry) == 2 and isinstance(entry[1], int) for entry in odd):
                raise
            fitting = {**data, "left_out": tuple(odd[entry] for entry in sorted(odd))}
            for name in {name for name, _ in odd}:
                fitting[name] = [entry for at, entry in enumerate(data[name]) if (name, at) not in odd]
            return handler(fitting)


class Named(Answer):
    """An entry of a list that has a name of its own."""

    @property
    def identity(self) -> str:
        """What no other entry of its list is called."""
        raise NotImplementedError


class Page(Entries, Generic[T]):
    """One page of a list, and the token of the next page, if there is one."""

    items: tuple[T, ...] = Field(validation_alias=AliasChoices("items", "users", "organizations", "keys"))
    next_page: str | None = None

    @property
    def marks(self) -> tuple[str, ...]:
        """What this page is known by when it comes again: its first and its last entry."""
        return tuple(mark(entry.identity) for entry in (*self.items[:1], *self.items[1:][-1:]))
