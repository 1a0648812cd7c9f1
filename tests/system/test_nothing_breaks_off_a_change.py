"""The worker's process on the pinned SAQ: neither an abort, nor a sweep, nor SIGTERM breaks off a change.

Each wait of an execution is made long in turn: for Slack's word on the people, for the state before, for the call,
for its answer, for the state after.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from saq import Job
from saq.queue.redis import RedisQueue

from bot.jobs.worker import QUEUE
from bot.storage.processes import HEARTBEAT
from tests.system.conftest import Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]

CAROL, BOB = "U03CAROL", "U02BOB"
SLOW = 2.5
"""Seconds. SAQ aborts a job that has run for one second, and looks for such jobs every second."""
WAITS: dict[str, dict[str, Any]] = {
    "the people": {},
    "the state before": {"operation": "getOrganization"},
    "the call": {"operation": "changeUserQuotaSuperUser"},
    "its answer": {"operation": "changeUserQuotaSuperUser", "after_effect": True},
    "the state after": {"operation": "listUserQuotaSuperUser"},
}


@pytest.fixture(scope="module")
def working_processes() -> int:
    """Each test starts its own."""
    return 0


@asynccontextmanager
async def worker(town: Town) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker's process once it is alive; it is killed in the end if it is still there."""
    began = time.time()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot.cli", "worker", env=town.environment)

    async def is_alive() -> bool:
        async with Redis.from_url(town.redis_url) as redis:
            return float(await redis.get(HEARTBEAT) or 0) > began

    try:
        await town.until(is_alive)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _nothing_is_slow_afterwards(town: Town) -> AsyncIterator[None]:
    yield
    await town.page.post(f"{town.environment['QUAY_URL']}/sandbox/quay/faults", json={})
    await town.switch("latency", seconds=0)


async def make_slow(town: Town, wait: str) -> None:
    if wait == "the people":
        await town.switch("latency", seconds=SLOW / 2)
    else:
        wish = {"slow": [{**WAITS[wait], "seconds": SLOW}]}
        answer = await town.page.post(f"{town.environment['QUAY_URL']}/sandbox/quay/faults", json=wish)
        assert answer.is_success, answer.text


async def writes(town: Town, method: str, path: str) -> int:
    """How many requests of a method Quay has got whose path holds this."""
    found = await town.page.get(f"{town.environment['QUAY_URL']}/sandbox/quay/requests")
    return sum(each["method"] == method and path in each["path"] for each in found.json()["requests"])


@dataclass
class Aborts:
    """Asks SAQ to abort the job of a change, and to sweep, as fast as Redis goes."""

    queue: RedisQueue
    record_id: str
    forced: int = 0

    async def force(self) -> None:
        """Until it is cancelled."""
        while True:
            job = await self.queue.job(f"change:{self.record_id}")
            if job is not None:
                await self.queue.abort(job, "forced", ttl=1)
                self.forced += 1
            await self.queue.redis.delete(self.queue.namespace("sweep"))
            await self.queue.sweep(lock=1, abort=0.01)
            await asyncio.sleep(0.002)

    async def wake(self) -> None:
        """Wake the worker for the change again and again, so that there is something to abort."""
        while True:
            await self.queue.enqueue(Job("execute", kwargs={"change": self.record_id}, key=f"change:{self.record_id}"))
            await asyncio.sleep(0.05)


@asynccontextmanager
async def aborted(town: Town, record_id: str) -> AsyncIterator[Aborts]:
    async with Redis.from_url(town.redis_url) as redis:
        aborts = Aborts(RedisQueue(redis, name=QUEUE), record_id)
        tasks = [asyncio.create_task(work()) for work in (aborts.force, aborts.wake)]
        try:
            yield aborts
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert all(task.cancelled() for task in tasks)


def record_of(card: dict[str, Any]) -> str:
    """What the buttons of a card carry."""
    return next(
        str(element["value"]) for block in card["blocks"] for element in block.get("elements", []) if "value" in element
    )


def limit_of(town: Town) -> int:
    quota = town.registry.namespaces["team-beta"].quota
    assert quota is not None
    return quota.limit_bytes // 2**30


async def plan(town: Town) -> tuple[dict[str, Any], int]:
    """The plan of a new quota that Carol may confirm herself, and the limit in GiB."""
    wanted = limit_of(town) + 1
    await town.say(CAROL, f"/quay quota set team-beta {wanted}GiB")
    return await town.sees(CAROL, f"team-beta to {wanted} GiB", "change_confirm"), wanted


@pytest.mark.parametrize("wait", WAITS)
async def test_saq_breaks_off_no_change(town: Town, wait: str) -> None:
    """Aborts are forced all the time: the change is sent once, and told as it is."""
    async with worker(town):
        card, wanted = await plan(town)
        sent = await writes(town, "PUT", "/team-beta/quota/")
        await make_slow(town, wait)
        async with aborted(town, record_of(card)) as aborts:
            await town.press(CAROL, card, "change_confirm")
            await town.sees(CAROL, f"team-beta to {wanted} GiB*: done", after=card["ts"])
        assert aborts.forced > 100
        assert (limit_of(town), await writes(town, "PUT", "/team-beta/quota/")) == (wanted, sent + 1)


@pytest.mark.parametrize("after_effect", [False, True])
async def test_saq_loses_no_secret(town: Town, after_effect: bool) -> None:
    """The password comes with the answer of the call; its owner is offered it."""
    name = f"abel-{after_effect}".lower()
    async with worker(town):
        await town.say(CAROL, f"/quay users create {name} --email {name}@example.com")
        card = await town.sees(BOB, name, "change_approve")
        wish = {"slow": [{"operation": "createInstallUser", "seconds": SLOW, "after_effect": after_effect}]}
        await town.page.post(f"{town.environment['QUAY_URL']}/sandbox/quay/faults", json=wish)
        before = await writes(town, "POST", "/superuser/users")
        async with aborted(town, record_of(card)):
            await town.press(BOB, card, "change_approve")
            offered = await town.sees(CAROL, f"password of {name}", "secret_reveal", after=card["ts"])
        await town.press(CAROL, offered, "secret_reveal")
        await town.modal(CAROL, f"password of {name}")
        assert await writes(town, "POST", "/superuser/users") == before + 1


async def has_come_to(town: Town, wait: str, record_id: str, wanted: int) -> bool:
    """Whether the execution is at the wait that is long."""
    async with Redis.from_url(town.redis_url) as redis:
        match wait:
            case "the people" | "the state before":
                return await redis.zscore("quaymaster:confirmations:running", record_id) is not None
            case "the call":
                newest = [fields[b"body"] for _, fields in await redis.xrevrange("quaymaster:audit", count=5)]
                return any(b"change_intent" in body and record_id.encode() in body for body in newest)
            case _:
                return limit_of(town) == wanted


@pytest.mark.parametrize("wait", WAITS)
async def test_a_worker_that_is_told_to_stop_finishes_its_changes(town: Town, wait: str) -> None:
    """It ends with status 0 when the outcome is recorded; no other worker is needed for it."""
    async with worker(town) as process:
        card, wanted = await plan(town)
        sent = await writes(town, "PUT", "/team-beta/quota/")
        await make_slow(town, wait)
        await town.press(CAROL, card, "change_confirm")
        await town.until(partial(has_come_to, town, wait, record_of(card), wanted))
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 20) == 0
        assert (limit_of(town), await writes(town, "PUT", "/team-beta/quota/")) == (wanted, sent + 1)
    async with worker(town):
        await town.sees(CAROL, f"team-beta to {wanted} GiB*: done", after=card["ts"])
