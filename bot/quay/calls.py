"""How a call is sent and its answer taken: a write exactly once, a read again only where Quay never saw it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import stamina
import structlog
from pydantic import BaseModel, JsonValue, ValidationError

from bot.quay.answers import Entries
from bot.quay.errors import (
    Forbidden,
    Invalid,
    RateLimited,
    Unauthorized,
    Unreachable,
    both_refused,
    no_answer,
    not_of_the_api,
    refusal,
)
from bot.quay.operations import KNOWN, Route
from bot.quay.tokens import Setting, Tokens
from bot.quay.turns import Turns

log = structlog.get_logger(__name__)
Model = TypeVar("Model", bound=BaseModel)
Query = Mapping[str, str | int | None]
Body = Mapping[str, JsonValue]

LONGEST_WAIT = 10.0
"""Seconds; a registry that asks for more patience is not asked again."""
READ_WITHIN = 30.0
WRITE_WITHIN = 60.0
"""Seconds from the first byte sent to the last one read, repetitions of a read included."""


class Calls:
    """The calls of one token to one registry; see `Quay` for the arguments. Every method raises QuayError."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        tokens: Tokens,
        *,
        attempts: int,
        wait: float,
        read_within: float = READ_WITHIN,
        turns: Turns,
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._attempts = attempts
        self._wait = wait
        self._read_within = read_within
        self._turns = turns

    async def ask(
        self,
        operation: str | Route,
        model: type[Model],
        *,
        query: Query | None = None,
        body: Body | None = None,
        as_writer: bool = False,
        **parameters: str | int,
    ) -> Model:
        """Send a call that is answered with a model; `as_writer` reads with the token that writes."""
        route = _route(operation)
        response = await self._request(route, parameters, query, body, as_writer=as_writer)
        try:
            answer = model.model_validate_json(response.content)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(str(step) for step in problem["loc"])
            raise not_of_the_api(route, response, f"unexpected {place}" if place else "it is not JSON") from None
        if isinstance(answer, Entries) and answer.left_out:
            log.warning("entries_left_out", operation=route.id, count=answer.unreadable, first=answer.left_out[0])
        return answer

    async def tell(
        self, operation: str | Route, *, body: Body | None = None, **parameters: str | int
    ) -> httpx.Response:
        """Send a call whose answer says nothing but that it succeeded."""
        route = _route(operation)
        response = await self._request(route, parameters, None, body)
        if response.content.lstrip().startswith(b"<"):
            raise not_of_the_api(route, response, "it is a web page")
        return response

    async def _request(
        self,
        route: Route,
        parameters: Mapping[str, str | int],
        query: Query | None,
        body: Body | None,
        *,
        as_writer: bool = False,
    ) -> httpx.Response:
        """Send one call, a read perhaps several times, and return its success."""
        request = self._http.build_request(
            route.method,
            route.path.format_map({name: _segment(route, value) for name, value in parameters.items()}),
            params={name: value for name, value in (query or {}).items() if value is not None},
            json=body,
        )
        within = WRITE_WITHIN if route.kind == "change" else self._read_within
        try:
            async with self._turns.turn(route.id), asyncio.timeout(within):
                if route.kind == "change":
                    return await self._send(route, request, "QUAY_TOKEN")
                return await self._read(route, request, "QUAY_TOKEN" if as_writer else self._tokens.for_reading)
        except TimeoutError as error:
            raise no_answer(route, error) from error

    async def _read(self, route: Route, request: httpx.Request, setting: Setting) -> httpx.Response:
        """Send a read; with the token for changes as well, where Quay refuses the one for reading."""
        if setting == "QUAY_TOKEN":
            try:
                return await self._read_with(route, request, setting)
            except Unauthorized as error:
                raise both_refused(error) if self._tokens.refusal else error from None
        try:
            response = await self._read_with(route, request, setting)
        except (Unauthorized, Forbidden) as refused:
            if isinstance(refused, Unauthorized):
                self._tokens.refused(refused.message)
            try:
                response = await self._read_with(route, request, "QUAY_TOKEN")
            except Unauthorized as both:
                raise both_refused(both) from refused
            except Forbidden:
                raise refused from None
            self._tokens.refused(refused.message)
            return response
        self._tokens.accepted(setting)
        return response

    async def _read_with(self, route: Route, request: httpx.Request, setting: Setting) -> httpx.Response:
        """Send a read, and again where Quay never saw it or asks to wait a moment."""
        async for attempt in stamina.retry_context(
            on=_worth_another_try, attempts=self._attempts, wait_initial=self._wait, wait_jitter=self._wait
        ):
            with attempt:
                response = await self._send(route, request, setting)
        return response

    async def _send(self, route: Route, request: httpx.Request, setting: Setting) -> httpx.Response:
        request.headers.update(self._tokens.headers(setting))
        trail = _Trail()
        request.extensions["trace"] = trail
        try:
            response = await self._http.send(request)
        except (httpx.HTTPError, OSError) as error:
            raise no_answer(route, error, was_idle=trail.was_idle) from error
        if not response.is_success:
            raise refusal(route, response, setting)
        return response


@dataclass
class _Trail:
    """How far one request came, as httpcore traces it."""

    connected: bool = False
    answered: bool = False

    async def __call__(self, event: str, _info: Mapping[str, Any]) -> None:
        if event.startswith("connection.connect"):
            self.connected = True
        elif event.endswith("receive_response_headers.complete"):
            self.answered = True

    @property
    def was_idle(self) -> bool:
        """Whether it went over a kept connection and no part of an answer came."""
        return not (self.connected or self.answered)


def _worth_another_try(error: Exception) -> bool | float:
    """Say whether a read that failed so may succeed in a moment, or in how many seconds.

    What timed out, or failed in Quay or before it, is not asked again: that would only add to its load.
    """
    match error:
        case RateLimited(retry_after=float(seconds)):
            return seconds if seconds <= LONGEST_WAIT else False
        case RateLimited() | Unreachable(resendable=True):
            return True
        case _:
            return False


def _route(operation: str | Route) -> Route:
    return KNOWN[operation] if isinstance(operation, str) else operation


def _segment(route: Route, value: str | int) -> str:
    """Encode a path parameter. Quay decodes before it routes: a slash would lead to another operation."""
    text = str(value)
    if text in {"", ".", ".."} or "/" in text or not text.isprintable():
        raise Invalid("That is not a possible name.", operation=route.id)
    return quote(text, safe="")
