"""How a service's own key comes to wait: the key server takes a key that is signed by itself."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.quay.jwk import base64url, thumbprint
from sandbox.quay.state import Approval, Registry
from tests.sandbox_quay.key_server import JWK, SERVICE, Put, putting


@pytest.fixture
def put(quay: httpx.AsyncClient) -> Put:
    """A service puts its key."""
    return putting(quay)


async def test_a_self_signed_key_waits(lab: Registry, quay: httpx.AsyncClient, put: Put) -> None:
    """202; it has no name, only its sender's address, and the key server doesn't give it out yet."""
    expiration = int((lab.clock() + timedelta(days=7)).timestamp())
    assert (await put(query={"expiration": expiration, "rotation": 43200})).status_code == 202
    kid, key = list(lab.keys.items())[-1]
    shown = (await quay.get(f"/api/v1/superuser/keys/{kid}")).json()
    assert (shown["approval"], shown["name"], shown["metadata"]) == (None, "", {"ip": "127.0.0.1"})
    assert (shown["rotation_duration"], shown["expiration_date"]) == (43200, "Mon, 30 Nov 2026 22:54:00 GMT")
    assert (await quay.get(f"/keys/services/{SERVICE}/keys/{kid}")).status_code == 409
    assert kid == thumbprint(key.jwk).hex()


async def test_a_kid_that_is_taken_crashes_quay(put: Put) -> None:
    """500, and the first key stays."""
    assert [(await put()).status_code for _ in range(2)] == [202, 500]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"audience": "https://elsewhere.example"}, 400),
        ({"query": {"expiration": "soon"}}, 400),
        ({"signer": "nobody"}, 403),
    ],
)
async def test_what_the_key_server_refuses_with_a_page(put: Put, wrong: dict[str, Any], status: int) -> None:
    """HTML, as Flask makes it."""
    answer = await put(**wrong)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")


async def test_a_bad_service_name_is_refused_without_a_word(put: Put) -> None:
    """JSON this time."""
    answer = await put(service="Bad-Service")
    assert (answer.status_code, answer.json()) == (400, {"message": ""})


async def test_an_approved_key_replaces_itself(lab: Registry, quay: httpx.AsyncClient, put: Put) -> None:
    """A key signed by it takes over its approval, and the old one is gone."""
    old = base64url(thumbprint(JWK))
    await put(kid=old)
    lab.keys[old].approval = Approval("SUPERUSER", lab.clock(), "quayadmin", "once")
    assert (await put(kid="successor", signer=old)).status_code == 200
    assert old not in lab.keys
    successor = (await quay.get("/api/v1/superuser/keys/successor")).json()
    assert (successor["approval"]["notes"], successor["metadata"]["created_by"]) == ("once", "Key Rotation")
    given = await quay.get(f"/keys/services/{SERVICE}/keys/successor")
    assert given.headers["cache-control"] == "max-age=86400"
