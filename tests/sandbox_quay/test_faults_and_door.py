"""The sandbox's own door: faults on demand, switches, waiting keys, and the record of requests."""

import time

import httpx
import pytest

from sandbox.quay.jwk import thumbprint
from sandbox.quay.state import Registry

DOOR = "/sandbox/quay"
KEYS = "/api/v1/superuser/keys"
QUOTA = "/api/v1/superuser/organization/library/quota"


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_the_next_requests_fail_with_a_status(quay: httpx.AsyncClient, status: int) -> None:
    """As many as were wanted, and none after them."""
    await quay.post(f"{DOOR}/faults", json={"failures": [{"kind": str(status), "remaining": 2}]})
    assert [(await quay.get(KEYS)).status_code for _ in range(3)] == [status, status, 200]


async def test_every_request_can_be_slow(quay: httpx.AsyncClient) -> None:
    """Slower than the client's patience, if wanted; what was asked for happens nevertheless."""
    await quay.post(f"{DOOR}/faults", json={"delay_seconds": 0.05})
    started = time.perf_counter()
    assert (await quay.get(KEYS)).status_code == 200
    assert time.perf_counter() - started >= 0.05
    assert (await quay.post(f"{DOOR}/faults", json={})).json()["delay_seconds"] == 0


async def test_a_token_can_be_revoked(quay: httpx.AsyncClient) -> None:
    """It is unknown from then on."""
    await quay.post(f"{DOOR}/faults", json={"revoked_tokens": ["superuser"]})
    assert (await quay.get(KEYS)).status_code == 401


async def test_the_record_of_requests_can_be_read_and_forgotten(quay: httpx.AsyncClient) -> None:
    """The door's own requests are not in it, nor is any token."""
    await quay.get(KEYS)
    await quay.get(KEYS, headers={"Authorization": "Bearer bad"})
    requests = (await quay.get(f"{DOOR}/requests")).json()["requests"]
    assert [(one["path"], one["status"], one["token"]) for one in requests] == [
        (KEYS, 200, "superuser"),
        (KEYS, 401, "unknown"),
    ]
    assert (await quay.delete(f"{DOOR}/requests")).status_code == 204
    assert (await quay.get(f"{DOOR}/requests")).json() == {"requests": []}


@pytest.mark.parametrize("honest", [True, False])
async def test_a_service_asks_for_a_key(lab: Registry, quay: httpx.AsyncClient, honest: bool) -> None:
    """An honest one names its key by the thumbprint, a dishonest one by another key's."""
    asked = await quay.post(f"{DOOR}/keys", json={"service": "quay_builder", "honest": honest})
    key = lab.keys[asked.json()["kid"]]
    assert (thumbprint(key.jwk).hex() == key.kid) == honest
    waiting = (await quay.get(f"{DOOR}/state")).json()["waiting_keys"]
    assert {"kid": key.kid, "service": "quay_builder", "created": "Mon, 23 Nov 2026 22:54:00 GMT"} in waiting


async def test_usage_and_features_can_be_set(quay: httpx.AsyncClient) -> None:
    """The next answer has them."""
    await quay.post(
        f"{DOOR}/usage",
        json={"namespace": "user:reader", "quota_bytes": 77, "backfill_status": "running"},
    )
    report = (await quay.get("/api/v1/superuser/users/reader")).json()["quota_report"]
    assert (report["quota_bytes"], report["backfill_status"]) == (77, "running")
    await quay.post(f"{DOOR}/features", json={"super_users": False})
    assert (await quay.get(KEYS)).status_code == 308


@pytest.mark.parametrize(
    ("what", "wish"),
    [
        ("faults", {"failures": [{"kind": "418"}]}),
        ("features", {"no_such": True}),
        ("usage", {"namespace": "nobody", "quota_bytes": 1}),
        ("keys", {"service": "Bad-Service"}),
        ("keys", ["service"]),
    ],
)
async def test_a_wrong_wish_is_a_400(quay: httpx.AsyncClient, what: str, wish: object) -> None:
    """With a word about what is wrong."""
    answer = await quay.post(f"{DOOR}/{what}", json=wish)
    assert answer.status_code == 400
    assert answer.json()["error"]
