"""Slowness: of one operation or of all, before the work or after it."""

import time

import httpx
import pytest

from sandbox.quay.state import Registry

DOOR = "/sandbox/quay"
KEYS = "/api/v1/superuser/keys"
QUOTA = "/api/v1/superuser/organization/library/quota"


async def test_one_operation_is_slow_until_that_is_cleared(quay: httpx.AsyncClient) -> None:
    """The others are not."""
    await quay.post(f"{DOOR}/faults", json={"slow": [{"operation": "listServiceKeys", "seconds": 0.2}]})
    took = []
    for path in (KEYS, KEYS, QUOTA):
        started = time.perf_counter()
        assert (await quay.get(path)).status_code == 200
        took.append(time.perf_counter() - started >= 0.2)
    assert took == [True, True, False]


@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_client_that_loses_patience_does_not_know_whether_the_write_landed(
    lab: Registry, quay: httpx.AsyncClient, after_effect: bool
) -> None:
    """Slow before the work: nothing is there when the client gives up. Slow after it: everything is."""
    slow = {"seconds": 0.4, "after_effect": after_effect, "method": "POST", "remaining": 1}
    await quay.post(f"{DOOR}/faults", json={"slow": [slow]})
    with pytest.raises(httpx.ReadTimeout):
        await quay.post(QUOTA, json={"limit_bytes": 1000}, timeout=0.2)
    assert (lab.namespaces["library"].quota is not None) == after_effect


async def test_a_gateway_gives_up_after_a_while(lab: Registry, quay: httpx.AsyncClient) -> None:
    """Slowness and a failure together."""
    faults = {"slow": [{"seconds": 0.2}], "failures": [{"kind": "504", "late_seconds": 60}]}
    await quay.post(f"{DOOR}/faults", json=faults)
    started = time.perf_counter()
    assert (await quay.post(QUOTA, json={"limit_bytes": 1000})).status_code == 504
    assert time.perf_counter() - started >= 0.2
    assert lab.namespaces["library"].quota is None
