"""What a client gets when a gateway, or a broken wire, stands between it and Quay."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.quay.faults import Failure, Faults, RateLimit
from sandbox.quay.state import Registry

DOOR = "/sandbox/quay"
API = "/api/v1/superuser"
QUOTA = f"{API}/organization/library/quota"
PAGES = [
    ("502", "502 Bad Gateway"),
    ("503", "503 Service Temporarily Unavailable"),
    ("504", "504 Gateway Time-out"),
    ("429", "429 Too Many Requests"),
]


async def fail(quay: httpx.AsyncClient, **failure: object) -> None:
    """Let the door arrange for one kind of failure."""
    answer = await quay.post(f"{DOOR}/faults", json={"failures": [failure]})
    assert answer.is_success, answer.text


@pytest.mark.parametrize(("kind", "title"), PAGES)
@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_gateway_answers_with_its_own_page(
    lab: Registry, quay: httpx.AsyncClient, kind: str, title: str, after_effect: bool
) -> None:
    """Nginx's HTML, whether nothing was done or everything."""
    await fail(quay, kind=kind, after_effect=after_effect)
    answer = await quay.post(QUOTA, json={"limit_bytes": 1000})
    assert (answer.status_code, answer.headers["content-type"]) == (int(kind), "text/html; charset=utf-8")
    assert f"<center><h1>{title}</h1></center>" in answer.text
    assert (lab.namespaces["library"].quota is not None) == after_effect


@pytest.mark.parametrize("kind", ["html", "foreign"])
async def test_something_else_answers_200(lab: Registry, quay: httpx.AsyncClient, kind: str) -> None:
    """A proxy's login page, or JSON of another service; Quay was never asked."""
    await fail(quay, kind=kind)
    answer = await quay.post(QUOTA, json={"limit_bytes": 1000})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html" if kind == "html" else "application/json")
    assert lab.namespaces["library"].quota is None


@pytest.mark.parametrize(("kind", "error"), [("closed", httpx.RemoteProtocolError), ("reset", httpx.ReadError)])
@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_connection_breaks_without_an_answer(
    lab: Registry, quay: httpx.AsyncClient, kind: str, error: type[Exception], after_effect: bool
) -> None:
    """Closed in good order or reset, before the work or after it; the client can't tell which."""
    await fail(quay, kind=kind, after_effect=after_effect)
    with pytest.raises(error):
        await quay.post(QUOTA, json={"limit_bytes": 1000})
    assert (lab.namespaces["library"].quota is not None) == after_effect
    requests = (await quay.get(f"{DOOR}/requests")).json()["requests"]
    assert [(one["method"], one["status"]) for one in requests] == [("POST", 0)]


async def test_an_answer_is_cut_in_the_middle(lab: Registry, quay: httpx.AsyncClient) -> None:
    """What was asked for has happened; the client has the status, and half of the body."""
    await fail(quay, kind="cut")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        await quay.post(QUOTA, json={"limit_bytes": 1000})
    assert lab.namespaces["library"].quota is not None


async def test_an_answer_is_no_json(lab: Registry, quay: httpx.AsyncClient) -> None:
    """Complete as HTTP has it, yet a third of the text is missing."""
    await fail(quay, kind="garbled")
    answer = await quay.get(f"{API}/keys")
    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["content-length"])
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()


async def test_a_token_is_refused_between_two_requests(lab: Registry, quay: httpx.AsyncClient) -> None:
    """Of writes only, until it is cleared, or of all requests with that token; another token still reads."""
    await fail(quay, kind="unauthorized", method="POST", remaining=None)
    assert (await quay.get(f"{API}/keys")).status_code == 200
    for _ in range(2):
        refused = await quay.post(QUOTA, json={"limit_bytes": 1000})
        assert (refused.status_code, refused.headers["content-type"]) == (403, "text/html; charset=utf-8")
        assert refused.json() == {"error": "CSRF token was invalid or missing."}
    await quay.post(f"{DOOR}/faults", json={"revoked_tokens": ["superuser"]})
    assert (await quay.get(f"{API}/keys")).json()["error_type"] == "invalid_token"
    others = {"authorization": "Bearer global-readonly-superuser"}
    assert (await quay.get(f"{API}/keys", headers=others)).status_code == 200
    assert lab.namespaces["library"].quota is None


async def test_a_token_loses_its_rights(quay: httpx.AsyncClient) -> None:
    """As when its owner is no superuser any more: 403 as JSON, on reads and on writes."""
    await fail(quay, kind="forbidden", remaining=2)
    for answer in (await quay.get(f"{API}/keys"), await quay.post(QUOTA, json={"limit_bytes": 1000})):
        assert (answer.status_code, answer.json()["error_type"]) == (403, "insufficient_scope")
    assert (await quay.get(f"{API}/keys")).status_code == 200


async def test_a_fault_may_come_between_two_requests(quay: httpx.AsyncClient) -> None:
    """It lets some through first, of those that concern it."""
    await fail(quay, kind="502", method="PUT", skip=1)
    body = {"enabled": True}
    answers = [await quay.put(f"{API}/users/{name}", json=body) for name in ("reader", "public", "reader")]
    assert [answer.status_code for answer in answers] == [200, 502, 200]


async def test_the_registry_is_read_only_for_the_next_write(lab: Registry, quay: httpx.AsyncClient) -> None:
    """Reads are as always, and don't count."""
    await fail(quay, kind="readonly")
    assert (await quay.get(f"{API}/keys")).status_code == 200
    refused = await quay.post(QUOTA, json={"limit_bytes": 1000})
    assert (refused.status_code, refused.json()["is_readonly"]) == (503, True)
    assert (await quay.post(QUOTA, json={"limit_bytes": 1000})).status_code == 201


async def test_too_many_requests_are_limited_as_nginx_does(lab: Registry, clock: Any, serve: Any) -> None:
    """The burst passes at once; then as many as leak out of the bucket, by the registry's clock."""
    async with serve(lab, Faults(rate_limit=RateLimit(per_second=5, burst=3))) as quay:
        quay.headers["Authorization"] = "Bearer superuser"

        async def ask(times: int) -> list[int]:
            return [(await quay.get(f"{API}/keys")).status_code for _ in range(times)]

        assert await ask(6) == [200, 200, 200, 200, 429, 429]
        clock.now += timedelta(seconds=0.4)
        assert await ask(3) == [200, 200, 429]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({}, [503, 503, 503]),
        ({"method": "POST"}, [200, 503, 200]),
        ({"operation": "listServiceKeys"}, [503, 201, 200]),
        ({"operation": "createUserQuotaSuperUser"}, [200, 503, 200]),
        ({"path": "/api/v1/superuser/users/*"}, [200, 201, 503]),
        ({"path": "/api/v1/superuser/{noun}/{name}"}, [200, 201, 503]),
        ({"path": "/api/v1/superuser/organization/**"}, [200, 503, 200]),
        ({"path": "/api/v1/superuser/**", "method": "GET"}, [503, 201, 503]),
        ({"path": QUOTA}, [200, 503, 200]),
    ],
)
async def test_a_failure_may_concern_some_requests_only(
    lab: Registry, serve: Any, which: dict[str, Any], expected: list[int]
) -> None:
    """By operationId, by method, by the pattern of a path, or all of these."""
    async with serve(lab, Faults(failures=[Failure("503", remaining=None, **which)])) as quay:
        quay.headers["Authorization"] = "Bearer superuser"
        answers = [
            await quay.get(f"{API}/keys"),
            await quay.post(QUOTA, json={"limit_bytes": 1}),
            await quay.get(f"{API}/users/reader"),
        ]
    assert [answer.status_code for answer in answers] == expected


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"failures": [{"kind": "418"}]}, "a failure's kind is one of 500,"),
        ({"failures": [{"kind": "500", "operation": "nosuch"}]}, "there is no operation 'nosuch'"),
        ({"failures": [{"kind": "cut", "after_effect": True}]}, "when a cut failure takes effect cannot be chosen"),
        (
            {"failures": [{"kind": "502", "after_effect": True, "late_seconds": 1}]},
            "after the effect or so many seconds before it",
        ),
        ({"slow": [{"seconds": 121}]}, "from 0 to 120"),
        ({"stuck_pages": [{"kind": "sideways"}]}, "one of repeat, alternate"),
        ({"odd_entries": [{"field": ""}]}, "odd entries need a field"),
        ({"no_such": 1}, "no_such"),
    ],
)
async def test_what_no_fault_can_be_is_refused(quay: httpx.AsyncClient, wish: dict[str, Any], says: str) -> None:
    """With a word about what is wrong; the faults stay what they were."""
    await fail(quay, kind="429", remaining=None)
    answer = await quay.post(f"{DOOR}/faults", json=wish)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert (await quay.get(f"{API}/keys")).status_code == 429
