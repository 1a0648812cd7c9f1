"""Which keys Quay removes by itself, and when: those of one service, as another key of that service comes or goes."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from sandbox.quay.state import Approval, Registry, ServiceKey
from tests.sandbox_quay.key_server import JWK, SERVICE, putting

API = "/api/v1/superuser"
OLD, YOUNG, LONG_EXPIRED, OTHER = "old", "young", "long-expired", "old-of-another-service"

Act = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


@pytest.fixture(autouse=True)
def keys(lab: Registry) -> None:
    """Two that wait, one that expired long ago, one that waits for another service, and one that is approved."""
    now, day = lab.clock(), timedelta(days=1)
    approval = Approval("SUPERUSER", now, "quayadmin", "")
    for kid, service, age in ((OLD, SERVICE, 3 * day), (YOUNG, SERVICE, 0.9 * day), (OTHER, "clair", 3 * day)):
        lab.keys[kid] = ServiceKey(kid, service, JWK, now - age)
    lab.keys[LONG_EXPIRED] = ServiceKey(
        LONG_EXPIRED, SERVICE, JWK, now - 90 * day, expiration=now - 7 * day, approval=approval
    )
    lab.keys["in-use"] = ServiceKey("in-use", SERVICE, JWK, now - 9 * day, approval=approval)


async def put(quay: httpx.AsyncClient) -> httpx.Response:
    return await putting(quay)()


async def create(quay: httpx.AsyncClient) -> httpx.Response:
    return await quay.post(f"{API}/keys", json={"service": SERVICE, "expiration": None})


async def delete(quay: httpx.AsyncClient) -> httpx.Response:
    return await quay.delete(f"{API}/keys/in-use")


async def rotate(quay: httpx.AsyncClient) -> httpx.Response:
    return await putting(quay)(kid="next", signer="in-use")


def others(service: str) -> Act:
    async def act(quay: httpx.AsyncClient) -> httpx.Response:
        return await quay.post(f"{API}/keys", json={"service": service, "expiration": None})

    return act


async def look(quay: httpx.AsyncClient) -> httpx.Response:
    return await quay.get(f"{API}/keys")


async def update(quay: httpx.AsyncClient) -> httpx.Response:
    return await quay.put(f"{API}/keys/{OLD}", json={"name": "still here"})


@pytest.mark.parametrize("act", [put, rotate, create, delete])
async def test_a_key_of_the_same_service_drives_them_out(lab: Registry, quay: httpx.AsyncClient, act: Act) -> None:
    """Waiting ones of more than a day, and what expired more than seven days ago."""
    assert (await act(quay)).is_success
    assert {OLD, YOUNG, LONG_EXPIRED, OTHER} & lab.keys.keys() == {YOUNG, OTHER}
    assert (await quay.post(f"{API}/approvedkeys/{OLD}", json={})).status_code == 404


@pytest.mark.parametrize("act", [look, update, others("mirror"), others("quay")])
async def test_nothing_else_does(lab: Registry, quay: httpx.AsyncClient, act: Act) -> None:
    """However old a waiting key is, it is listed and can be approved, with Quay's background workers running too."""
    lab.features.background_workers = True
    assert (await act(quay)).is_success
    assert {OLD, YOUNG, LONG_EXPIRED, OTHER} <= lab.keys.keys()
    listed = {key["kid"] for key in (await quay.get(f"{API}/keys")).json()["keys"]}
    assert {OLD, YOUNG, LONG_EXPIRED, OTHER} & listed == {OLD, YOUNG, OTHER}
    assert (await quay.post(f"{API}/approvedkeys/{OLD}", json={})).status_code == 201
