"""A simulated Slack and a tiny bot, each behind a real socket."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import httpx
import pytest
import uvicorn
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.slack.app import SlackSettings, create_app
from sandbox.slack.cast import default_workspace
from sandbox.slack.workspace import Workspace

TLS = httpx.create_ssl_context()
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that tests set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass(frozen=True)
class Delivery:
    """What reached the bot."""

    headers: dict[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def payload(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.fields["payload"])
        return found

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


async def acknowledge(_: Delivery) -> Response:
    return Response()


@dataclass
class Bot:
    """A bot that notes what it gets; `answer` is what it does then."""

    got: list[Delivery] = field(default_factory=list)
    answer: Callable[[Delivery], Awaitable[Response]] = acknowledge
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: Request) -> Response:
        delivery = Delivery(dict(request.headers), await request.body())
        self.got.append(delivery)
        self.came.set()
        return await self.answer(delivery)

    def says(self, body: dict[str, Any]) -> None:
        async def answer(_: Delivery) -> Response:
            return JSONResponse(body)

        self.answer = answer

    def fails(self, status: int, headers: dict[str, str] | None = None) -> None:
        async def answer(_: Delivery) -> Response:
            return Response(status_code=status, headers=headers)

        self.answer = answer

    async def got_so_many(self, count: int) -> list[Delivery]:
        """Wait for deliveries that come later."""
        async with asyncio.timeout(5):
            while len(self.got) < count:
                self.came.clear()
                await self.came.wait()
        return self.got


@dataclass
class Slack:
    """The simulated Slack as tests use it."""

    http: httpx.AsyncClient
    workspace: Workspace
    settings: SlackSettings

    async def api(self, method: str, **args: object) -> dict[str, Any]:
        """Call the Web API as the bot does."""
        headers = {"Authorization": f"Bearer {self.settings.bot_token}"}
        found: dict[str, Any] = (await self.http.post(f"/api/{method}", json=args, headers=headers)).json()
        return found

    async def do(self, what: str, user: str = "U01ALICE", **wish: object) -> dict[str, Any]:
        """Do something at the page."""
        found: dict[str, Any] = (await self.http.post(f"/sandbox/slack/{what}", json={"user": user, **wish})).json()
        return found

    async def switch(self, what: str, **wish: object) -> None:
        """Flip a switch of the sandbox's door."""
        response = await self.http.post(f"/sandbox/slack/{what}", json=wish)
        assert response.json() == {"ok": True}, response.text

    async def see(self, what: str, user: str = "U01ALICE", **query: str) -> dict[str, Any]:
        """Look at the page."""
        found: dict[str, Any] = (await self.http.get(f"/sandbox/slack/{what}", params={"user": user, **query})).json()
        return found

    async def texts(self, channel: str = "C0REGADMIN", user: str = "U01ALICE") -> list[str]:
        """The texts of the messages that a person sees."""
        return [message["text"] for message in (await self.see("messages", user, channel=channel))["messages"]]

    async def command(self, text: str, user: str = "U01ALICE", channel: str = "C0REGADMIN") -> dict[str, Any]:
        """Type a command."""
        return await self.do("say", user, channel=channel, text=text)


@contextlib.asynccontextmanager
async def serve(app: Starlette) -> AsyncIterator[str]:
    """Serve an application on a free port, without the slow clock of `Server.serve`."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup([listener])
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            await server.lifespan.shutdown()
            for listening in server.servers:
                listening.close()
                await listening.wait_closed()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
async def bot() -> Bot:
    return Bot()


@pytest.fixture
async def slack(bot: Bot, clock: Clock) -> AsyncIterator[Slack]:
    """A Slack whose bot has half a second to acknowledge, and whose retries come at once."""
    workspace = default_workspace(clock)
    settings = SlackSettings("", ack_seconds=0.5, retry_seconds=(0, 0, 0))
    async with (
        serve(Starlette(routes=[Route("/slack/events", bot.take, methods=["POST"])])) as bot_url,
        serve(create_app(workspace, settings)) as url,
        httpx.AsyncClient(base_url=url, verify=TLS) as http,
    ):
        settings.bot_url = f"{bot_url}/slack/events"
        yield Slack(http, workspace, settings)


@pytest.fixture
async def web(slack: Slack) -> AsyncIterator[AsyncWebClient]:
    """The client of slack_sdk as a bot has it, over one session; it never tries again by itself."""
    url = f"{slack.http.base_url}/api/"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield AsyncWebClient(token=slack.settings.bot_token, base_url=url, session=session, retry_handlers=[])


def button(action_id: str = "change_approve", value: str = "record-1", **more: object) -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": action_id,
        "value": value,
        "text": {"type": "plain_text", "text": "Go"},
        **more,
    }


def card(block_id: str = "card") -> list[dict[str, Any]]:
    return [{"type": "actions", "block_id": block_id, "elements": [button()]}]


def text_input(block_id: str = "name", **more: object) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": "Name"},
        "element": {"type": "plain_text_input", "action_id": "v"},
        **more,
    }


def modal(*blocks: dict[str, Any], title: str = "A form", **more: object) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": title},
        "submit": {"type": "plain_text", "text": "Save"},
        "blocks": list(blocks),
        **more,
    }


class Shapes:
    """The shapes that tests are made of."""

    button = staticmethod(button)
    card = staticmethod(card)
    text_input = staticmethod(text_input)
    modal = staticmethod(modal)


@pytest.fixture
def shapes() -> Shapes:
    return Shapes()
