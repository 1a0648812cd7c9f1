"""The real processes — `quaymaster serve`, `quaymaster worker`, Redis — between the simulated Slack and Quay."""

import asyncio
import json
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from slack_sdk.signature import SignatureVerifier

from sandbox.children import child
from sandbox.quay.app import create_app as create_quay
from sandbox.quay.faults import Faults
from sandbox.quay.seed import seed
from sandbox.quay.state import Registry
from sandbox.serving import bound_socket, free_port, serving, url_of
from sandbox.slack.app import SlackSettings
from sandbox.slack.app import create_app as create_slack
from sandbox.slack.cast import default_workspace

ADMIN = "C0REGADMIN"
PATIENCE_SECONDS = 20
PERMISSIONS = """\
version: 1
workspace: T0SANDBOX
groups:
  approvers: [S0SECURITY, alice@example.com]
  managers: [U03CAROL]
  ml: [U04DAVE]
  staff: ["*"]
channels:
  admin: [C0REGADMIN, C0SHARED]
rules:
  - {name: staff may look, who: [staff], may: [read]}
  - {name: managers set quotas, who: [managers], may: [quotas.change]}
  - {name: managers look after users, who: [managers], may: [users.change]}
  - {name: approvers may stop everything, who: [approvers], may: [freeze]}
  - {name: managers extend keys, who: [managers], may: [updateServiceKey]}
  - {name: staff may ask for quotas, who: [staff], may_request: [quotas.change]}
  - {name: Dave looks after alerts, who: [ml], may: [alerts], in: [C0ML]}
  - {name: Dave may ask where he works, who: [ml], may_request: [quotas.change], in: [C0ML]}
confirmations:
  - {for: [keys.change], approvers: [approvers], approvals: 1, expires: 24h}
  - {for: [deleteUserQuotaSuperUser], approvers: [approvers], approvals: 1, expires: 1s}
  - {for: [quotas.change], where: {limit: {max: 500GiB}}, approvals: 0, expires: 10m}
  - {for: [change], approvers: [approvers], approvals: 1, expires: 1h}
"""
ALERTS = """\
version: 1
admin_channel: C0REGADMIN
keys: {channel: C0REGADMIN, every: 10s}
quotas: {every: 10s, routes: [{namespaces: ["team-ml-*"], channel: C0ML}]}
"""


Transport = Literal["http", "socket"]
over_http = pytest.mark.parametrize("transport", ["http"], indirect=True, scope="module")
"""For a test in a module that runs over both transports, and that is about HTTP or about neither."""


SHORT = {"test_the_whole_path.py", "test_every_operation.py", "test_forms_home_and_shortcut.py"}
"""The files of this folder that `make test` runs; the others are `long`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real processes take their time: only the main path is part of every run."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.path.name not in SHORT:
            item.add_marker(pytest.mark.long)


@dataclass
class Town:
    """Everything that stands between a person's keyboard and the registry."""

    page: httpx.AsyncClient
    bot: str
    doors: list[str]
    """Where the processes listen that serve Slack; `bot` is the first."""
    registry: Registry
    redis_url: str
    signing_secret: str
    environment: dict[str, str]
    transport: Transport = "http"

    async def say(self, user: str, text: str, channel: str = ADMIN) -> dict[str, Any]:
        """Type into a channel; answers once the delivery was acknowledged."""
        return await self._post("say", user=user, channel=channel, text=text)

    async def press(self, user: str, message: dict[str, Any], action_id: str, channel: str = ADMIN) -> dict[str, Any]:
        """Press a button of a message that this person sees."""
        for block in message["blocks"]:
            for element in block.get("elements", []):
                if element.get("action_id") == action_id:
                    action = {"type": "button", "action_id": action_id, "value": element["value"]}
                    return await self._post(
                        "act", user=user, channel=channel, ts=message["ts"], block_id=block["block_id"], action=action
                    )
        raise AssertionError(f"there is no button {action_id}")

    async def choose(
        self, user: str, message: dict[str, Any], action_id: str, option: str, channel: str = ADMIN
    ) -> dict[str, Any]:
        """Choose an option of a message's menu, by what it is called."""
        for block in message["blocks"]:
            for element in block.get("elements", []):
                if element.get("action_id") == action_id:
                    (chosen,) = [each for each in element["options"] if each["text"]["text"] == option]
                    action = {"type": element["type"], "action_id": action_id, "selected_option": chosen}
                    return await self._post(
                        "act", user=user, channel=channel, ts=message["ts"], block_id=block["block_id"], action=action
                    )
        raise AssertionError(f"there is no menu {action_id}")

    def click(self, user: str, card: dict[str, Any], button: dict[str, Any], *, answer_to: str = "") -> str:
        """A click as Slack delivers it, from a window that may show an older state of the card; each is a new one."""
        payload = {
            "type": "block_actions",
            "api_app_id": "A0SANDBOX",
            "team": {"id": "T0SANDBOX"},
            "user": {"id": user, "team_id": "T0SANDBOX"},
            "channel": {"id": ADMIN},
            "container": {"type": "message", "channel_id": ADMIN, "message_ts": card["ts"], "is_ephemeral": False},
            "response_url": answer_to or f"{self.page.base_url}/hooks/response/none",
            "trigger_id": secrets.token_hex(8),
            "actions": [{"block_id": "b", **button}],
        }
        return urlencode({"payload": json.dumps(payload)})

    async def deliver(self, body: str) -> int:
        """Deliver a form as Slack does, signed or in an envelope. Returns the status of its acknowledgement."""
        if self.transport == "http":
            return (await self.send(body, self.signature(body, int(time.time())))).status_code
        form = dict(parse_qsl(body))
        kind, payload = ("interactive", json.loads(form["payload"])) if "payload" in form else ("slash_commands", form)
        return int((await self._post("deliver", kind=kind, payload=payload))["status"])

    def signature(self, body: str, stamp: int) -> dict[str, str]:
        """The headers of a delivery that was signed at a time."""
        signature = SignatureVerifier(self.signing_secret).generate_signature(timestamp=str(stamp), body=body)
        return {"x-slack-request-timestamp": str(stamp), "x-slack-signature": signature or ""}

    async def send(self, body: str, headers: dict[str, str]) -> httpx.Response:
        """Send the bot a form with these headers."""
        form = {"content-type": "application/x-www-form-urlencoded"}
        return await self.page.post(f"{self.bot}/slack/events", content=body, headers={**form, **headers})

    async def sees(self, user: str, *wanted: str, channel: str = ADMIN, after: str = "") -> dict[str, Any]:
        """Wait until a person sees a message in a channel that holds all these texts, and return the last such.

        `after` is the `ts` of a message that is too old, with all before it.
        """

        shown: list[dict[str, Any]] = []

        async def look() -> dict[str, Any] | None:
            answer = await self.page.get("/sandbox/slack/messages", params={"channel": channel, "user": user})
            shown[:] = answer.json()["messages"]
            found = [m for m in shown if m["ts"] > after and all(text in str(m) for text in wanted)]
            return found[-1] if found else None

        try:
            found: dict[str, Any] = await self.until(look)
        except TimeoutError:
            texts = "\n".join(message["text"] for message in shown)
            raise AssertionError(f"{user} does not see {wanted} in {channel}, but:\n{texts}") from None
        return found

    async def modal(self, user: str, *wanted: str) -> dict[str, Any]:
        """Wait for the modal that a person sees to hold these texts."""

        async def look() -> dict[str, Any] | None:
            views = (await self.page.get("/sandbox/slack/views", params={"user": user})).json()["views"]
            return views[-1] if views and all(text in str(views[-1]) for text in wanted) else None

        found: dict[str, Any] = await self.until(look)
        return found

    async def submit(self, user: str, view: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        """Submit a modal with these values, by their blocks and actions."""
        return await self._post("submit", user=user, view_id=view["id"], values=values)

    async def switch(self, what: str, **wish: Any) -> dict[str, Any]:
        """Flip a switch of the simulated Slack's door; sandbox/slack/*control.py and administration.py list them."""
        return await self._post(what, **wish)

    async def until(self, look: Callable[[], Awaitable[Any]]) -> Any:
        """Look again and again until there is something to see. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (found := await look()):  # noqa: ASYNC110  # other processes set no event
                await asyncio.sleep(0.05)
            return found

    async def _post(self, what: str, **body: Any) -> dict[str, Any]:
        answer = await self.page.post(f"/sandbox/slack/{what}", json=body)
        found: dict[str, Any] = answer.json()
        assert found["ok"], found
        return found


@pytest.fixture(scope="module")
def permissions() -> str:
    """Who may do what in the town; a module may write its own."""
    return PERMISSIONS


@pytest.fixture(scope="module")
def serving_processes() -> int:
    """How many processes serve Slack; a module may want more."""
    return 1


@pytest.fixture(scope="module")
def working_processes() -> int:
    """How many workers there are; a module whose tests start their own wants none."""
    return 1


@pytest.fixture(scope="module")
def transport(request: pytest.FixtureRequest) -> Transport:
    """How deliveries reach the bot; a module may want another way, or both."""
    found: Transport = getattr(request, "param", "http")
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(
    redis_url: str,
    permissions: str,
    serving_processes: int,
    working_processes: int,
    transport: Transport,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Town]:
    """One town for all stories of a module: starting it takes some seconds."""
    folder = tmp_path_factory.mktemp("town")
    (folder / "permissions.yaml").write_text(permissions, encoding="utf-8")
    (folder / "alerts.yaml").write_text(ALERTS, encoding="utf-8")
    async with Redis.from_url(redis_url) as redis:
        await redis.flushdb()
        await redis.config_resetstat()
    async with AsyncExitStack() as house:
        quay_socket, slack_socket = house.enter_context(bound_socket(0)), house.enter_context(bound_socket(0))
        ports = [free_port() for _ in range(serving_processes)]
        registry = seed()
        doors = [f"http://127.0.0.1:{port}" for port in ports]
        bot = doors[0]
        settings = SlackSettings(bot_url=f"{bot}/slack/events", public_url=url_of(slack_socket), mode=transport)
        await house.enter_async_context(serving(create_quay(registry, Faults()), quay_socket))
        await house.enter_async_context(serving(create_slack(default_workspace(), settings), slack_socket))
        environment = {
            **os.environ,
            "SLACK_BOT_TOKEN": settings.bot_token,
            **_received(settings),
            "SLACK_API_URL": f"{url_of(slack_socket)}/api/",
            "QUAY_URL": url_of(quay_socket),
            "QUAY_TOKEN": "sandbox-superuser",
            "QUAY_READ_TOKEN": "sandbox-readonly",
            "REDIS_URL": redis_url,
            "PERMISSIONS_FILE": str(folder / "permissions.yaml"),
            "ALERTS_FILE": str(folder / "alerts.yaml"),
            "LISTEN_HOST": "127.0.0.1",
        }
        logs = []
        for name, port in [*(("serve", port) for port in ports), *[("worker", 0)] * working_processes]:
            command = [sys.executable, "-m", "bot.cli", name]
            logs.append(folder / f"{name}-{port}.log")
            await house.enter_async_context(child(name, command, {**environment, "PORT": str(port)}, logs[-1]))
        page = await house.enter_async_context(httpx.AsyncClient(base_url=url_of(slack_socket), timeout=10))
        found = Town(page, bot, doors, registry, redis_url, settings.signing_secret, environment, transport)

        async def ready() -> bool:
            try:
                answered = all([(await page.get(f"{door}/readyz")).is_success for door in doors])
                return answered and all("checked_at_start" in log.read_text() for log in logs)
            except httpx.TransportError:
                return False

        await found.until(ready)
        yield found
        for log in logs:
            sys.stderr.write(log.read_text())


def _received(settings: SlackSettings) -> dict[str, str]:
    """The bot's settings for the transport."""
    if settings.mode == "socket":
        return {"SLACK_APP_TOKEN": settings.app_token, "SECRET_KEY": "k" * 32}
    return {"SLACK_SIGNING_SECRET": settings.signing_secret}
