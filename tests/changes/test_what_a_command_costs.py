"""Round trips are counted: one request to Quay where one can do, at most two round trips to Redis for a read."""

import pytest
from httpx import AsyncClient

from tests.support.world import World


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
    """Counted by the simulated Quay, and by Redis itself. An organization's members are asked for beside it."""
    await world.type("U0CAROL", "keys list")
    async with AsyncClient(base_url=world.quay_url) as client:
        await client.delete("/sandbox/quay/requests")
    await world.redis.config_resetstat()
    await world.type("U0CAROL", text)
    assert sorted(await requests_to_quay(world)) == requests
    calls = {name: figures["calls"] for name, figures in (await world.redis.info("commandstats")).items()}
    inside_the_script = {"cmdstat_get", "cmdstat_set", "cmdstat_xadd", "cmdstat_config|resetstat", "cmdstat_config"}
    assert sum(count for name, count in calls.items() if name not in inside_the_script) <= 2


async def test_nobody_who_could_not_be_allowed_causes_a_request(world: World) -> None:
    """A short id is completed only for somebody whom some rule could allow it."""
    await world.type("U0CAROL", "keys show abcdef", channel="C9")
    assert await requests_to_quay(world) == []


async def test_executing_a_quota_costs_three_requests(world: World) -> None:
    """Look, the one write, read back."""
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=100 * 1024**3)
    await world.click("U0CAROL", "change_confirm", record.id)
    async with AsyncClient(base_url=world.quay_url) as client:
        await client.delete("/sandbox/quay/requests")
    await world.work()
    done = await requests_to_quay(world)
    assert [request.split()[0] for request in done] == ["GET", "PUT", "GET"]
