"""The sandbox's own servers and children begin when asked and end with it."""

import asyncio
import os
import sys
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from sandbox.children import ChildDied, child
from sandbox.serving import PortTaken, bound_socket, serving, url_of

SPEAKING = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"


async def hello(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def first_line(log: Path) -> None:
    """Wait until a line has been written."""
    for _ in range(1000):
        if (await asyncio.to_thread(log.read_text)).endswith("\n"):
            return
        await asyncio.sleep(0.01)
    raise TimeoutError(f"nothing in {log}")


async def test_an_application_is_served_as_long_as_the_context_lasts() -> None:
    """Afterwards nobody listens any more."""
    listening = bound_socket(0)
    url = url_of(listening)
    async with serving(Starlette(routes=[Route("/", hello)]), listening), httpx.AsyncClient() as client:
        assert (await client.get(url)).text == "hello"
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(url)


def test_a_port_in_use_is_told_in_one_sentence() -> None:
    """The sentence names the port and the way out."""
    with (
        bound_socket(0) as taken,
        pytest.raises(PortTaken, match=r"^Port \d+ cannot be used: .* 0 for any free one\.$"),
    ):
        bound_socket(taken.getsockname()[1])


def test_a_port_that_cannot_be_is_told_in_the_same_way() -> None:
    """Nobody sees a traceback for a mistyped port."""
    with pytest.raises(PortTaken, match=r"^Port 99999 cannot be used: there is no such port"):
        bound_socket(99999)


async def test_a_child_ends_with_the_context(tmp_path: Path) -> None:
    """The command itself is gone, not only the shell around it."""
    log = tmp_path / "log"
    async with child("sleeper", [sys.executable, "-c", SPEAKING], os.environ, log):
        await first_line(log)
    with pytest.raises(ProcessLookupError):
        os.kill(int(log.read_text()), 0)


async def test_a_child_that_dies_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    """What it wrote last is what helps."""
    command = [sys.executable, "-c", "import sys; print('out of fuel'); sys.exit(3)"]
    async with child("engine", command, os.environ, tmp_path / "log") as engine:
        with pytest.raises(ChildDied, match=r"^engine ended with status 3\. [\s\S]*out of fuel"):
            await engine.died()
