"""Deliveries over Socket Mode: over WebSockets that the bot opens with its app token, so it needs no public port."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import structlog
from aiohttp import ClientSession, ClientTimeout, ClientWebSocketResponse, ClientWSTimeout, WSMsgType
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.config.environment import proxy_for
from bot.slack.identity import NoApp, app_id_of
from bot.slack.messenger import FAILURES, open_slack
from bot.web import socket_trouble
from bot.web.payloads import Data, Malformed, Unknown, check, decode
from bot.web.registration import dispatch
from bot.web.sockets import Sockets
from bot.web.websocket import Envelope, Timing, WebSocket

OPEN_SECONDS = 10
"""The time for opening a connection, until Slack says hello."""
CLOSE_SECONDS = 1
"""How long closing waits for Slack's side of it: Slack may leave the connection open."""
CONNECTING = "Not connected to Slack yet."
"""What is said until the first attempt to open a connection has failed."""
UNNAMED = frozenset({"shortcut", "message_action"})
"""Payloads in which Slack doesn't name the app."""

log = structlog.get_logger()


def is_as_safe(url: str, api_url: str) -> bool:
    """Whether a WebSocket's address needs TLS if the Web API, where it comes from, does."""
    return urlsplit(url).scheme == "wss" or urlsplit(api_url).scheme != "https"


class OverSocket:
    """Takes deliveries over WebSockets. What Slack says is the bot's own app is all that it answers.

    Args:
        bolt: What the deliveries are handed to.
        app_token: The app-level token, which begins with xapp-.
        api_url: Where Slack's Web API is.
        web: The client with the bot token, which tells what the bot's own app is.
        workspace: The workspace's id now.
        timing: The seconds that connections go by.
    """

    routes = ()

    def __init__(
        self,
        bolt: AsyncApp,
        app_token: str,
        api_url: str,
        web: AsyncWebClient,
        workspace: Callable[[], str],
        timing: Timing,
    ) -> None:
        self._bolt = bolt
        self._app_token = app_token
        self._api_url = api_url
        self._web = web
        self._workspace = workspace
        self._timing = timing
        self._app_id = ""
        self._sockets: Sockets | None = None

    @property
    def trouble(self) -> str:
        """Why nothing can be received; empty if at least one connection is open."""
        sockets = self._sockets
        if sockets is not None and sockets.live:
            return ""
        return (sockets.trouble if sockets else "") or CONNECTING

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Receive for as long as the context lasts; at its end the connections are closed."""
        async with (
            open_slack(self._api_url, self._app_token, proxy=proxy_for(self._api_url)) as slack,
            ClientSession(timeout=ClientTimeout(total=OPEN_SECONDS)) as http,
        ):

            async def open_one() -> WebSocket:
                return await self._open_one(slack, http)

            self._sockets = Sockets(open_one, self._timing)
            async with self._sockets.kept_open():
                yield

    async def _open_one(self, slack: AsyncWebClient, http: ClientSession) -> WebSocket:
        """Open a connection with an address of its own: each works once. Raises Unavailable."""
        self._app_id = self._app_id or await self._own_app_id()
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                url = str((await slack.apps_connections_open(app_token=self._app_token))["url"])
                if not is_as_safe(url, self._api_url):
                    raise socket_trouble.insecure()
                closing, proxy = ClientWSTimeout(ws_close=CLOSE_SECONDS), proxy_for(f"http{url.removeprefix('ws')}")
                connection = await http.ws_connect(url, autoping=False, timeout=closing, proxy=proxy)
                try:
                    await self._greet(connection)
                except BaseException:
                    await connection.close()
                    raise
        except FAILURES as error:
            raise socket_trouble.failed("SLACK_APP_TOKEN", error) from error
        return WebSocket(connection, self.take, self._timing)

    async def _own_app_id(self) -> str:
        try:
            return await app_id_of(self._web, self._workspace())
        except NoApp:
            raise socket_trouble.no_app() from None
        except FAILURES as error:
            raise socket_trouble.failed("SLACK_BOT_TOKEN", error) from error

    async def _greet(self, connection: ClientWebSocketResponse) -> None:
        """Wait for Slack's hello, which must be to the bot's own app. Raises Unavailable."""
        while (frame := await connection.receive()).type in {WSMsgType.PING, WSMsgType.PONG}:
            pass
        try:
            message = decode(frame.data.encode() if frame.type is WSMsgType.TEXT else b"", "application/json")
        except Malformed:
            raise socket_trouble.disconnected("no hello") from None
        if message.get("type") != "hello":
            raise socket_trouble.disconnected(str(message.get("reason")))
        app_id = message.get("connection_info", {}).get("app_id", self._app_id)
        if app_id != self._app_id:
            raise socket_trouble.other_app(app_id, self._app_id)
        log.info("socket_opened", connections_of_the_app=message.get("num_connections"))

    async def take(self, envelope: Envelope) -> Mapping[str, Any] | None:
        """Make the acknowledgement of an envelope, with the handler's work under way; None after a fault of the bot.

        Without an acknowledgement Slack tells the person that it failed, as it does over HTTP for a status of 500.
        """
        try:
            body = check(envelope.payload)
        except Unknown as unknown:
            log.info("delivery_unknown", reason=unknown.said)
            return {}
        if not self._is_for_us(body):
            log.warning("delivery_for_another_app", app=body.get("api_app_id"), type=body.get("type", "command"))
            return {}
        answer = await dispatch(self._bolt, body, envelope.id)
        if answer.status != 200:
            return None
        said: dict[str, Any] = json.loads(answer.body) if answer.body.startswith("{") else {"text": answer.body}
        return said if answer.body else {}

    def _is_for_us(self, body: Data) -> bool:
        named = body.get("api_app_id")
        return named == self._app_id if named is not None else body.get("type") in UNNAMED
