"""The kinds of arguments that commands share; each refuses what it cannot be with a sentence."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter, Token

from bot.units import parse_duration, parse_size

_NAMESPACE = re.compile(r"(?:user:)?[a-z0-9]+(?:[._-][a-z0-9]+)*")
_KID = re.compile(r"[A-Za-z0-9_\-.:+=]{6,255}")


def _size(_: object, tokens: Sequence[Token]) -> int:
    return parse_size(tokens[0].value)


def _duration(_: object, tokens: Sequence[Token]) -> timedelta:
    return parse_duration(tokens[0].value)


def _namespace(_: object, tokens: Sequence[Token]) -> str:
    typed = tokens[0].value
    if not _NAMESPACE.fullmatch(typed) or len(typed) > 255 + len("user:"):
        raise ValueError(f"{typed!r} cannot be a namespace: an organization's name, or user:NAME, in small letters")
    return typed


def _kid(_: object, tokens: Sequence[Token]) -> str:
    typed = tokens[0].value.removesuffix("…")
    if not _KID.fullmatch(typed):
        raise ValueError(f"{typed!r} cannot be a key: give its id, or at least the first 6 characters of it")
    return typed


Size = Annotated[int, Parameter(converter=_size, n_tokens=1), "SIZE"]
"""Bytes, typed with a unit."""

Duration = Annotated[timedelta, Parameter(converter=_duration, n_tokens=1), "30d"]
"""A length of time, typed as `90d` or `12h`."""

NamespaceName = Annotated[str, Parameter(converter=_namespace, n_tokens=1), "NAMESPACE"]
"""An organization's name, or `user:NAME`."""

Kid = Annotated[str, Parameter(converter=_kid, n_tokens=1, allow_leading_hyphen=True), "KID"]
"""A service key's id, or the first characters of one; the dispatcher makes it whole."""
