"""What Quay answers to GETs, asked once for all checks of one examination. Nothing else is ever sent."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from bot.doctor.unchecked import Unchecked
from bot.quay.errors import FeatureOff, QuayError, no_answer, refusal
from bot.quay.operations import GET_ORGANIZATION, GET_ORGANIZATION_MEMBERS, OPERATIONS, Route
from bot.quay.turns import Turns

Kind = str
"""`superuser`, `read-only superuser`, or `unknown` where no organization is there to tell them apart."""


class QuayAnswers:
    """Asks Quay, one call at a time for each examination: each costs Quay about 0.17 s of CPU."""

    def __init__(self, http: httpx.AsyncClient, tokens: Mapping[str, str], turns: Turns) -> None:
        self.tokens = tokens
        """The tokens by the names of their settings."""
        self._http = http
        self._turns = turns
        self._one_at_a_time = asyncio.Lock()
        self._asked: dict[str, asyncio.Task[httpx.Response]] = {}
        self._no_answer: QuayError | None = None
        """Why Quay didn't answer; it isn't asked again."""

    async def get(
        self, route: Route, setting: str | None, path: str = "", *, limit: int | None = None
    ) -> httpx.Response:
        """Send a GET, with the token of a setting or without any; `path` where the route's has parameters.

        Redirects are not followed. Raises QuayError where there is no answer; a refusal is an answer.
        """
        if route.method != "GET":
            raise ValueError(f"{route.id} is not a read")
        key = repr((path or route.path, setting, limit))
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._send(route, setting, path or route.path, limit))
        return await asyncio.shield(self._asked[key])

    async def read(self, route: Route, setting: str, path: str = "", *, limit: int | None = None) -> Any:  # noqa: ANN401  # JSON
        """The JSON that a GET is answered with. Raises QuayError for a refusal and for no answer."""
        response = await self.get(route, setting, path, limit=limit)
        if not response.is_success:
            raise refusal(route, response, setting)
        try:
            return response.json()
        except ValueError:
            raise FeatureOff("It answers with a web page.", operation=route.id) from None

    async def config(self) -> Mapping[str, Any] | None:
        """The configuration of the registry; None where Quay doesn't show it."""
        try:
            answer = await self.read(OPERATIONS["getConfigDump"], "QUAY_TOKEN")
        except QuayError:
            return None
        found = answer.get("config") if isinstance(answer, dict) else None
        return found if isinstance(found, dict) else None

    async def signed_in(self, setting: str = "QUAY_TOKEN") -> None:
        """Make sure that Quay takes a token. Raises Unchecked."""
        try:
            await self.read(OPERATIONS["listAllUsers"], setting, limit=1)
        except QuayError as error:
            raise Unchecked(f"Quay doesn't take {setting}: {error.message}") from error

    async def an_organization(self) -> str | None:
        """The name of any organization. Raises Unchecked."""
        await self.signed_in()
        try:
            answer = await self.read(OPERATIONS["listAllOrganizations"], "QUAY_TOKEN", limit=1)
        except QuayError as error:
            raise Unchecked(f"Quay doesn't list its organizations: {error.message}") from error
        listed = answer.get("organizations") or [{}]
        name: str | None = listed[0].get("name")
        return name

    async def full_access(self) -> bool | None:
        """FEATURE_SUPERUSERS_FULL_ACCESS, as a superuser's QUAY_TOKEN sees it; None if it can't be told."""
        config = await self.config()
        if config is not None:
            return config.get("FEATURE_SUPERUSERS_FULL_ACCESS") is True
        kind, full = await self._kind("QUAY_TOKEN")
        return full if kind == "superuser" else None

    async def kind(self, setting: str) -> Kind:
        """Whose token it is. Raises Unchecked."""
        return (await self._kind(setting))[0]

    async def _kind(self, setting: str) -> tuple[Kind, bool | None]:
        """Whose token it is, and whether superusers have full access, from what each may read of an organization.

        Without full access a superuser gets 403 for its members, a read-only one never does. With it, only a superuser
        administers it.
        """
        await self.signed_in(setting)
        name = await self.an_organization()
        if name is None:
            return "unknown", None
        try:
            members = await self.get(GET_ORGANIZATION_MEMBERS, setting, GET_ORGANIZATION_MEMBERS.path.format(name=name))
            if members.status_code == httpx.codes.FORBIDDEN:
                return "superuser", False
            details = await self.read(GET_ORGANIZATION, setting, GET_ORGANIZATION.path.format(name=name))
        except QuayError as error:
            raise Unchecked(error.message) from error
        return ("superuser", True) if details.get("is_admin") is True else ("read-only superuser", None)

    async def _send(self, route: Route, setting: str | None, path: str, limit: int | None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens[setting]}"} if setting else {}
        async with self._one_at_a_time, self._turns.turn(route.id):
            if self._no_answer:
                raise self._no_answer
            try:
                return await self._http.get(path, params={"limit": limit} if limit else None, headers=headers)
            except (httpx.HTTPError, OSError) as error:
                self._no_answer = no_answer(route, error)
                raise self._no_answer from error
