"""The kinds of arguments that commands share; each refuses what it cannot be with a sentence."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from cyclopts import Parameter, Token

from bot.commands.parameters import Suggest
from bot.model.redaction import names_a_secret
from bot.model.units import parse_duration, parse_moment, parse_size

_NAMESPACE = re.compile(r"(?:user:)?[a-z0-9]+(?:[._-][a-z0-9]+)*")
_SERVICE = re.compile(r"[a-z0-9_]{1,255}")
_KEY_NAME = re.compile(r"[ a-zA-Z0-9_:/-]{1,255}")
_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_META = re.compile(r"[A-Za-z0-9_.-]{1,100}=.{0,1000}")
_META_OF_QUAY = frozenset({"created_by", "creator", "ip", "quaymaster_change"})


def _size(_: object, tokens: Sequence[Token]) -> int:
    return parse_size(tokens[0].value)


def _percent(_: object, tokens: Sequence[Token]) -> int:
    return _percentage(tokens[0].value)


def _percents(_: object, tokens: Sequence[Token]) -> tuple[int, ...]:
    return tuple(_percentage(token.value) for token in tokens)


def _percentage(typed: str) -> int:
    number = typed.strip().removesuffix("%").rstrip()
    if not re.fullmatch(r"[0-9]{1,3}", number) or not 1 <= int(number) <= 100:
        raise ValueError(f"{typed!r} isn't a percentage. Use a whole number from 1 to 100, e.g. 80")
    return int(number)


def _duration(_: object, tokens: Sequence[Token]) -> timedelta:
    return parse_duration(tokens[0].value)


def _namespace(_: object, tokens: Sequence[Token]) -> str:
    typed = tokens[0].value
    if not _NAMESPACE.fullmatch(typed) or len(typed) > 255 + len("user:"):
        raise ValueError(f"{typed!r} cannot be a namespace: an organization's name, or user:NAME, in small letters")
    return typed


def _kid(_: object, tokens: Sequence[Token]) -> str:
    typed = tokens[0].value.removesuffix("…")
    if not (1 <= len(typed) <= LONGEST_KID and typed.isprintable() and "/" not in typed):
        raise ValueError(f"{typed!r} isn't a key ID. Use the ID or its first 6 characters or more")
    return typed


def _name(_: object, tokens: Sequence[Token]) -> str:
    typed = tokens[0].value
    if not _NAMESPACE.fullmatch(typed) or typed.startswith("user:"):
        raise ValueError(f"{typed!r} cannot be a name: small letters and digits, between them one of . _ or -")
    if not 2 <= len(typed) <= 255:
        raise ValueError(f"A name has 2 to 255 characters; this one has {len(typed)}")
    return typed


def _service(_: object, tokens: Sequence[Token]) -> str:
    typed = tokens[0].value
    if not _SERVICE.fullmatch(typed):
        raise ValueError(f"{typed!r} cannot be a service: small letters, digits and _, 255 at most")
    return typed


def _key_name(_: object, tokens: Sequence[Token]) -> str:
    typed = tokens[0].value
    if not _KEY_NAME.fullmatch(typed):
        raise ValueError(f"{typed!r} cannot be a key's name: letters, digits, blanks and - _ : /, 255 at most")
    return typed


def _email(_: object, tokens: Sequence[Token]) -> str:
    typed = tokens[0].value
    if not _EMAIL.fullmatch(typed) or not typed.isprintable() or len(typed) > 255:
        raise ValueError(f"{typed!r} is no e-mail address of at most 255 characters")
    return typed


def _expires(_: object, tokens: Sequence[Token]) -> str:
    typed = tokens[0].value
    if typed.casefold() == "never":
        return "never"
    parse_moment(typed, datetime.now(UTC))
    return typed


def _tag_expiration(_: object, tokens: Sequence[Token]) -> timedelta:
    typed = tokens[0].value
    return timedelta() if re.fullmatch(r"0+[smhdw]?", typed) else parse_duration(typed)


def _metadata(_: object, tokens: Sequence[Token]) -> tuple[str, ...]:
    return tuple(_metadatum(token.value) for token in tokens)


def _metadatum(typed: str) -> str:
    name = typed.partition("=")[0]
    if not _META.fullmatch(typed):
        raise ValueError(f"{typed!r} is no KEY=VALUE: the key of letters, digits and . _ -, 100 at most")
    if name.casefold() in _META_OF_QUAY:
        raise ValueError(f"The metadata {name} is not yours to write: Quay and the bot keep their own there")
    if names_a_secret(name):
        raise ValueError(f"The metadata {name} looks like a secret, and everybody who sees the key would read it")
    return typed


def _notes(_: object, tokens: Sequence[Token]) -> str:
    typed = tokens[0].value
    if not typed.strip():
        raise ValueError("they are empty; write what Quay's record of the key should say")
    if "\0" in typed:
        raise ValueError("they hold the character NUL, which Quay cannot store; write them without it")
    return typed


LONGEST_KID = 255
"""Characters. A service chooses the id of its key itself: anything printable that is one segment of a path."""
LONGEST_REASON = 300


def _reason(_: object, tokens: Sequence[Token]) -> str:
    typed = " ".join(token.value for token in tokens).strip()
    if not typed:
        raise ValueError("it is empty; say why, since everybody reads it whom it stops")
    if len(typed) > LONGEST_REASON:
        raise ValueError(f"A reason has at most {LONGEST_REASON} characters; this one has {len(typed)}")
    return typed


Size = Annotated[int, Parameter(converter=_size, n_tokens=1, allow_leading_hyphen=True), "SIZE"]
"""Bytes, typed with a unit."""

Percent = Annotated[int, Parameter(converter=_percent, n_tokens=1, allow_leading_hyphen=True), "100"]
"""A whole percentage of a quota, 1 to 100, with or without the sign."""

Percents = Annotated[tuple[int, ...], Parameter(converter=_percents, n_tokens=1, allow_leading_hyphen=True), "80"]
"""Percentages of a quota; the option may be given several times."""

Duration = Annotated[timedelta, Parameter(converter=_duration, n_tokens=1), "30d"]
"""A length of time, typed as `90d` or `12h`."""

NamespaceName = Annotated[str, Parameter(converter=_namespace, n_tokens=1), "NAMESPACE", Suggest.NAMESPACES]
"""An organization's name, or `user:NAME`."""

UserName = Annotated[str, Parameter(converter=_name, n_tokens=1), "USERNAME", Suggest.USERS]
"""A user's name, by Quay's rules."""

NewUserName = Annotated[UserName, Suggest.NOTHING]
"""The name of a user who is yet to be."""

OrganizationName = Annotated[str, Parameter(converter=_name, n_tokens=1), "NAME", Suggest.ORGANIZATIONS]
"""An organization's name, by Quay's rules."""

NewOrganizationName = Annotated[OrganizationName, Suggest.NOTHING]
"""A name that an organization is yet to have."""

Service = Annotated[str, Parameter(converter=_service, n_tokens=1), "SERVICE", Suggest.SERVICES]
"""The name of a service that signs with keys."""

KeyName = Annotated[str, Parameter(converter=_key_name, n_tokens=1), "NAME"]
"""What people call a key."""

Email = Annotated[str, Parameter(converter=_email, n_tokens=1), "EMAIL"]
"""An e-mail address, in the letters in which it was typed: Quay tells them apart."""

YesNo = Annotated[Literal["yes", "no"], "yes|no"]
"""An answer."""

Expires = Annotated[str, Parameter(converter=_expires, n_tokens=1), "90d|never"]
"""When a key expires: `never`, a length of time from now, or a date; as it was typed."""

TagExpiration = Annotated[timedelta, Parameter(converter=_tag_expiration, n_tokens=1), "14d"]
"""How long deleted tags are kept; may be nothing."""

Metadata = Annotated[tuple[str, ...], Parameter(converter=_metadata, n_tokens=1), "KEY=VALUE"]
"""Entries of a key's metadata; the option may be given several times."""

Kid = Annotated[str, Parameter(converter=_kid, n_tokens=1, allow_leading_hyphen=True), "KID", Suggest.KEYS]
"""A service key's id, or the first characters of one; the dispatcher makes it whole."""

Notes = Annotated[str, Parameter(converter=_notes, n_tokens=1), "TEXT"]
"""What Quay's own record of a key should say. Its database stores no NUL: that would be a 500."""

Reason = Annotated[str, Parameter(converter=_reason, n_tokens=-1), "REASON"]
"""Why, in several words, up to the end of what was typed."""
