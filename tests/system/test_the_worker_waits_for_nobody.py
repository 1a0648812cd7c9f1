"""Whatever Slack or Quay holds up in the worker, the rest goes on: execution, expiry, schedules, the heartbeat."""

import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from bot.jobs.runs import RUNS
from bot.storage.processes import HEARTBEAT
from tests.system.conftest import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOB, CAROL, DAVE = "U02BOB", "U03CAROL", "U04DAVE"
TROUBLES: dict[str, dict[str, Any]] = {
    "Quay answers no list": {},
    "Slack answers no message": {"method": "chat.*", "connection": "silent", "times": None},
    "Slack limits messages for ten minutes": {"method": "chat.*", "status": 429, "retry_after": 600, "times": None},
}
"""The last one stays: the processes remember for how long they may post nothing."""
SLOW_LISTS = [
    {"operation": operation, "seconds": 60} for operation in ("listServiceKeys", "listAllOrganizations", "listAllUsers")
]


@pytest_asyncio.fixture(loop_scope="module", params=TROUBLES)
async def trouble(town: Town, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A trouble that can be switched on, and is over after the test."""
    yield request.param
    await town.page.delete("/sandbox/slack/faults")
    await town.page.post(f"{town.environment['QUAY_URL']}/sandbox/quay/faults", json={})


async def begin(town: Town, trouble: str) -> None:
    if TROUBLES[trouble]:
        await town.switch("faults", **TROUBLES[trouble])
    else:
        faults = f"{town.environment['QUAY_URL']}/sandbox/quay/faults"
        assert (await town.page.post(faults, json={"slow": SLOW_LISTS})).is_success


async def last_runs(redis: Redis) -> dict[str, str]:
    """When each job ran last."""
    stored: dict[bytes, bytes] = await redis.hgetall(RUNS)  # type: ignore[misc]  # typed for both clients
    return {name.decode(): str(json.loads(run)["at"]) for name, run in stored.items()}


async def test_everything_else_goes_on(town: Town, trouble: str) -> None:
    """An approved change is executed, a pending one expires, and what every worker does again and again is done."""
    quota = town.registry.namespaces["team-alpha"].quota
    assert quota is not None
    wanted = quota.limit_bytes // 2**30 + 1
    await town.say(DAVE, f"/quay quota set team-alpha {wanted}GiB")
    card = await town.sees(BOB, f"team-alpha to {wanted} GiB", "change_approve")
    await begin(town, trouble)
    await town.press(BOB, card, "change_approve")
    async with Redis.from_url(town.redis_url) as redis:
        latest = (await redis.xrevrange("quaymaster:audit", count=1))[0][0].decode()
        await town.say(DAVE, "/quay quota delete team-beta")

        async def is_executed() -> bool:
            return quota.limit_bytes // 2**30 == wanted

        async def has_expired() -> bool:
            entries = await redis.xrange("quaymaster:audit", min=f"({latest}")
            return any(b'"event":"change_expired"' in fields[b"body"] for _, fields in entries)

        async def goes_on(before: dict[str, str], beat: bytes) -> bool:
            now = await last_runs(redis)
            again = {"expire", "execute_due", "recover", "look_again", "freeze", "policy_file"}
            return all(now.get(job, "") > before.get(job, "") for job in again) and await redis.get(HEARTBEAT) > beat

        await town.until(is_executed)
        before, beat = await last_runs(redis), await redis.get(HEARTBEAT)
        await town.until(partial(goes_on, before, beat))
        await town.until(has_expired)
