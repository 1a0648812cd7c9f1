"""What Slack answers, asked once for all checks of one examination."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.doctor.unchecked import Unchecked
from bot.slack.messages import ABOUT_THE_TOKEN, is_passing
from bot.slack.messenger import FAILURES, reason_of

MOST_LOOKUPS = 40
"""So many channels, and so many people, are looked up at most: Slack allows 50 such calls a minute."""


class SlackRefused(Exception):
    """Slack said no, or nothing; `reason` is its own word, or the kind of failure (`ClientConnectorError`)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def passing(self) -> bool:
        """Whether Slack gave no answer to what was asked; that it refuses the token is one."""
        return is_passing(self.reason) and self.reason not in ABOUT_THE_TOKEN


class SlackAnswers:
    """Asks Slack; reads only."""

    def __init__(self, web: AsyncWebClient, workspace: str | None) -> None:
        self._web = web
        self._workspace = workspace
        self._asked: dict[str, asyncio.Task[AsyncSlackResponse]] = {}

    async def auth(self) -> AsyncSlackResponse:
        """auth.test. Raises SlackRefused."""
        return await self._ask("auth.test", {})

    async def signed_in(self) -> AsyncSlackResponse:
        """The same for checks that need a good token. Raises Unchecked."""
        try:
            return await self.auth()
        except SlackRefused as refused:
            raise Unchecked(f"Slack doesn't take the bot token ({refused.reason}).") from refused

    async def time(self) -> datetime | None:
        """When Slack answered, by its own clock. Raises Unchecked."""
        return date_of((await self.signed_in()).headers)

    async def scopes(self) -> frozenset[str]:
        """The scopes of the bot token, which Slack names in a header. Raises Unchecked."""
        header = _header((await self.signed_in()).headers, "x-oauth-scopes")
        if header is None:
            raise Unchecked("Slack didn't name the token's scopes; a proxy may drop its headers.")
        return frozenset(scope.strip() for scope in header.split(",") if scope.strip())

    async def open_connection(self, app_token: str) -> None:
        """apps.connections.open: an address that nobody connects to; it ends unused. Raises SlackRefused."""
        await self._ask("apps.connections.open", {"token": app_token})

    async def channel(self, channel: str) -> Mapping[str, Any]:
        """conversations.info. Raises SlackRefused."""
        return await self._part("channel", "conversations.info", {"channel": channel})

    async def user(self, user: str) -> Mapping[str, Any]:
        """users.info. Raises SlackRefused."""
        return await self._part("user", "users.info", {"user": user})

    async def user_at(self, address: str) -> Mapping[str, Any]:
        """users.lookupByEmail. Raises SlackRefused."""
        return await self._part("user", "users.lookupByEmail", {"email": address})

    async def groups(self) -> Mapping[str, Mapping[str, Any]]:
        """usergroups.list, once for all groups, disabled ones too, by id. Raises SlackRefused or Unchecked."""
        asked: dict[str, Any] = {"include_users": "true", "include_disabled": "true"}
        if (await self.signed_in()).get("is_enterprise_install") and self._workspace:
            asked["team_id"] = self._workspace
        answer = await self._ask("usergroups.list", asked)
        return {group["id"]: group for group in answer.get("usergroups") or ()}

    async def _part(self, part: str, method: str, asked: dict[str, Any]) -> Mapping[str, Any]:
        answer = await self._ask(method, asked)
        found: Mapping[str, Any] = answer.get(part) or {}
        return found

    async def _ask(self, method: str, asked: dict[str, Any]) -> AsyncSlackResponse:
        """Call a method once for the same arguments. Raises SlackRefused."""
        key = repr((method, sorted(asked.items())))
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._call(method, asked))
        return await asyncio.shield(self._asked[key])

    async def _call(self, method: str, asked: dict[str, Any]) -> AsyncSlackResponse:
        try:
            return await self._web.api_call(method, params=asked)
        except FAILURES as error:
            raise SlackRefused(reason_of(error)) from error


def date_of(headers: Mapping[str, Any]) -> datetime | None:
    """The `Date` of an answer."""
    try:
        return parsedate_to_datetime(_header(headers, "date") or "")
    except ValueError:
        return None


def bounded(wanted: Iterable[str]) -> tuple[list[str], int]:
    """What is looked up, in order, and how much is left out for Slack's rate limits."""
    listed = sorted(wanted)
    return listed[:MOST_LOOKUPS], max(0, len(listed) - MOST_LOOKUPS)


def _header(headers: Mapping[str, Any], name: str) -> str | None:
    return next((str(value) for key, value in headers.items() if key.lower() == name), None)
