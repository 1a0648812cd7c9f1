"""How calls travel: what is sent, what is sent again, and over which connection."""

import json
from collections import deque
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quay.client import Quay, open_client
from bot.quay.errors import (
    FeatureOff,
    Forbidden,
    GatewayError,
    Invalid,
    QuayError,
    RateLimited,
    ReadOnly,
    ServerError,
    TimedOut,
    Unauthorized,
    Unreachable,
)

Answers = deque[dict[str, Any]]
Requests = list[dict[str, Any]]

SIZE = {"status": 200, "json": {"size_bytes": 5, "last_ran": None, "queued": False, "running": False}}
APPROVED = {"status": 201, "text": ""}
BROKEN = {"status": 200, "json": {"size_bytes": 5}, "breaks": "in the middle"}
SILENT = {"status": 200, "breaks": "before"}
HTML = "<html><h1>Internal Server Error</h1></html>"


async def test_reads_and_writes_carry_their_own_token(quay: Quay, answers: Answers, requests: Requests) -> None:
    """Where there is a read token, reads use it; writes never do. Nothing looks like a browser."""
    answers.extend([SIZE, APPROVED])
    await quay.get_registry_size()
    await quay.approve_service_key("kid1")
    assert [request["headers"]["authorization"] for request in requests] == [
        "Bearer read-token",
        "Bearer write-token",
    ]
    assert {request["headers"]["user-agent"] for request in requests} == {"quaymaster"}
    assert all("x-requested-with" in request["headers"] for request in requests)


async def test_without_a_read_token_one_token_does_both(quay_url: str, answers: Answers, requests: Requests) -> None:
    """The read token is optional."""
    answers.append(SIZE)
    async with open_client(quay_url) as http:
        await Quay(http, "only-token").get_registry_size()
    assert requests[0]["headers"]["authorization"] == "Bearer only-token"


@pytest.mark.parametrize("token", ["", "two words\n", " padded", "schlüssel"])
async def test_a_malformed_token_is_refused_without_quoting_it(token: str) -> None:
    """It would break the header, and httpx would quote it in its complaint."""
    async with open_client("http://127.0.0.1") as http:
        with pytest.raises(ValueError, match="printable ASCII") as caught:
            Quay(http, token)
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize("body", [None, "why not"])
async def test_an_approval_always_has_a_json_body(
    body: str | None, quay: Quay, answers: Answers, requests: Requests
) -> None:
    """Quay answers 415 without one."""
    answers.append(APPROVED)
    await quay.approve_service_key("kid1", body)
    assert requests[0]["headers"]["content-type"] == "application/json"
    assert requests[0]["json"] == ({"notes": body} if body else {})


async def test_measuring_says_whether_it_was_under_way_already(quay: Quay, answers: Answers) -> None:
    """201 is a new measurement, 202 one that is queued or running."""
    answers.extend([{"status": 201, "json": ""}, {"status": 202, "json": ""}])
    assert [await quay.post_registry_size(), await quay.post_registry_size()] == [True, False]


@pytest.mark.parametrize(
    "passing",
    [
        {"status": 429, "text": ""},
        {"status": 429, "text": "", "headers": {"Retry-After": "0"}},
    ],
)
async def test_a_read_that_came_too_soon_is_asked_again(
    passing: dict[str, Any], quay: Quay, answers: Answers, requests: Requests
) -> None:
    """Quay has done nothing for it yet."""
    answers.extend([passing, passing, SIZE])
    assert (await quay.get_registry_size()).size_bytes == 5
    assert len(requests) == 3


async def test_a_read_without_a_connection_is_tried_again() -> None:
    """Nothing was sent. The registry comes back between two attempts, and the third failure would be the last."""
    attempts = 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise httpx.ConnectError("All connection attempts failed", request=request)
        return httpx.Response(200, json=SIZE["json"])

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://quay") as http:
        await Quay(http, "token", wait=0).get_registry_size()
        attempts = -1
        with pytest.raises(Unreachable, match="can't be reached") as caught:
            await Quay(http, "token", wait=0).get_registry_size()
    assert attempts == 2
    assert isinstance(caught.value.__cause__, httpx.ConnectError)


@pytest.mark.parametrize(
    ("lasting", "error"),
    [
        (SILENT, Unreachable),
        (BROKEN, Unreachable),
        ({"status": 500, "text": HTML}, ServerError),
        ({"status": 502, "text": HTML}, ServerError),
        ({"status": 503, "text": HTML}, ServerError),
        ({"status": 504, "text": HTML}, ServerError),
        ({"status": 503, "json": {"is_readonly": True, "message": {"state": "read-only"}}}, ReadOnly),
        ({"status": 429, "text": "", "headers": {"Retry-After": "60"}}, RateLimited),
        ({"status": 200, "text": "{not json"}, ServerError),
        ({"status": 200, "json": {"size_bytes": "much"}}, ServerError),
        ({"status": 302, "text": "", "headers": {"Location": "https://login.example.com/in?to=x"}}, ServerError),
    ],
)
async def test_a_read_that_reached_quay_is_not_asked_again(
    lasting: dict[str, Any], error: type[QuayError], quay: Quay, answers: Answers, requests: Requests
) -> None:
    """Asking again would only add to the load under which it failed."""
    answers.append(lasting)
    with pytest.raises(error) as caught:
        await quay.get_registry_size()
    assert len(requests) == 1
    assert not caught.value.may_have_happened


@pytest.mark.parametrize("limits", [{"timeout": 0.05}, {"timeout": 5, "read_within": 0.05}])
async def test_a_read_that_timed_out_is_not_asked_again(
    limits: dict[str, float], quay_url: str, answers: Answers, requests: Requests
) -> None:
    """Neither where Quay is silent for too long, nor where the whole read takes too long; Quay may still be at it."""
    answers.extend([SIZE, SIZE | {"pause": True}, SIZE])
    async with open_client(quay_url, timeout=limits["timeout"]) as http:
        quay = Quay(http, "token", wait=0, read_within=limits.get("read_within", 5))
        await quay.get_registry_size()
        with pytest.raises(TimedOut, match="Quay didn't answer in time"):
            await quay.get_registry_size()
    assert len(requests) == 2


CRASH = "<html>\n<head>\n<title>Internal Server Error</title></head><body><h1><p>Internal Server Error</p></h1></html>"
WRITES: list[tuple[dict[str, Any], type[QuayError], bool]] = [
    ({"status": 500, "text": CRASH}, ServerError, True),
    (SILENT, Unreachable, True),
    (BROKEN, Unreachable, True),
    ({"status": 500, "text": HTML}, ServerError, True),
    ({"status": 500, "json": {"message": "Internal Server Error"}}, ServerError, True),
    ({"status": 502, "text": HTML}, GatewayError, True),
    ({"status": 502, "text": ""}, GatewayError, True),
    ({"status": 503, "text": HTML}, GatewayError, True),
    ({"status": 503, "text": "upstream connect error or disconnect/reset before headers"}, GatewayError, True),
    ({"status": 503, "json": {"message": "Service Unavailable"}}, GatewayError, True),
    ({"status": 504, "text": HTML}, GatewayError, True),
    ({"status": 504, "json": {"message": "Endpoint request timed out"}}, GatewayError, True),
    ({"status": 502, "json": {"is_readonly": True}}, GatewayError, True),
    ({"status": 408, "text": HTML}, GatewayError, True),
    ({"status": 520, "text": ""}, GatewayError, True),
    ({"status": 524, "text": HTML}, GatewayError, True),
    ({"status": 599, "text": ""}, GatewayError, True),
    ({"status": 200, "text": "<html>Please log in</html>"}, ServerError, True),
    ({"status": 503, "json": {"is_readonly": True, "message": "No."}}, ReadOnly, False),
    ({"status": 429, "text": "", "headers": {"Retry-After": "1"}}, RateLimited, False),
    ({"status": 400, "json": {"message": ""}}, Invalid, False),
    ({"status": 400, "text": "<html>400 The plain HTTP request was sent to HTTPS port</html>"}, Invalid, False),
    ({"status": 403, "text": '{"error": "CSRF token was invalid or missing."}'}, Unauthorized, False),
    ({"status": 403, "text": "<html>blocked</html>"}, Forbidden, False),
    ({"status": 404, "text": HTML}, FeatureOff, False),
    ({"status": 413, "text": HTML}, Invalid, False),
    ({"status": 301, "text": "", "headers": {"Location": "https://quay.example.com"}}, ServerError, False),
]


@pytest.mark.parametrize(("answer", "error", "may_have_happened"), WRITES)
async def test_a_write_is_sent_once_and_says_whether_it_may_have_happened(
    answer: dict[str, Any],
    error: type[QuayError],
    may_have_happened: bool,
    quay: Quay,
    answers: Answers,
    requests: Requests,
) -> None:
    """Whatever a gateway may have answered for Quay leaves it open; only a certain refusal is certain."""
    answers.append(answer)
    with pytest.raises(error) as caught:
        await quay.approve_service_key("kid1", "notes")
    assert caught.value.may_have_happened is may_have_happened
    assert len(requests) == 1


NGINX = "<html>\r\n<head><title>500 Internal Server Error</title></head>\r\n<hr><center>nginx</center></html>"


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520, 524])
async def test_what_a_gateway_answered_is_told_as_such(status: int, quay: Quay, answers: Answers) -> None:
    """Whoever reads it looks at the proxy and its time-out as well as at Quay, which may still be at it."""
    answers.append({"status": status, "text": NGINX})
    with pytest.raises(GatewayError, match=f"proxy in front of Quay returned {status}"):
        await quay.get_registry_size()


@pytest.mark.parametrize(
    "own",
    [{"text": CRASH}, {"text": "<!doctype html>\n<h1>Internal Server Error</h1>"}, {"json": {"message": "Oops"}}],
)
async def test_quays_own_failure_is_not_taken_for_a_gateways(own: dict[str, Any], quay: Quay, answers: Answers) -> None:
    """Then Quay is done with it, and one look at the registry tells what came of it."""
    answers.append({"status": 500, **own})
    with pytest.raises(ServerError) as caught:
        await quay.approve_service_key("kid1")
    assert not isinstance(caught.value, GatewayError)
    assert caught.value.may_have_happened


async def test_a_write_without_a_connection_has_not_happened() -> None:
    """Nothing was sent."""
    async with open_client("http://127.0.0.1:1") as http:
        with pytest.raises(Unreachable) as caught:
            await Quay(http, "token").approve_service_key("kid1")
    assert not caught.value.may_have_happened
    assert isinstance(caught.value.__cause__, httpx.ConnectError)


async def test_a_write_that_is_not_answered_in_time_may_have_happened(quay_url: str, answers: Answers) -> None:
    """The time runs out without a word of the registry."""
    async with open_client(quay_url, timeout=0.02) as http:
        answers.append(APPROVED | {"pause": True})
        with pytest.raises(Unreachable, match="in time") as caught:
            await Quay(http, "token").approve_service_key("kid1")
    assert caught.value.may_have_happened


async def test_reads_share_a_connection_and_each_write_has_its_own(
    quay: Quay, answers: Answers, requests: Requests
) -> None:
    """A kept connection may be dead, and a write on a dead one leaves a doubt."""
    answers.extend([SIZE, SIZE, APPROVED, APPROVED, SIZE])
    await quay.get_registry_size()
    await quay.get_registry_size()
    await quay.approve_service_key("kid1")
    await quay.approve_service_key("kid1")
    await quay.get_registry_size()
    first, second, third, fourth, fifth = (request["connection"] for request in requests)
    assert first == second == fifth
    assert len({first, third, fourth}) == 3


async def test_a_connection_that_died_while_idle_is_not_noticed(
    quay: Quay, answers: Answers, requests: Requests
) -> None:
    """gunicorn closes it without a word; the next read goes over another one."""
    answers.extend([SIZE | {"closes": True}, SIZE])
    await quay.get_registry_size()
    await quay.get_registry_size()
    assert [request["connection"] for request in requests] == [1, 2]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "x/quota/5", "a\nb", "a\x00b"])
async def test_a_name_that_would_change_the_path_is_never_sent(name: str, quay: Quay, requests: Requests) -> None:
    """Quay decodes a path before it routes: `x%2Fquota%2F5` would be another operation."""
    with pytest.raises(Invalid) as caught:
        await quay.delete_install_user(name)
    assert (caught.value.status, caught.value.may_have_happened, requests) == (None, False, [])


NAMES = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/"), min_size=1).filter(
    lambda name: name not in {".", ".."}
)


@given(NAMES)
async def test_any_other_name_arrives_as_it_is(name: str) -> None:
    """Percent signs, question marks and the like are encoded, once."""
    seen: list[bytes] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(204)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://quay") as http:
        await Quay(http, "token").delete_install_user(name)
    assert unquote(seen[0].decode()) == f"/api/v1/superuser/users/{name}"
    assert seen[0].count(b"/") == 5
    assert b"?" not in seen[0]


async def test_a_registry_below_a_path_is_found(quay_url: str, answers: Answers, requests: Requests) -> None:
    """The address of the registry may have a path of its own."""
    answers.append(SIZE)
    async with open_client(f"{quay_url}/registry/") as http:
        await Quay(http, "token").get_registry_size()
    assert requests[0]["path"] == "/registry/api/v1/superuser/registrysize/"


async def test_users_and_organizations_come_in_pages_of_a_hundred(
    quay: Quay, answers: Answers, requests: Requests
) -> None:
    """Without `limit` Quay would ignore the token of the next page."""
    answers.append({"status": 200, "json": {"users": [{"username": "a"}, {"username": "b"}], "next_page": "t1"}})
    answers.append({"status": 200, "json": {"users": [{"username": "c"}]}})
    answers.append({"status": 200, "json": {"organizations": [{"name": "o"}], "next_page": "t2"}})
    answers.append({"status": 200, "json": {"organizations": []}})
    assert [user.username async for user in quay.users(include_disabled=False)] == ["a", "b", "c"]
    assert [organization.name async for organization in quay.organizations()] == ["o"]
    assert [request["query"] for request in requests] == [
        {"limit": "100", "disabled": "false"},
        {"limit": "100", "disabled": "false", "next_page": "t1"},
        {"limit": "100"},
        {"limit": "100", "next_page": "t2"},
    ]


async def test_every_page_of_the_log_keeps_the_days(quay: Quay, answers: Answers, requests: Requests) -> None:
    """Days are written MM/DD/YYYY, in UTC, on every page: any other form Quay takes for the last day."""
    answers.append({"status": 200, "json": {"logs": [], "next_page": "t"}})
    answers.append({"status": 200, "json": {"logs": [], "search_unavailable": "try later"}})
    late_in_berlin = datetime(2026, 11, 24, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    first = await quay.list_all_logs(starttime=date(2026, 3, 5), endtime=late_in_berlin)
    last = await quay.list_all_logs(starttime=date(2026, 3, 5), endtime=late_in_berlin, next_page=first.next_page)
    assert [first.search_unavailable, last.search_unavailable] == [False, True]
    days = {"starttime": "03/05/2026", "endtime": "11/23/2026"}
    assert [request["query"] for request in requests] == [days, days | {"next_page": "t"}]


async def test_an_expiry_is_seconds_or_never(quay: Quay, answers: Answers, requests: Requests) -> None:
    """Quay wants epoch seconds, and null for a key that never expires; what is not given is not sent."""
    key = {"kid": "k", "service": "s", "jwk": {}, "created_date": "Mon, 23 Nov 2026 22:45:56 GMT"}
    answers.extend([{"status": 200, "json": key}] * 3)
    await quay.update_service_key("k", expiration=datetime(2026, 11, 23, tzinfo=UTC))
    await quay.update_service_key("k", expiration="never")
    await quay.update_service_key("k", name="")
    assert [request["json"] for request in requests] == [
        {"expiration": 1795392000},
        {"expiration": None},
        {"name": ""},
    ]


async def test_an_error_never_quotes_an_answer_with_a_secret(quay: Quay, answers: Answers) -> None:
    """A key whose answer cannot be read may exist, and its private key stays out of the complaint."""
    answers.append({"status": 200, "json": {"kid": 5, "private_key": "PEM", "service": "s", "public_key": "P"}})
    with pytest.raises(ServerError, match="unexpected kid") as caught:
        await quay.create_service_key("s", "never")
    assert caught.value.may_have_happened
    assert "PEM" not in repr(caught.value) + str(caught.value) + json.dumps(vars(caught.value))
