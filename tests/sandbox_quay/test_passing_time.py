"""With its background workers on, the registry changes by itself as its clock goes on."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from sandbox.quay.state import Registry

API = "/api/v1/superuser"


@pytest.fixture
def pass_time(lab: Registry) -> Callable[[timedelta], None]:
    """Turn the lab's workers on, and get its clock's hand."""
    lab.features.background_workers = True
    clock = lab.clock

    def advance(step: timedelta) -> None:
        clock.now += step  # type: ignore[attr-defined]

    return advance


async def test_an_expired_key_is_hidden_after_a_week(
    quay: httpx.AsyncClient, pass_time: Callable[[timedelta], None]
) -> None:
    """Until then it is listed."""
    pass_time(timedelta(days=5))
    assert (await quay.get(f"{API}/keys/kid6")).status_code == 200
    pass_time(timedelta(days=2))
    assert (await quay.get(f"{API}/keys/kid6")).status_code == 404


async def test_a_deleted_name_becomes_free(quay: httpx.AsyncClient, pass_time: Callable[[timedelta], None]) -> None:
    """When the worker is through with the deletion."""
    await quay.delete(f"{API}/users/reader")
    pass_time(timedelta(minutes=5))
    assert (await quay.post(f"{API}/users/", json={"username": "reader"})).status_code == 200


async def test_a_measurement_is_queued_runs_and_ends(
    quay: httpx.AsyncClient, pass_time: Callable[[timedelta], None]
) -> None:
    """Then the size and its time are new, and another one may be queued."""
    path = f"{API}/registrysize/"
    await quay.post(path)
    pass_time(timedelta(seconds=5))
    assert (await quay.get(path)).json()["running"] is True
    pass_time(timedelta(seconds=10))
    done = (await quay.get(path)).json()
    assert (done["queued"], done["running"], done["last_ran"]) == (False, False, 1795474455000)
    assert done["size_bytes"] > 0
    assert (await quay.post(path)).status_code == 201
