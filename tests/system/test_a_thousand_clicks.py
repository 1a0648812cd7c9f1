"""A thousand people press the same button at the same time, and several processes serve them over one Redis."""

import asyncio
import json
import time
from collections import Counter
from itertools import cycle

import pytest
from aiohttp import ClientSession, TCPConnector
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.servers import served
from tests.system.conftest import Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]
CLICKS = 1000


@pytest.fixture(scope="module")
def serving_processes() -> int:
    return 4


async def test_a_thousand_clicks_in_four_processes_are_one_execution(town: Town) -> None:
    """Everybody but one is told who was first; the registry is sent one approval."""
    kid = next(k.kid for k in town.registry.keys.values() if k.service == "quay_builder" and k.approval is None)
    card = await town.sees("U02BOB", kid, "waits for approval")
    button = next(e for e in card["blocks"][-1]["elements"] if e["action_id"] == "key_approve")
    told: list[str] = []

    async def answered(request: Request) -> Response:
        told.append((await request.body()).decode())
        return Response("ok")

    answers = Starlette(routes=[Route("/said", answered, methods=["POST"])])
    async with served(answers) as url, ClientSession(connector=TCPConnector(limit=200)) as slack:

        async def press(user: str, door: str) -> int:
            body = town.click(user, card, button, answer_to=f"{url}/said")
            headers = {"content-type": "application/x-www-form-urlencoded"}
            signed = headers | town.signature(body, int(time.time()))
            async with slack.post(f"{door}/slack/events", data=body, headers=signed) as response:
                return response.status

        people, doors = cycle(["U02BOB", "U01ALICE"]), cycle([door for door in town.doors for _ in range(2)])
        statuses = await asyncio.gather(*(press(next(people), next(doors)) for _ in range(CLICKS)))
        assert Counter(statuses) == {200: CLICKS}

        async def enough() -> bool:
            return len(told) >= CLICKS - 1

        await town.until(enough)

    ended = await town.sees("U02BOB", kid, "✅")
    approval = town.registry.keys[kid].approval
    assert approval is not None
    winner = "U02BOB" if "U02BOB" in approval.notes else "U01ALICE"
    assert f"(`{winner}`)" in str(ended)
    others = [said for said in told if f"(`{winner}`) was first and approved it" in said]
    assert len(others) == CLICKS - 1
    events = Counter(entry["event"] for entry in await entries_of(town, str(button["value"])))
    assert events == {"key_arrived": 1, "change_approved": 1, "change_intent": 1, "change_outcome": 1}
    requests = (await town.page.get(f"{town.environment['QUAY_URL']}/sandbox/quay/requests")).json()["requests"]
    assert [request["path"] for request in requests if request["method"] == "POST"] == [
        f"/api/v1/superuser/approvedkeys/{kid}"
    ]


async def entries_of(town: Town, record: str) -> list[dict[str, object]]:
    """What the audit has of a change, read from Redis as anybody could."""
    async with Redis.from_url(town.redis_url) as redis:
        found = [json.loads(fields[b"body"]) for _, fields in await redis.xrange("quaymaster:audit")]
    return [entry for entry in found if entry["details"].get("change") == record]
