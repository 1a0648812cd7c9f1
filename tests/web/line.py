"""Slack's line to the bot: deliveries exactly as they are signed, and everything that comes of them."""

import hashlib
import hmac
import itertools
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.app import App
from bot.confirmations import Record
from bot.web.server import build_server
from tests.support.servers import served

FORM = "application/x-www-form-urlencoded"


@dataclass(repr=False)
class Line:
    """Slack's line to the bot: what it delivers, signed, and what comes of that."""

    app: App
    http: httpx.AsyncClient
    slack: httpx.AsyncClient
    secret: str
    answers_at: str
    """The response_url of everything: it takes every answer."""
    told: list[dict[str, Any]] = field(default_factory=list)
    """What was answered there."""
    triggers: "itertools.count[int]" = field(default_factory=itertools.count)

    def command(self, text: str, user: str = "U01ALICE", **changed: str) -> bytes:
        """A slash command as Slack sends it."""
        command = {
            "token": "verification-token",
            "command": "/quay",
            "text": text,
            "team_id": "T0SANDBOX",
            "user_id": user,
            "channel_id": "C0REGADMIN",
            "trigger_id": f"1.{next(self.triggers)}",
            "response_url": self.answers_at,
        }
        return urlencode(command | changed).encode()

    def click(self, action: dict[str, Any], user: str = "U01ALICE", **changed: Any) -> bytes:
        """A click as Slack sends it."""
        payload = {
            "type": "block_actions",
            "team": {"id": "T0SANDBOX"},
            "user": {"id": user, "team_id": "T0SANDBOX"},
            "channel": {"id": "C0REGADMIN"},
            "container": {"type": "message", "channel_id": "C0REGADMIN", "is_ephemeral": False},
            "trigger_id": f"1.{next(self.triggers)}",
            "response_url": self.answers_at,
            "actions": [action],
        }
        return urlencode({"payload": json.dumps(payload | changed)}).encode()

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers of a body, signed as Slack signs it now."""
        stamp = str(int(time.time()))
        signed = hmac.new(self.secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256)
        return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={signed.hexdigest()}"}

    async def send(
        self, body: bytes, *, content_type: str = FORM, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Deliver a body, signed now unless with headers of an earlier delivery."""
        signed = headers or self.signed(body)
        return await self.http.post("/slack/events", content=body, headers={"content-type": content_type, **signed})

    async def events(self) -> list[str]:
        """What the audit has, the oldest first."""
        return [entry.event async for entry in self.app.handlers.bot.audit.entries()][::-1]

    def __repr__(self) -> str:
        return "a line"

    async def waiting(self) -> list[Record]:
        """The changes that are pending."""
        return await self.app.handlers.bot.changes.tools.confirmations.waiting()

    async def settle(self) -> None:
        """Wait for what goes on after the acknowledgements."""
        await self.app.in_flight.drain(20)

    async def deliver(self, body: bytes, **how: Any) -> httpx.Response:
        """Deliver a body and wait for what comes of it."""
        answer = await self.send(body, **how)
        await self.settle()
        return answer

    async def calls(self) -> Counter[str]:
        """How often each of Slack's methods was called, but for those that ask who somebody is."""
        calls = (await self.slack.get("/sandbox/slack/calls")).json()
        looked_up = {"users.info", "conversations.info", "usergroups.users.list", "usergroups.list"}
        return Counter(call["method"] for call in calls if call["method"] not in looked_up)


@asynccontextmanager
async def open_line(app: App, slack_url: str) -> AsyncIterator[Line]:
    """A line to the bot's web application, which runs in this process."""
    told: list[dict[str, Any]] = []

    async def take(request: Request) -> Response:
        told.append(await request.json())
        return Response("ok")

    server = build_server(app)
    async with AsyncExitStack() as stack:
        answers = await stack.enter_async_context(served(Starlette(routes=[Route("/", take, methods=["POST"])])))
        await stack.enter_async_context(server.router.lifespan_context(server))
        transport = httpx.ASGITransport(server, raise_app_exceptions=False)
        http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://bot"))
        slack = await stack.enter_async_context(httpx.AsyncClient(base_url=slack_url))
        yield Line(app, http, slack, app.settings.signing_secret, answers, told)
