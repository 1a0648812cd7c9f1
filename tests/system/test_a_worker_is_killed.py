"""A worker's process is killed in the middle of two changes: half a minute later another one has taken both over."""

import asyncio
import time

import pytest
from redis.asyncio import Redis

from tests.system.conftest import Town
from tests.system.test_nothing_breaks_off_a_change import CAROL, worker, writes

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def working_processes() -> int:
    """The test starts its own."""
    return 0


def limit_of(town: Town, name: str) -> int:
    quota = town.registry.namespaces[name].quota
    assert quota is not None
    return quota.limit_bytes // 2**30


async def test_both_are_settled_truly_within_forty_seconds(town: Town) -> None:
    """The one whose call was sent is looked up and never sent again; the other one is sent."""
    wanted = {name: limit_of(town, name) + 1 for name in ("team-alpha", "team-beta")}
    faults = f"{town.environment['QUAY_URL']}/sandbox/quay/faults"
    async with worker(town) as killed:
        cards = {}
        for name, size in wanted.items():
            await town.say(CAROL, f"/quay quota set {name} {size}GiB")
            cards[name] = await town.sees(CAROL, f"{name} to {size} GiB", "change_confirm")
        before = await writes(town, "PUT", "/quota/")
        slow = [
            {"method": "PUT", "path": "/api/v1/**/team-alpha/**", "seconds": 20, "after_effect": True},
            {"method": "GET", "path": "/api/v1/**/team-beta", "seconds": 20},
        ]
        assert (await town.page.post(faults, json={"slow": slow})).is_success
        for card in cards.values():
            await town.press(CAROL, card, "change_confirm")

        async def in_the_middle() -> bool:
            async with Redis.from_url(town.redis_url) as redis:
                claimed = await redis.zcard("quaymaster:confirmations:running") == len(wanted)
            return claimed and limit_of(town, "team-alpha") == wanted["team-alpha"]

        await town.until(in_the_middle)
        killed.kill()
        await killed.wait()
    at = time.monotonic()
    await town.page.post(faults, json={})
    async with worker(town):
        async with asyncio.timeout(60):
            while limit_of(town, "team-beta") != wanted["team-beta"]:  # noqa: ASYNC110  # another process sets it
                await asyncio.sleep(0.2)
        assert 25 < time.monotonic() - at < 40
        for name, size in wanted.items():
            await town.sees(CAROL, f"{name} to {size} GiB*: done", after=cards[name]["ts"])
    assert await writes(town, "PUT", "/quota/") == before + len(wanted)
