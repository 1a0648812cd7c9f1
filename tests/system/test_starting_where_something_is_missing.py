"""Starting where a port is taken, or where Slack, Quay and Redis are away: a sentence, and no traceback."""

import asyncio
import json
import os
import sys
from typing import Any

import pytest

from sandbox.serving import bound_socket
from tests.support.cli import ROOT, run

AWAY = {
    "SLACK_BOT_TOKEN": "xoxb-1234567",
    "SLACK_SIGNING_SECRET": "s" * 32,
    "SLACK_API_URL": "http://127.0.0.1:1/api/",
    "QUAY_URL": "http://127.0.0.1:1",
    "QUAY_TOKEN": "t" * 32,
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "PERMISSIONS_FILE": "sandbox/permissions.yaml",
    "ALERTS_FILE": "sandbox/alerts.yaml",
    "LISTEN_HOST": "127.0.0.1",
}


def test_a_port_that_is_taken_ends_the_process() -> None:
    """With status 2, and the setting to change in the last line."""
    with bound_socket(0) as taken:
        port = str(taken.getsockname()[1])
        ended = run("serve", **AWAY, PORT=port)
    assert ended.returncode == 2
    last = ended.stderr.splitlines()[-1]
    assert last == f"Port {port} of 127.0.0.1 can't be used: Address already in use. Set PORT or LISTEN_HOST."
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("kind", ["serve", "worker"])
async def test_a_process_stays_while_everything_is_away(kind: str) -> None:
    """What is away is named once each, as `doctor` names it, in lines without a traceback."""
    clean = {"PATH": os.environ["PATH"], **AWAY, "PORT": "0", "PYTHONUNBUFFERED": "1"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", kind, env=clean, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout
    lines: list[dict[str, Any]] = []
    async with asyncio.timeout(30):
        while not any(line["event"] == "checked_at_start" for line in lines):
            lines.append(json.loads(await process.stdout.readline()))
        for _ in range(20 if kind == "worker" else 0):  # it goes on trying
            lines.append(json.loads(await process.stdout.readline()))
        assert process.returncode is None
        process.terminate()
        await process.communicate()
    named = {
        (line["group"], line["check"]) for line in lines if line["event"] == "doctor" and line["status"] == "failed"
    }
    assert named == {("Slack", "bot token"), ("Quay", "address"), ("Redis", "connection")}
    assert not [line for line in lines if "exception" in line]
