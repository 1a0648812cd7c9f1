"""What anyone can send to a real process costs it next to nothing, and leaves next to nothing in its log."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from redis.asyncio import Redis
from slack_sdk.signature import SignatureVerifier

from sandbox.serving import free_port
from tests.system.conftest import ADMIN, PERMISSIONS, Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]
MIB = 1024**2
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass
class Door:
    """A `quaymaster serve` of a test's own, with its log."""

    process: asyncio.subprocess.Process
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Where Slack would deliver."""
        return f"http://127.0.0.1:{self.port}/slack/events"

    @property
    def peak(self) -> int:
        """The most memory that the process ever had, in bytes."""
        (line,) = [line for line in self._status().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) * 1024

    def lines(self, event: str) -> list[dict[str, object]]:
        """What it logged of an event."""
        logged = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in logged if line["event"] == event]

    def _status(self) -> str:
        return Path(f"/proc/{self.process.pid}/status").read_text()


@asynccontextmanager
async def door(town: Town, folder: Path, **settings: str) -> AsyncIterator[Door]:
    """Start a process that serves Slack beside the town's."""
    port, log = free_port(), folder / "serve.log"
    with log.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.cli", "serve"),
            env={**town.environment, "PORT": str(port), **settings},
            stderr=written,
        )
    found = Door(process, port, log)

    async def ready() -> bool:
        try:
            return (await town.page.get(f"http://127.0.0.1:{port}/readyz")).is_success
        except httpx.TransportError:
            return False

    try:
        await town.until(ready)
        yield found
    finally:
        process.terminate()
        await process.wait()


def huge(megabytes: int) -> Iterator[bytes]:
    """A body that never is in memory whole."""
    for _ in range(megabytes):
        yield b"x" * MIB


async def refused(found: Door, headers: dict[str, str]) -> int | str:
    """Send 100 MiB; the status, or how the connection ended before one could be read."""

    async def body() -> AsyncIterator[bytes]:
        for part in huge(100):
            yield part

    async with httpx.AsyncClient(timeout=20) as stranger:
        try:
            return (await stranger.post(found.url, content=body(), headers=headers)).status_code
        except httpx.TransportError as error:
            return type(error).__name__


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory of a process is read from /proc")
async def test_a_hundred_megabytes_cost_no_memory(town: Town, tmp_path: Path) -> None:
    """Announced or in chunks, without a signature or with a forged one; ten at the same time."""
    async with door(town, tmp_path) as found:
        before = found.peak
        fresh = {"x-slack-request-timestamp": str(int(time.time())), "x-slack-signature": "v0=" + "0" * 64}
        announced = {"content-length": str(100 * MIB)}
        for headers in ({}, announced, fresh, fresh | announced):
            answers = await asyncio.gather(*(refused(found, FORM | headers) for _ in range(10)))
            assert set(answers) <= {401, 413, "ReadError", "WriteError", "RemoteProtocolError"}, answers
        grown = found.peak - before
        sys.stderr.write(f"memory grew by {grown / MIB:.1f} MiB\n")
        assert grown < 24 * MIB
        assert found.lines("deliveries_refused")
        assert found.log.stat().st_size < 10_000


async def test_with_a_wrong_secret_nothing_of_a_delivery_is_logged(town: Town, tmp_path: Path) -> None:
    """At INFO as at DEBUG; once, it is said what is probably wrong, and `status` says it through another process."""
    text, answer_to = "keys show a-private-thing", "https://hooks.slack.test/a-response-url"
    command = {"command": "/quay", "text": text, "team_id": "T0SANDBOX", "user_id": "U02BOB", "channel_id": ADMIN}
    body = urlencode({**command, "trigger_id": "1.1", "response_url": answer_to, "token": "a-verification-token"})
    async with door(town, tmp_path, SLACK_SIGNING_SECRET="of-another-app", LOG_LEVEL="DEBUG") as found:
        for _ in range(20):
            stamp = str(int(time.time()))
            signature = SignatureVerifier(town.signing_secret).generate_signature(timestamp=stamp, body=body) or ""
            signed = {"x-slack-request-timestamp": stamp, "x-slack-signature": signature}
            assert (await town.page.post(found.url, content=body, headers={**FORM, **signed})).status_code == 401
        logged = found.log.read_text()
        assert not [one for one in ("a-private", "a-response-url", "a-verification") if one in logged]
        (line,) = found.lines("deliveries_refused")
        assert "SLACK_SIGNING_SECRET is probably wrong" in str(line["probably"])
        await town.say("U02BOB", "/quay status")
        await town.sees("U02BOB", "SLACK_SIGNING_SECRET is probably wrong")


async def test_what_is_not_safe_is_logged_at_start(town: Town, tmp_path: Path) -> None:
    """Before anything is served."""
    written_by_all = tmp_path / "permissions.yaml"
    written_by_all.write_text(PERMISSIONS, encoding="utf-8")
    written_by_all.chmod(0o666)
    async with door(town, tmp_path, PERMISSIONS_FILE=str(written_by_all)) as found:
        said = [str(line["warning"]) for line in found.lines("configuration")]
    assert [one.split()[0] for one in said] == ["SECRET_KEY", "Every"]
    async with door(town, tmp_path, SECRET_KEY="k" * 32) as found:
        assert found.lines("configuration") == []


async def test_a_freeze_that_is_sent_again_does_not_freeze_again(town: Town) -> None:
    """Somebody kept the request, which is good for five minutes: it is acknowledged, and nothing else happens."""
    await town.say("U02BOB", "/quay freeze maintenance")
    await town.sees("U02BOB", "are frozen")
    await town.say("U02BOB", "/quay thaw")
    await town.until(lambda: recorded(town, "changes_thawed"))
    sent = (await town.page.get("/sandbox/slack/deliveries")).json()
    (freeze,) = [one["number"] for one in sent if one["payload"].get("text") == "freeze maintenance"]
    for _ in range(3):
        assert (await town.switch("replay", number=freeze))["status"] == 200
    await town.say("U02BOB", "/quay help freeze")
    await town.sees("U02BOB", "freeze REASON")
    assert await recorded(town, "changes_frozen") == 1


async def recorded(town: Town, event: str) -> int:
    """How many entries of an event the audit has."""
    async with Redis.from_url(town.redis_url) as redis:
        entries = [json.loads(fields[b"body"]) for _, fields in await redis.xrange("quaymaster:audit")]
    return sum(entry["event"] == event for entry in entries)
