"""SIGTERM while people wait: what finishes in time is answered, and everyone else is told to try again."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import pytest

from sandbox.serving import free_port
from tests.system.conftest import ADMIN, Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]


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


async def ask(town: Town, web: Web, text: str) -> None:
    """Deliver a command of Carol's; its response URL is too old, as one may be after a wait."""
    form = {"command": "/quay", "text": text, "team_id": "T0SANDBOX", "user_id": "U03CAROL", "channel_id": ADMIN}
    url = f"{town.page.base_url}/hooks/response/none"
    body = urlencode({**form, "trigger_id": secrets.token_hex(8), "response_url": url})
    first, town.bot = town.bot, web.url
    try:
        assert (await town.deliver(body)).status_code == 200
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
