"""What a call of the Web API was given, as a form, as JSON or in the address."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from starlette.datastructures import UploadFile
from starlette.requests import Request

from sandbox.slack.errors import SlackError
from sandbox.slack.model import Json
from sandbox.slack.rates import Rate
from sandbox.slack.simulation import Simulation

T = TypeVar("T")
TokenKind = Literal["bot", "app"]


@dataclass(frozen=True)
class Arguments:
    """The arguments of one call. Null and the empty string count as absent, as Slack has it."""

    given: Mapping[str, object]

    def has(self, name: str) -> bool:
        """Say whether an argument was given."""
        value = self.given.get(name)
        return value is not None and value != ""

    def text(self, name: str) -> str | None:
        """An optional string."""
        return str(self.given[name]) if self.has(name) else None

    def required(self, name: str) -> str:
        """A string that must be there. Raises SlackError invalid_arguments."""
        found = self.text(name)
        if found is None:
            sentence = f"[ERROR] missing required field: {name}"
            raise SlackError("invalid_arguments", response_metadata={"messages": [sentence]})
        return found

    def flag(self, name: str) -> bool:
        """A boolean; forms send it as 1 or true."""
        return str(self.given.get(name, "")).lower() in {"1", "true"}

    def number(self, name: str, default: int) -> int:
        """A whole number. Raises SlackError invalid_arguments."""
        try:
            return int(str(self.given[name])) if self.has(name) else default
        except ValueError as error:
            raise SlackError("invalid_arguments") from error

    def structure(self, name: str, invalid: str) -> object:
        """A JSON value, which forms send as a string; None where there is none. Raises SlackError `invalid`."""
        value = self.given.get(name)
        if isinstance(value, str) and value:
            try:
                value = json.loads(value)
            except ValueError as error:
                raise SlackError(invalid) from error
        return value or None

    def page_of(self, things: Sequence[T], key: str, show: Callable[[T], object] = lambda thing: thing) -> Json:
        """Answer one page of a list, as `limit` and `cursor` ask for. Raises SlackError invalid_cursor."""
        limit = self.number("limit", 100) or 100
        cursor = self.text("cursor") or "0"
        if not cursor.isdecimal():
            raise SlackError("invalid_cursor")
        start, end = int(cursor), int(cursor) + limit
        following = str(end) if end < len(things) else ""
        return {key: [show(one) for one in things[start:end]], "response_metadata": {"next_cursor": following}}


async def read_arguments(request: Request) -> Arguments:
    """Read what a call was given. Raises SlackError invalid_json, json_not_object."""
    given: dict[str, object] = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body = json.loads(await request.body() or b"{}")
        except ValueError as error:
            raise SlackError("invalid_json") from error
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        given |= body
    else:
        form = await request.form()
        given |= {name: value for name, value in form.items() if not isinstance(value, UploadFile)}
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        given["token"] = token
    return Arguments(given)


def kind_of_token(slack: Simulation, token: str | None) -> TokenKind:
    """Whose token it is. Raises SlackError: not_authed, invalid_auth, and what the token is refused for."""
    if token is None:
        raise SlackError("not_authed")
    if token in slack.settings.refused_tokens:
        raise SlackError(slack.settings.refused_tokens[token])
    if token == slack.settings.bot_token:
        return "bot"
    if token == slack.settings.app_token:
        return "app"
    raise SlackError("invalid_auth")


def scopes_of(slack: Simulation, kind: TokenKind) -> set[str]:
    """What a token may be used for."""
    return slack.settings.scopes if kind == "bot" else slack.settings.app_scopes


@dataclass(frozen=True)
class Method:
    """One method of the Web API, how often it may be called, and the kind of token and the scope that it needs."""

    run: Callable[[Simulation, Arguments], Json]
    rate: Rate
    scope: str = ""
    token: TokenKind = "bot"


def need_scope(slack: Simulation, scope: str, kind: TokenKind = "bot") -> None:
    """Refuse where the token lacks a scope. Raises SlackError missing_scope."""
    scopes = scopes_of(slack, kind)
    if scope and scope not in scopes:
        raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(scopes)))
