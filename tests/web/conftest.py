"""The bot as `quaymaster serve` puts it together, between the simulated Slack and Quay, in this process."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from inspect import isawaitable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from redis.asyncio import Redis
from slack_sdk.signature import SignatureVerifier

from bot.app import App, open_app
from bot.config.settings import Settings
from bot.loading import Files, build_grammar, open_alerts, open_policy
from bot.web.edge import Edge, build_edge
from bot.web.server import build_server
from sandbox.quay.app import create_app as create_quay
from sandbox.quay.faults import Faults
from sandbox.quay.seed import seed
from sandbox.slack.app import SlackSettings
from sandbox.slack.app import create_app as create_slack
from sandbox.slack.cast import default_workspace
from tests.support.servers import served

POLICY = Path(__file__).parents[2] / "sandbox" / "permissions.yaml"
TEAM = "T0SANDBOX"
ADMIN = "C0REGADMIN"
SECRET = SlackSettings(bot_url="").signing_secret


@pytest.fixture
def settings() -> SlackSettings:
    """The simulated Slack's; the bot's URL comes in when the bot is served."""
    return SlackSettings(bot_url="")


@pytest.fixture
async def slack(settings: SlackSettings) -> AsyncIterator[str]:
    """The simulated Slack's URL."""
    async with served(create_slack(default_workspace(), settings)) as url:
        yield url


@pytest.fixture
def transport() -> dict[str, Any]:
    """The settings by which deliveries come over HTTP; a module may have them come over Socket Mode."""
    return {"slack_signing_secret": SECRET}


@pytest.fixture
async def app(redis: Redis, redis_url: str, slack: str, transport: dict[str, Any]) -> AsyncIterator[App]:
    """The bot's parts."""
    async with AsyncExitStack() as stack:
        quay = await stack.enter_async_context(served(create_quay(seed(), Faults())))
        configured = Settings(
            slack_bot_token=SlackSettings(bot_url="").bot_token,
            **transport,
            slack_api_url=f"{slack}/api/",
            quay_url=quay,
            quay_token="sandbox-superuser",
            redis_url=redis_url,
            shutdown_seconds=0,
        )
        grammar = build_grammar("/quay")
        policy = open_policy(str(POLICY), grammar)
        files = Files(grammar, policy, open_alerts("no alerts.yaml"))
        yield await stack.enter_async_context(open_app(configured, files))


@pytest.fixture
def edge(app: App) -> Edge:
    """The handlers."""
    return build_edge(app)


@dataclass
class Bot:
    """The served bot, and the simulated Slack that shows what became of a delivery."""

    http: httpx.AsyncClient
    url: str
    quay: str

    async def command(self, user: str, text: str, **more: str) -> httpx.Response:
        """Deliver a slash command; its response URL is nobody's."""
        form = {"command": "/quay", "text": text, "team_id": TEAM, "user_id": user, "channel_id": ADMIN}
        return await self.deliver({**form, "trigger_id": secrets.token_hex(8), "response_url": "", **more})

    async def interaction(self, user: str, type_: str, **payload: Any) -> httpx.Response:
        """Deliver what a person did."""
        common = {"type": type_, "team": {"id": TEAM}, "user": {"id": user, "team_id": TEAM}}
        trigger = {"trigger_id": secrets.token_hex(8)}
        return await self.deliver({"payload": json.dumps({**common, **trigger, **payload})})

    async def deliver(self, form: dict[str, str]) -> httpx.Response:
        """Deliver a form as Slack signs it."""
        body, stamp = urlencode(form), str(int(time.time()))
        signature = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body) or ""
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": signature,
        }
        return await self.http.post(f"{self.url}/slack/events", content=body, headers=headers)

    async def person(self, what: str, user: str, **wish: Any) -> dict[str, Any]:
        """Let a person do something on the simulated Slack's page: `say`, `act`, `submit`…"""
        answer = await self.http.post(f"/sandbox/slack/{what}", json={"user": user, "channel": ADMIN, **wish})
        found: dict[str, Any] = answer.json()
        return found

    async def breaks(self, method: str, **fault: Any) -> None:
        """Let calls of the simulated Slack go wrong: see `sandbox.slack.faults.Fault`."""
        answer = await self.http.post("/sandbox/slack/faults", json={"method": method, **fault})
        assert answer.is_success, answer.text

    async def press(self, user: str, action_id: str, shown: dict[str, Any], **where: Any) -> None:
        """Press a button of a message, or with `view_id` of a view, that a person sees."""
        for block in shown["blocks"]:
            for element in [*block.get("elements", []), block.get("accessory", {})]:
                if element.get("action_id") == action_id:
                    place = {"block_id": block["block_id"], **(where or {"ts": shown["ts"]})}
                    assert (await self.person("act", user, action=element, **place))["ok"]
                    return
        raise AssertionError(f"there is no button {action_id}")

    async def slow_quay(self, operation: str, seconds: float) -> None:
        """Let an operation of the simulated Quay take so long."""
        wish = {"slow": [{"operation": operation, "seconds": seconds}]}
        answer = await self.http.post(f"{self.quay}/sandbox/quay/faults", json=wish)
        assert answer.is_success, answer.text

    async def sees(self, user: str, text: str, channel: str = ADMIN) -> dict[str, Any]:
        """Wait until a person sees a message that holds a text."""

        shown: list[dict[str, Any]] = []

        async def look() -> dict[str, Any] | None:
            shown[:] = (await self._get("messages", channel=channel, user=user))["messages"]
            return next((each for each in reversed(shown) if text in json.dumps(each, ensure_ascii=False)), None)

        try:
            found: dict[str, Any] = await self.until(look)
        except TimeoutError:
            raise AssertionError(f"{user} does not see {text!r}, but {[each['text'] for each in shown]}") from None
        return found

    async def modal(self, user: str) -> dict[str, Any]:
        """Wait for the modal that a person sees."""

        async def look() -> list[dict[str, Any]]:
            views: list[dict[str, Any]] = (await self._get("views", user=user))["views"]
            return views

        found: dict[str, Any] = (await self.until(look))[-1]
        return found

    async def home(self, user: str, text: str) -> dict[str, Any]:
        """Wait until a person's Home tab holds a text."""

        async def look() -> dict[str, Any] | None:
            view: dict[str, Any] | None = (await self._get("home", user=user))["view"]
            return view if text in json.dumps(view, ensure_ascii=False) else None

        found: dict[str, Any] = await self.until(look)
        return found

    async def calls(self, method: str) -> int:
        """How often the bot called a method of Slack."""
        calls: list[dict[str, Any]] = (await self.http.get("/sandbox/slack/calls")).json()
        return sum(call["method"] == method for call in calls)

    async def until(self, look: Callable[[], Any]) -> Any:
        """Look again and again until there is something. Raises TimeoutError."""
        async with asyncio.timeout(5):
            while True:
                found = look()
                if found := await found if isawaitable(found) else found:
                    return found
                await asyncio.sleep(0.02)

    async def _get(self, what: str, **question: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.http.get(f"/sandbox/slack/{what}", params=question)).json()
        return found

    async def direct_messages(self, user: str) -> str:
        """The channel of a person's direct messages with the bot."""
        state = await self._get("state", user=user)
        return next(str(channel["id"]) for channel in state["channels"] if channel["is_im"])


@pytest.fixture
async def bot(app: App, slack: str, settings: SlackSettings) -> AsyncIterator[Bot]:
    """The bot behind its one URL."""
    async with served(build_server(app)) as url, httpx.AsyncClient(base_url=slack) as http:
        settings.bot_url = f"{url}/slack/events"
        yield Bot(http, url, str(app.settings.quay_url).rstrip("/"))
