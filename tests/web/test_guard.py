"""The guard: what Slack did not sign, lately and in full, gets no further, and costs next to nothing."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from structlog.testing import capture_logs

from bot.storage.doubts import Doubt
from bot.web.guard import AGE_SECONDS, MOST_BYTES, Guard, Signed
from bot.web.limits import HEAD_BYTES, PromptHeads, server_config
from bot.web.refusals import LOG_EVERY, Refusals
from sandbox.serving import bound_socket, serving
from tests.support.world import Clock

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


class Door:
    """An ASGI application behind the guard, and what came through."""

    def __init__(self, *, body_seconds: float = 5) -> None:
        self.clock = Clock()
        self.passed: list[Signed] = []
        self.published: list[Doubt | None] = []
        self.refusals = Refusals(self.clock, self._publish)
        guard = Guard(SECRET, self._deliver, self.refusals, self.clock, body_seconds=body_seconds)
        self.app = Starlette(routes=[Route("/slack/events", guard, methods=["POST"])])

    async def _deliver(self, signed: Signed) -> Response:
        self.passed.append(signed)
        return Response("passed")

    async def _publish(self, doubt: Doubt | None) -> None:
        self.published.append(doubt)

    def headers(self, body: bytes, *, age: int = 0, secret: str = SECRET) -> dict[str, str]:
        """As Slack signs a body."""
        stamp = str(int(self.clock().timestamp()) - age)
        signed = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256)
        return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={signed.hexdigest()}"}

    async def send(self, *parts: bytes, headers: dict[str, str], hangs: bool = False) -> tuple[int, int]:
        """Send a body in parts through ASGI; the status, and how many of the parts were asked for."""
        left = list(parts)
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not left and hangs:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": left.pop(0) if left else b"", "more_body": bool(left) or hangs}

        async def send(message: Any) -> None:
            sent.append(message)

        scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": "/slack/events",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        await self.app(scope, receive, send)
        return sent[0]["status"], len(parts) - len(left)


@pytest.mark.parametrize("body", [b"a=1", b"", "text=größer".encode(), b"\xff\x00", b"x" * MOST_BYTES])
async def test_what_slack_signed_gets_through_as_it_came(body: bytes) -> None:
    """Any bytes, up to the limit: they are not looked at."""
    door = Door()
    assert (await door.send(body, headers=door.headers(body)))[0] == 200
    assert [signed.body for signed in door.passed] == [body]


async def test_a_body_in_parts_is_one_body() -> None:
    """As it comes over a slow line."""
    door = Door()
    assert await door.send(b"ab", b"c", b"d", headers=door.headers(b"abcd")) == (200, 3)
    assert door.passed[0].body == b"abcd"


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"x-slack-signature": None}, 401),
        ({"x-slack-request-timestamp": None}, 401),
        ({"x-slack-request-timestamp": "soon"}, 400),
        ({"x-slack-request-timestamp": ""}, 400),
        ({"x-slack-request-timestamp": "-1"}, 400),
        ({"x-slack-request-timestamp": "1e9"}, 400),
        ({"x-slack-request-timestamp": "9" * 400}, 400),
        ({"x-slack-request-timestamp": "999999999999"}, 401),
        ({"x-slack-signature": "v0="}, 401),
        ({"x-slack-signature": "v1=" + "0" * 64}, 401),
        ({"x-slack-signature": "v0=" + "é" * 64}, 401),
        ({"content-length": str(MOST_BYTES + 1)}, 413),
        ({"content-length": "100000000"}, 413),
        ({"content-length": "many"}, 413),
    ],
)
async def test_headers_alone_can_turn_a_delivery_away(changed: dict[str, str | None], status: int) -> None:
    """Not a byte of its body is read then."""
    door = Door()
    headers = {**door.headers(b"a=1"), **changed}
    sent = {name: value for name, value in headers.items() if value is not None}
    assert await door.send(b"a=1", headers=sent) == (status, 0)
    assert door.passed == []


@pytest.mark.parametrize(
    ("age", "status"), [(AGE_SECONDS, 200), (-AGE_SECONDS, 200), (AGE_SECONDS + 1, 401), (-AGE_SECONDS - 1, 401)]
)
async def test_a_signature_is_good_for_five_minutes(age: int, status: int) -> None:
    """In both directions, since clocks differ."""
    door = Door()
    assert (await door.send(b"a=1", headers=door.headers(b"a=1", age=age)))[0] == status


@pytest.mark.parametrize(("sent", "secret"), [(b"a=2", SECRET), (b"a=1 ", SECRET), (b"", SECRET), (b"a=1", "another")])
async def test_another_body_or_another_secret_is_forged(sent: bytes, secret: str) -> None:
    """One byte is enough."""
    door = Door()
    assert (await door.send(sent, headers=door.headers(b"a=1", secret=secret)))[0] == 401
    assert door.passed == []


async def test_a_body_without_a_length_is_read_up_to_the_limit() -> None:
    """Even one that is signed: of 100 parts of 100 kB, ten are let in, and the one more tells that it is too long."""
    door, part = Door(), b"x" * 100_000
    assert await door.send(*[part] * 100, headers=door.headers(part * 100)) == (413, 11)
    assert door.passed == []


async def test_a_body_that_does_not_arrive_is_given_up() -> None:
    """After a deadline for all of it."""
    door = Door(body_seconds=0.05)
    assert await door.send(b"a", headers=door.headers(b"a=1"), hangs=True) == (408, 1)


async def test_unverified_bodies_together_are_bounded() -> None:
    """Beyond it others are told to come again; what was held is let go with its delivery."""
    door, part = Door(body_seconds=0.2), b"x" * MOST_BYTES
    answers = await asyncio.gather(*(door.send(part, headers=door.headers(part), hangs=True) for _ in range(20)))
    assert sorted(status for status, _ in answers) == [408] * 16 + [503] * 4
    assert (await door.send(part, headers=door.headers(part)))[0] == 200


async def test_refusals_are_logged_shortly_and_seldom() -> None:
    """One line for many, with their numbers; nothing that was sent."""
    door, body = Door(), b"token=xoxb-secret&text=private"
    with capture_logs() as logs:
        for _ in range(50):
            await door.send(body, headers=door.headers(body, secret="another"))
        door.clock.forward(seconds=LOG_EVERY.total_seconds())
        await door.send(body, headers={})
    assert [{name: line[name] for name in ("event", "forged", "unsigned") if name in line} for line in logs] == [
        {"event": "deliveries_refused", "forged": 1},
        {"event": "deliveries_refused", "forged": 49, "unsigned": 1},
    ]
    assert "secret" not in str([{**line, "probably": ""} for line in logs])
    assert "private" not in str(logs)
    assert len(str(logs[0])) < 400


@pytest.mark.parametrize(
    ("secret", "age", "suspect"),
    [("another", 0, "SLACK_SIGNING_SECRET is probably wrong"), (SECRET, 301, "The clock of the bot's host")],
)
async def test_where_nothing_was_ever_accepted_it_is_said_what_is_probable(secret: str, age: int, suspect: str) -> None:
    """In the log, and to the other processes; until a delivery is as it should be."""
    door = Door()
    with capture_logs() as logs:
        await door.send(b"a", headers=door.headers(b"a", secret=secret, age=age))
    assert suspect in logs[0]["probably"]
    await door.refusals.settle()
    assert [doubt.sentence for doubt in door.published if doubt] == [logs[0]["probably"]]
    await door.send(b"a", headers=door.headers(b"a"))
    assert door.refusals.doubt() is None
    await door.refusals.settle()
    assert door.published[-1] is None


async def test_a_process_that_is_well_takes_no_doubt_of_another_away() -> None:
    """The other one still gets nothing."""
    door = Door()
    await door.send(b"a", headers=door.headers(b"a"))
    await door.refusals.settle()
    assert door.published == []


@pytest.mark.parametrize("changed", [{}, {"x-slack-signature": "v0=0"}])
async def test_a_stranger_raises_no_doubt(changed: dict[str, str]) -> None:
    """A request without a signature says nothing about the secret."""
    door = Door()
    with capture_logs() as logs:
        await door.send(b"a", headers=changed and door.headers(b"a") | changed)
    assert "probably" not in logs[0]
    assert door.published == []


class Brisk(PromptHeads):
    """The same, for tests that wait for it."""

    seconds = 0.2


@pytest.fixture
async def address() -> AsyncIterator[tuple[str, int, Door]]:
    """The guard behind a real uvicorn, configured as the bot's own is."""
    door = Door()
    door.clock.now = datetime.now(UTC)
    config = server_config(door.app, "127.0.0.1", 0)
    config.http = Brisk
    config.limit_concurrency = 5
    with bound_socket(0) as listening:
        async with serving(door.app, listening, config):
            yield (*listening.getsockname(), door)


def head(headers: dict[str, str]) -> bytes:
    lines = [f"{name}: {value}" for name, value in {"host": "bot", **headers}.items()]
    return "\r\n".join(["POST /slack/events HTTP/1.1", *lines, "", ""]).encode()


async def answered(reader: asyncio.StreamReader) -> bytes:
    """Everything until the other side hangs up."""
    async with asyncio.timeout(5):
        return await reader.read()


@pytest.mark.parametrize(
    ("headers", "sent", "status"),
    [
        ({"content-length": "100000000"}, b"x" * 1000, b"413"),
        ({"transfer-encoding": "chunked"}, b"186a0\r\n" + b"x" * 100_000 + b"\r\n", b"413"),
        ({"content-length": "1000", "x-slack-signature": ""}, b"x" * 10, b"401"),
        ({"content-length": "1000", "x-slack-request-timestamp": "1"}, b"x" * 10, b"401"),
    ],
    ids=["announced", "in chunks without an end", "unsigned", "old"],
)
async def test_a_refusal_comes_before_the_body_ends_and_hangs_up(
    address: tuple[str, int, Door], headers: dict[str, str], sent: bytes, status: bytes
) -> None:
    """Nothing more is read from that connection."""
    host, port, door = address
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(head({**door.headers(b""), **headers}))
    for _ in range(11):
        writer.write(sent)
    assert (await answered(reader)).startswith(b"HTTP/1.1 " + status)
    writer.close()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", b""),
        (b"POST /slack/events HTTP/1.1\r\nhost: b", b""),
        (b"POST /slack/events HTTP/1.1\r\nx: " + b"y" * (HEAD_BYTES + 1), b"HTTP/1.1 400"),
        (b"nonsense\r\n\r\n", b"HTTP/1.1 400"),
    ],
    ids=["nothing", "half a head", "an endless head", "no HTTP"],
)
async def test_a_connection_without_a_request_is_ended(
    address: tuple[str, int, Door], sent: bytes, said: bytes
) -> None:
    """It would count as one of those that a process takes on."""
    reader, writer = await asyncio.open_connection(*address[:2])
    writer.write(sent)
    found = await answered(reader)
    assert found.startswith(said)
    assert bool(found) == bool(said)
    writer.close()


async def test_half_a_head_after_a_request_is_given_up_as_well(address: tuple[str, int, Door]) -> None:
    """And a whole one is answered on the same connection."""
    host, port, door = address
    reader, writer = await asyncio.open_connection(host, port)
    whole = head({**door.headers(b"a=1"), "content-length": "3"}) + b"a=1"
    writer.write(whole)
    assert (await reader.readuntil(b"passed")).startswith(b"HTTP/1.1 200")
    writer.write(whole)
    assert (await reader.readuntil(b"passed")).startswith(b"HTTP/1.1 200")
    writer.write(whole[:20])
    assert await answered(reader) == b""
    writer.close()


async def test_a_process_takes_on_only_so_much(address: tuple[str, int, Door]) -> None:
    """Whoever comes then is told so at once."""
    host, port, door = address
    waiting = [await asyncio.open_connection(host, port) for _ in range(5)]
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(head({**door.headers(b""), "content-length": "0"}))
    assert (await answered(reader)).startswith(b"HTTP/1.1 503")
    for _, each in (*waiting, (reader, writer)):
        each.close()
