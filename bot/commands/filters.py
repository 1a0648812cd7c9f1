"""The kinds of arguments by which reading commands choose; each refuses what it cannot be with a sentence."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

from cyclopts import Parameter, Token

from bot.commands.parameters import Suggest
from bot.model.units import parse_past

LONGEST_NAME = 255
_ACCOUNT = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\+[a-z][a-z0-9_-]*)?")
_KIND = re.compile(r"[a-z][a-z0-9_]*")
_BUILD = re.compile(r"[0-9a-z]{8}-(?:[0-9a-z]{4}-){3}[0-9a-z]{12}")
_MEMBER = re.compile(r"<@([UW][A-Z0-9]+)>|@?([UW][A-Z0-9]{2,})")
_RECORDED = re.compile(r"[A-Za-z_]+(?: [A-Za-z]+)?")
_SETTING = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[^\s]+)*")


def quoted(text: str) -> str:
    """What somebody typed, in quotes, on one line, shortened where it is long."""
    shown = repr(text)
    return shown if len(shown) <= 60 else f"{shown[:57]}…{shown[0]}"


def _only(token: Sequence[Token], pattern: re.Pattern[str], otherwise: str, *, small: bool = False) -> str:
    typed = token[0].value.lower() if small else token[0].value
    if not typed:
        raise ValueError(f"it is empty; {otherwise}")
    if len(typed) > LONGEST_NAME or not pattern.fullmatch(typed):
        raise ValueError(f"{quoted(typed)} is not possible here: {otherwise}")
    return typed


def _text(_: object, tokens: Sequence[Token]) -> str:
    typed = tokens[0].value.strip()
    if not typed:
        raise ValueError("it is empty; write the text that is to be found")
    if len(typed) > LONGEST_NAME:
        raise ValueError(f"{quoted(typed)} is longer than any name ({LONGEST_NAME} characters)")
    return typed


def _account(_: object, tokens: Sequence[Token]) -> str:
    return _only(tokens, _ACCOUNT, "a user's name has small letters, digits, and single . _ or - between them")


def _kind(_: object, tokens: Sequence[Token]) -> str:
    return _only(tokens, _KIND, "a kind of log entry is one such as push_repo or delete_tag")


def _build(_: object, tokens: Sequence[Token]) -> str:
    form = "a build has an id such as 0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f"
    return _only(tokens, _BUILD, form, small=True)


def _setting(_: object, tokens: Sequence[Token]) -> str:
    form = "a setting is named in capitals, such as FEATURE_MAILING, with a dot before what is inside it"
    first, dot, rest = _only(tokens, _SETTING, form).partition(".")
    return f"{first.upper()}{dot}{rest}"


def _member(_: object, tokens: Sequence[Token]) -> str:
    found = _MEMBER.fullmatch(tokens[0].value)
    if found is None:
        raise ValueError(f"{quoted(tokens[0].value)} is no person: write @ and choose the name that Slack offers")
    return str(found[1] or found[2])


def _recorded(_: object, tokens: Sequence[Token]) -> str:
    return _only(
        tokens, _RECORDED, "an operation is one such as approveServiceKey, a command one such as 'keys approve'"
    )


def _past(_: object, tokens: Sequence[Token]) -> timedelta | date | datetime:
    return parse_past(tokens[0].value)


SearchText = Annotated[str, Parameter(converter=_text, n_tokens=1), "TEXT"]
"""Text that something is to contain."""

AccountName = Annotated[str, Parameter(converter=_account, n_tokens=1), "NAME", Suggest.USERS]
"""The name of a user or a robot."""

LogKind = Annotated[str, Parameter(converter=_kind, n_tokens=1), "KIND"]
"""A kind of usage log entry."""

BuildId = Annotated[str, Parameter(converter=_build, n_tokens=1), "UUID"]
"""A build's id."""

SettingName = Annotated[str, Parameter(converter=_setting, n_tokens=1), "KEY"]
"""A setting of the registry, whose top level is in capitals, or what is inside one: `A.b`."""

Member = Annotated[str, Parameter(converter=_member, n_tokens=1), "@PERSON"]
"""Somebody of the workspace, by the id that Slack puts in the place of `@name`."""

Recorded = Annotated[str, Parameter(converter=_recorded, n_tokens=1), "OPERATION"]
"""What an entry of the audit is about."""

Past = Annotated[timedelta | date | datetime, Parameter(converter=_past, n_tokens=1), "24h|DATE"]
"""A length of time before now, a day in UTC, or a moment."""
