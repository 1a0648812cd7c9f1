"""Round trips are counted: one request to Quay where one can do, at most two round trips to Redis for a read."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient
from redis.asyncio import Connection, ConnectionPool, Redis
from redis.asyncio.connection import parse_url

from bot.permissions import Policy
from tests.support.world import POLICY, World, open_world

OWN: dict[str, Any] = {"name": "askers ask the bot", "who": ["askers"], "may": ["alerts", "audit"]}
trips: list[bytes] = []
"""What was sent to Redis, each in one go: what a script does there is no round trip."""


@pytest.fixture
async def world(redis: Redis, redis_url: str) -> AsyncIterator[World]:
    """A world whose round trips to Redis are counted."""
    options: dict[str, Any] = dict(parse_url(redis_url))
    kind: type[Connection] = options.pop("connection_class", Connection)

    class Counted(kind):  # type: ignore[misc, valid-type]
        async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
            trips.append(command if isinstance(command, bytes) else b"".join(command))
            await super().send_packed_command(command, check_health)

    pool = ConnectionPool(connection_class=Counted, **options)
    async with Redis(connection_pool=pool) as counted, open_world(counted) as opened:
        opened.policy = Policy.model_validate(POLICY | {"rules": [*POLICY["rules"], OWN]})
        yield opened
    await pool.aclose()


async def requests_to_quay(world: World) -> list[str]:
    async with AsyncClient(base_url=world.quay_url) as client:
        return [f"{r['method']} {r['path']}" for r in (await client.get("/sandbox/quay/requests")).json()["requests"]]


UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("text", "requests"),
    [
        ("keys list", ["GET /api/v1/superuser/keys"]),
        ("quota show team-alpha", ["GET /api/v1/organization/team-alpha"]),
        ("orgs list", ["GET /api/v1/superuser/organizations/"]),
        ("users list", ["GET /api/v1/superuser/users/"]),
        ("registry size", ["GET /api/v1/superuser/registrysize/"]),
        ("logs", ["GET /api/v1/superuser/logs"]),
        (f"builds show {UNKNOWN}", [f"GET /api/v1/superuser/{UNKNOWN}/build"]),
        (f"builds status {UNKNOWN}", [f"GET /api/v1/superuser/{UNKNOWN}/status"]),
        (f"builds logs {UNKNOWN}", [f"GET /api/v1/superuser/{UNKNOWN}/logs"]),
        ("config", ["GET /api/v1/superuser/config"]),
        ("config SERVER_HOSTNAME", ["GET /api/v1/superuser/config"]),
        ("users show quayadmin", ["GET /api/v1/superuser/users/quayadmin"]),
        ("orgs show team-alpha", [f"GET /api/v1/organization/team-alpha{part}" for part in ("", "/members")]),
        ("help", []),
        ("pending", []),
        ("why quota set namespace=team-a limit=1GiB", []),
        ("keys lst", []),
    ],
)
async def test_a_read_costs_one_request_and_two_round_trips(world: World, text: str, requests: list[str]) -> None:
    """Counted by the simulated Quay, and where Redis is spoken to. An organization's members are asked for beside."""
    await world.type("U0CAROL", text)
    async with AsyncClient(base_url=world.quay_url) as client:
        await client.delete("/sandbox/quay/requests")
    await world.redis.get("nothing")
    trips.clear()
    await world.type("U0CAROL", text, delivery="again", signature="again")
    assert sorted(await requests_to_quay(world)) == requests
    assert len(trips) <= 2, trips


@pytest.mark.parametrize(("text", "most"), [("alerts", 2), ("audit", 3), ("audit --actor <@U0DAVE>", 3)])
async def test_what_the_bot_tells_of_itself_costs_no_request(world: World, text: str, most: int) -> None:
    """One round trip to record who asked, one to read; a list keeps where its reader is."""
    await world.type("U0DAVE", text)
    await world.redis.get("nothing")
    trips.clear()
    await world.type("U0DAVE", text, delivery="again", signature="again")
    assert await requests_to_quay(world) == []
    assert len(trips) <= most, trips


@pytest.mark.parametrize("text", ["help", "keys lst", "orgs delete team-alpha", "freeze", "keys list"])
async def test_the_first_round_trip_takes_the_right_to_carry_a_command_out(world: World, text: str) -> None:
    """Be it answered, corrected or refused; so the same delivery again costs one round trip, and does nothing."""
    await world.type("U0CAROL", text)
    await world.redis.get("nothing")
    trips.clear()
    await world.type("U0CAROL", text, delivery="again", signature="again")
    assert b"quaymaster:delivered:" in trips[0]
    events = await world.events()
    await world.redis.get("nothing")
    trips.clear()
    assert await world.type("U0CAROL", text, delivery="again", signature="again") is None
    assert {b"quaymaster:delivered:" in trip for trip in trips} == {True}
    assert await world.events() == events


async def test_nobody_who_could_not_be_allowed_causes_a_request(world: World) -> None:
    """A short id is completed only for somebody whom some rule could allow it."""
    await world.type("U0CAROL", "keys show abcdef", channel="C9")
    assert await requests_to_quay(world) == []


async def test_executing_a_quota_costs_four_requests(world: World) -> None:
    """The quota and the settings behind it, the one write, reading back."""
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=100 * 1024**3)
    await world.click("U0CAROL", "change_confirm", record.id)
    async with AsyncClient(base_url=world.quay_url) as client:
        await client.delete("/sandbox/quay/requests")
    await world.work()
    done = await requests_to_quay(world)
    assert [request.split()[0] for request in done] == ["GET", "GET", "PUT", "GET"]
