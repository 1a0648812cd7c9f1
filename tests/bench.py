"""Figures of speed, each against a baseline of the same run: `make bench` prints one JSON line for each.

No figure is a test: machines differ, ratios say more.
"""

import asyncio
import json
import shlex
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import httpx
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from bot.app import build_grammar, open_alerts, open_app, open_policy
from bot.logs import set_up_logs
from bot.permissions import Actor, Person, Place, decide
from bot.server import build_server
from bot.settings import Settings
from sandbox.quay.app import create_app as create_quay
from sandbox.quay.faults import Faults
from sandbox.quay.seed import seed
from sandbox.redis_server import redis_server
from sandbox.slack.app import SlackSettings
from sandbox.slack.app import create_app as create_slack
from sandbox.slack.cast import default_workspace
from tests.support.servers import served

ROOT = Path(__file__).parents[1]
ROUNDS = 200
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
    acknowledged, empty = asyncio.run(acknowledgement())
    tell("acknowledge_command", acknowledged, empty, "us", "an empty route on the same server")


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


async def acknowledgement() -> tuple[float, float]:
    """How long a signed command takes to be acknowledged, and how long an empty route takes, in microseconds."""
    settings = SlackSettings(bot_url="")
    with redis_server(allow_fake=False) as redis:
        async with AsyncExitStack() as stack:
            quay = await stack.enter_async_context(served(create_quay(seed(), Faults())))
            slack = await stack.enter_async_context(served(create_slack(default_workspace(), settings)))
            bot = Settings(
                slack_bot_token=settings.bot_token,
                slack_signing_secret=settings.signing_secret,
                slack_api_url=f"{slack}/api/",
                quay_url=quay,
                quay_token="sandbox-superuser",
                redis_url=redis.url,
            )
            grammar = build_grammar("/quay")
            policy = open_policy(str(ROOT / "sandbox" / "permissions.yaml"), grammar)
            app = await stack.enter_async_context(open_app(bot, policy, grammar, open_alerts("no alerts.yaml")))
            url = await stack.enter_async_context(served(build_server(app)))
            bare = await stack.enter_async_context(served(Starlette(routes=[Route("/", _empty, methods=["POST"])])))
            client = await stack.enter_async_context(httpx.AsyncClient())
            form = {"command": "/quay", "text": "help", "team_id": "T0SANDBOX", "user_id": "U02BOB"}
            more = {"channel_id": "C0REGADMIN", "trigger_id": "1.1", "response_url": f"{slack}/hooks/response/x"}
            signed = partial(_signed, client, f"{url}/slack/events", urlencode(form | more), settings.signing_secret)
            return await awaited(signed), await awaited(partial(client.post, bare, content="x"))


async def _signed(client: httpx.AsyncClient, url: str, body: str, secret: str) -> object:
    stamp = str(int(time.time()))
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body) or "",
    }
    return (await client.post(url, content=body, headers=headers)).raise_for_status()


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
