"""A gateway gives up on Quay, and Quay goes on: the write lands after the answer."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sandbox.quay.faults import Failure, Faults
from sandbox.quay.state import Registry

DOOR = "/sandbox/quay"
QUOTA = "/api/v1/superuser/organization/library/quota"


def late(kind: str) -> dict[str, Any]:
    return {"failures": [{"kind": kind, "late_seconds": 8, "operation": "createUserQuotaSuperUser"}]}


async def number_late(quay: httpx.AsyncClient) -> int:
    waiting: int = (await quay.get(f"{DOOR}/state")).json()["late_requests"]
    return waiting


@pytest.mark.parametrize("kind", ["502", "504", "500", "503"])
async def test_the_answer_comes_at_once_and_the_write_lands_by_the_clock(
    clock: Any, quay: httpx.AsyncClient, kind: str
) -> None:
    """To the second; whoever looks before sees nothing."""
    await quay.post(f"{DOOR}/faults", json=late(kind))
    assert (await quay.post(QUOTA, json={"limit_bytes": 1000})).status_code == int(kind)
    clock.now += timedelta(seconds=7.9)
    assert (await quay.get(QUOTA)).json() == []
    assert await number_late(quay) == 1
    clock.now += timedelta(seconds=0.1)
    assert (await quay.get(QUOTA)).json()[0]["limit_bytes"] == 1000
    assert await number_late(quay) == 0


async def test_a_late_write_is_judged_when_it_lands(clock: Any, quay: httpx.AsyncClient) -> None:
    """Another one that came in between wins; the late one is refused, and nobody hears of it."""
    await quay.post(f"{DOOR}/faults", json=late("504"))
    assert (await quay.post(QUOTA, json={"limit_bytes": 1000})).status_code == 504
    assert (await quay.post(QUOTA, json={"limit_bytes": 2000})).status_code == 201
    clock.now += timedelta(seconds=8)
    assert (await quay.get(QUOTA)).json()[0]["limit_bytes"] == 2000


async def test_late_writes_land_though_the_faults_are_over(lab: Registry, quay: httpx.AsyncClient) -> None:
    """What is under way is under way; the door can let it land at once."""
    await quay.post(f"{DOOR}/faults", json=late("504"))
    await quay.post(QUOTA, json={"limit_bytes": 1000})
    await quay.post(f"{DOOR}/faults", json={})
    assert await number_late(quay) == 1
    assert (await quay.post(f"{DOOR}/late")).status_code == 204
    assert lab.namespaces["library"].quota is not None


async def test_a_late_write_lands_by_itself(lab: Registry, serve: Any) -> None:
    """With a clock that goes on, nobody has to ask."""
    lab.clock = lambda: datetime.now(UTC)
    async with serve(lab, Faults(failures=[Failure("504", late_seconds=0.05)])) as quay:
        quay.headers["Authorization"] = "Bearer superuser"
        await quay.post(QUOTA, json={"limit_bytes": 1000})
        assert lab.namespaces["library"].quota is None
        async with asyncio.timeout(5):
            while lab.namespaces["library"].quota is None:  # noqa: ASYNC110  # a registry sets no event
                await asyncio.sleep(0.01)
