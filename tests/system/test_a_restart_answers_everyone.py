"""SIGTERM while people wait: what finishes in time is answered, and everyone else is told to try again."""

import asyncio
import itertools
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import pytest
from redis.asyncio import Redis

from sandbox.serving import free_port
from tests.system.conftest import ADMIN, Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]
TRIGGERS = itertools.count()


@dataclass
class Web:
    """A `quaymaster serve` that a test ends."""

    process: asyncio.subprocess.Process
    url: str


@asynccontextmanager
async def another_web(town: Town, *options: str, **settings: str) -> AsyncIterator[Web]:
    """Start a web process beside the town's."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "serve", *options, env={**town.environment, "PORT": str(port), **settings}
    )

    async def ready() -> bool:
        try:
            return (await town.page.get(f"{url}/readyz")).is_success
        except httpx.TransportError:
            return False

    try:
        await town.until(ready)
        yield Web(process, url)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def slow_quay(town: Town, seconds: float) -> None:
    """Let Quay take so long for the list of users."""
    wish = {"slow": [{"operation": "listAllUsers", "seconds": seconds}]} if seconds else {}
    answer = await town.page.post(f"{town.environment['QUAY_URL']}/sandbox/quay/faults", json=wish)
    assert answer.is_success, answer.text


async def ask(town: Town, web: Web, text: str) -> str:
    """Deliver a command of Carol's, and return its acknowledgement; its response URL is too old, as after a wait."""
    form = {"command": "/quay", "text": text, "team_id": "T0SANDBOX", "user_id": "U03CAROL", "channel_id": ADMIN}
    url = f"{town.page.base_url}/hooks/response/none"
    body = urlencode({**form, "trigger_id": secrets.token_hex(8), "response_url": url})
    first, town.bot = town.bot, web.url
    try:
        answer = await town.send(body, town.signature(body, int(time.time())))
        assert answer.status_code == 200
        return answer.text
    finally:
        town.bot = first


async def until_quay_is_asked(town: Town) -> None:
    async def asked() -> bool:
        answer = await town.page.get(f"{town.environment['QUAY_URL']}/sandbox/quay/requests")
        return "superuser/users" in answer.text

    await town.until(asked)


@pytest.mark.parametrize(("options", "name"), [((), "alone"), (("--with-worker",), "both")])
async def test_what_finishes_in_time_is_answered(town: Town, options: tuple[str, ...], name: str) -> None:
    """The process ends with status 0 once the answer is out, and once its worker has ended too."""
    await slow_quay(town, 1)
    async with another_web(town, *options) as web:
        await ask(town, web, f"users list --match {name}")
        web.process.terminate()
        assert await asyncio.wait_for(web.process.wait(), 15) == 0
    await town.sees("U03CAROL", f"No users matching “{name}”")


async def test_what_does_not_is_told_to_try_again(town: Town) -> None:
    """Within SHUTDOWN_SECONDS and 3 seconds more."""
    await slow_quay(town, 60)
    async with another_web(town, SHUTDOWN_SECONDS="1") as web:
        await ask(town, web, "users list")
        await until_quay_is_asked(town)
        web.process.terminate()
        assert await asyncio.wait_for(web.process.wait(), 10) == 0
    await slow_quay(town, 0)
    said = await town.sees("U03CAROL", "The bot is restarting and couldn't finish this. Try again in a minute.")
    assert said["ephemeral"]


async def test_beyond_twenty_requests_of_one_person_the_process_says_so(town: Town) -> None:
    """In the acknowledgement; those that run are told to try again when the process ends."""
    await slow_quay(town, 60)
    async with another_web(town, SHUTDOWN_SECONDS="0") as web:
        answers = [await ask(town, web, "users list") for _ in range(22)]
        web.process.terminate()
        assert await asyncio.wait_for(web.process.wait(), 10) == 0
    await slow_quay(town, 0)
    assert answers[:20] == [""] * 20
    for answer in answers[20:]:
        assert json.loads(answer)["text"] == "You have 20 requests running. Wait for one to finish, then try again."


async def test_reads_that_were_counted_are_recorded_when_the_process_ends(town: Town) -> None:
    """Of eight alike, five have their entries, and one entry has the number of the others."""
    async with another_web(town) as web:
        for _ in range(8):
            await ask(town, web, "keys list --service clair_scanner")
        web.process.terminate()
        assert await asyncio.wait_for(web.process.wait(), 15) == 0
    async with Redis.from_url(town.redis_url) as redis:
        entries = [json.loads(fields[b"body"]) for _, fields in await redis.xrange("quaymaster:audit")]
    (summed,) = [entry for entry in entries if entry["event"] == "reads_counted" and entry["details"]["count"] == 3]
    assert (summed["actor"], summed["details"]["command"]) == ("T0SANDBOX/U03CAROL", "keys list")
