"""Figures of speed, each against a baseline of the same run: `make bench` prints one JSON line for each.

No figure is a test: machines differ, ratios say more.
"""

import asyncio
import json
import shlex
import statistics
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from redis.asyncio import Redis
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from bot.alerts.config import AlertsFile
from bot.alerts.sweep import QuotaSweep
from bot.app import open_app, utc_now
from bot.config.logs import set_up_logs
from bot.config.settings import Settings
from bot.loading import Files, build_grammar, open_alerts, open_policy
from bot.permissions import Actor, Person, Place, decide
from bot.quay.client import Quay, open_client
from bot.web.server import build_server
from sandbox.quay.app import create_app as create_quay
from sandbox.quay.faults import Faults
from sandbox.quay.seed import seed
from sandbox.redis_server import redis_server
from sandbox.slack.app import SlackSettings
from sandbox.slack.app import create_app as create_slack
from sandbox.slack.cast import default_workspace
from sandbox.slack.model import APP_ID
from tests.support.servers import served
from tests.support.world import FakeSlack

ROOT = Path(__file__).parents[1]
ROUNDS = 200
NAMESPACES = 10_000
TYPED = "quota set team-a 100GiB"


def main() -> None:
    """Print every figure."""
    set_up_logs("CRITICAL")
    grammar = build_grammar("/quay")
    policy = open_policy(str(ROOT / "permissions.yaml"), grammar).current()
    carol = Person(Actor(policy.workspace, "U03CAROL"), "member")
    arguments: dict[str, str | int | bool | None] = {"namespace": "team-a", "limit": 100 * 1024**3}
    place = Place("C0REGADMIN")

    def decision() -> object:
        return decide(policy, carol, "createUserQuotaSuperUser", arguments, place)

    body = json.dumps({"text": TYPED, "user_id": "U03CAROL", "channel_id": "C0REGADMIN"})
    tell("parse_command", timed(partial(grammar.parse, TYPED)), timed(partial(shlex.split, TYPED)), "us", "shlex.split")
    tell("decide", timed(decision), timed(partial(json.loads, body)), "us", "json.loads of a payload")
    acknowledged, over_socket, empty = asyncio.run(acknowledgement())
    tell("acknowledge_command", acknowledged, empty, "us", "an empty route on the same server")
    tell("acknowledge_command_over_socket", over_socket, acknowledged, "us", "acknowledge_command, over HTTP")
    swept = asyncio.run(sweep())
    tell("sweep_page_of_100", swept.page, swept.bare_page, "ms", "the bare request for the page, read as JSON")
    tell("sweep_memory_peak", swept.peak, swept.answers, "MiB", f"all answers on {NAMESPACES} namespaces, as JSON")


def tell(figure: str, value: float, baseline: float, unit: str, against: str) -> None:
    """One figure."""
    line = {"figure": figure, "value": round(value, 1), "unit": unit, "baseline": f"{against}: {baseline:.1f} {unit}"}
    print(json.dumps({**line, "ratio": round(value / baseline, 2)}), flush=True)


def timed(work: Callable[[], object]) -> float:
    """The median of many calls, in microseconds."""
    samples = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        samples.append(time.perf_counter() - start)
    return statistics.median(samples) * 1e6


async def acknowledgement() -> tuple[float, float, float]:
    """How long a command takes to be acknowledged, over HTTP and over Socket Mode, and how long an empty route takes.

    In microseconds, as Slack would measure it.
    """
    settings = SlackSettings(bot_url="")
    with redis_server(allow_fake=False) as redis:
        async with AsyncExitStack() as stack:
            quay = await stack.enter_async_context(served(create_quay(seed(), Faults())))
            slack = await stack.enter_async_context(served(create_slack(default_workspace(), settings)))
            given: dict[str, Any] = {
                "slack_bot_token": settings.bot_token,
                "slack_signing_secret": settings.signing_secret,
                "slack_api_url": f"{slack}/api/",
                "quay_url": quay,
                "quay_token": "sandbox-superuser",
                "redis_url": redis.url,
            }
            grammar = build_grammar("/quay")
            policy = open_policy(str(ROOT / "sandbox" / "permissions.yaml"), grammar)
            files = Files(grammar, policy, open_alerts("no alerts.yaml"))
            app = await stack.enter_async_context(open_app(Settings(**given), files))
            url = await stack.enter_async_context(served(build_server(app)))
            bare = await stack.enter_async_context(served(Starlette(routes=[Route("/", _empty, methods=["POST"])])))
            client = await stack.enter_async_context(httpx.AsyncClient())
            form = {"command": "/quay", "text": "help", "team_id": "T0SANDBOX", "user_id": "U02BOB"}
            more = {"channel_id": "C0REGADMIN", "trigger_id": "1.1", "response_url": f"{slack}/hooks/response/x"}
            signed = partial(_signed, client, f"{url}/slack/events", urlencode(form | more), settings.signing_secret)
            http, empty = await awaited(signed), await awaited(partial(client.post, bare, content="x"))
            received = Settings(**given, slack_app_token=settings.app_token, secret_key="k" * 32)
            over_socket = await stack.enter_async_context(open_app(received, files))
            await stack.enter_async_context(served(build_server(over_socket)))
            return http, await _over_socket(client, slack, form | more), empty


@dataclass(frozen=True)
class Swept:
    """What a sweep costs: ms for each page, MiB; and the same pages when they are only fetched."""

    page: float
    bare_page: float
    peak: float
    answers: float


async def sweep() -> Swept:
    """Sweep a registry of NAMESPACES namespaces, as the sandbox has them."""
    every = {"namespaces": ["*", "user:*"], "channel": "C0ADMIN"}
    config = AlertsFile.model_validate({"version": 1, "admin_channel": "C0ADMIN", "quotas": {"routes": [every]}})
    with redis_server(allow_fake=False) as server:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(served(create_quay(seed(namespaces=NAMESPACES), Faults())))
            http = await stack.enter_async_context(open_client(url))
            redis = await stack.enter_async_context(Redis.from_url(server.url))
            await _bare_pages(http)
            start = time.perf_counter()
            answers = await _bare_pages(http)
            bare = time.perf_counter() - start
            sweeping = QuotaSweep(Quay(http, "sandbox-superuser"), redis, FakeSlack(), utc_now)
            await sweeping.run(config)
            start = time.perf_counter()
            result = await sweeping.run(config)
            swept = time.perf_counter() - start
            tracemalloc.start()
            await sweeping.run(config)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    pages = result.requests
    return Swept(swept * 1e3 / pages, bare * 1e3 / pages, peak / 2**20, answers / 2**20)


async def _bare_pages(http: httpx.AsyncClient) -> int:
    """Fetch all pages as a sweep does, and return their bytes."""
    total = 0
    for path in ("organizations", "users"):
        token: str | None = ""
        while token is not None:
            query = {"limit": "100", **({"next_page": token} if token else {})}
            headers = {"Authorization": "Bearer sandbox-superuser"}
            answer = await http.get(f"/api/v1/superuser/{path}/", params=query, headers=headers)
            total += len(answer.raise_for_status().content)
            token = answer.json().get("next_page")
    return total


async def _signed(client: httpx.AsyncClient, url: str, body: str, secret: str) -> object:
    stamp = str(int(time.time()))
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body) or "",
    }
    return (await client.post(url, content=body, headers=headers)).raise_for_status()


async def _over_socket(client: httpx.AsyncClient, slack: str, command: dict[str, str]) -> float:
    """The median of what the simulated Slack measures from an envelope to its acknowledgement, in microseconds."""
    door = f"{slack}/sandbox/slack"
    while not (await client.get(f"{door}/socket")).json()["connections"]:  # noqa: ASYNC110  # Slack sets no event
        await asyncio.sleep(0.01)
    wish = {"kind": "slash_commands", "payload": {**command, "api_app_id": APP_ID}}
    for _ in range(ROUNDS):
        (await client.post(f"{door}/deliver", json=wish)).raise_for_status()
        await asyncio.sleep(0.01)
    log: list[dict[str, Any]] = (await client.get(f"{door}/deliveries")).json()
    samples: list[float] = [one["seconds"] for one in log if one["way"] == "socket"]
    return statistics.median(samples) * 1e6


async def _empty(_: object) -> Response:
    return Response()


async def awaited(work: Callable[[], Awaitable[object]]) -> float:
    """The median of many requests, one after the other, in microseconds."""
    samples = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        await work()
        samples.append(time.perf_counter() - start)
        await asyncio.sleep(0.01)  # what follows an acknowledgement is not part of it
    return statistics.median(samples) * 1e6


if __name__ == "__main__":
    main()
