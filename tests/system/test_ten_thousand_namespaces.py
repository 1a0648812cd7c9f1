"""Workers that sweep a registry of 10,000 namespaces, one of which is killed in the middle of it."""

import asyncio
import os
import signal
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.alerts.lease import LEASES
from sandbox.quay.app import create_app
from sandbox.quay.faults import Faults
from sandbox.quay.seed import seed
from sandbox.quay.state import Organization, Registry
from tests.support.servers import served

pytestmark = pytest.mark.long

NAMESPACES = 10_000
PAGE = 100
CHANNELS = ("C0ONE", "C0TWO", "C0THREE")
IN_EACH = 8
IN_DIGEST = 30
ALERTS = """\
version: 1
admin_channel: C0ADMIN
quotas:
  routes:
    - {namespaces: ["full-one-*"], channel: C0ONE}
    - {namespaces: ["full-two-*"], channel: C0TWO}
    - {namespaces: ["full-three-*"], channel: C0THREE}
    - {namespaces: ["full-many-*"], channel: C0MANY}
"""


@dataclass
class CountingQuay:
    """The simulated Quay, which counts the pages of its lists that each token has read."""

    app: ASGIApp
    pages: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            token = dict(scope["headers"])[b"authorization"].decode().removeprefix("Bearer ")
            self.pages[token][scope["path"]] += 1
        await self.app(scope, receive, send)


@dataclass
class DeadlySlack:
    """Takes messages, and kills the process that brings the message of a number before it has taken that one."""

    kills_at: int
    posted: list[tuple[str, str]] = field(default_factory=list)
    calls: int = 0
    killed: list[int] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{pid:int}/api/{method}", self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> JSONResponse:
        assert request.path_params["method"] == "chat.postMessage"
        self.calls += 1
        if self.calls == self.kills_at:
            pid = request.path_params["pid"]
            self.killed.append(pid)
            os.kill(pid, signal.SIGKILL)
            return JSONResponse({"ok": False, "error": "fatal_error"})
        message = await request.json()
        self.posted.append((message["channel"], message["text"]))
        return JSONResponse({"ok": True, "channel": message["channel"], "ts": f"{self.calls}.0"})


def grown() -> Registry:
    """A registry of that size, in which only these namespaces are worth a message."""
    registry = seed(namespaces=NAMESPACES)
    organizations = [each for each in registry.namespaces.values() if isinstance(each, Organization)]
    limited = [each for each in organizations if each.quota]
    for each in limited:
        each.quota_bytes = 0
    wanted = [f"full-{group}-{n}" for group in ("one", "two", "three") for n in range(IN_EACH)]
    wanted += [f"full-many-{n}" for n in range(IN_DIGEST)]
    for organization, name in zip(limited, wanted, strict=False):
        del registry.namespaces[organization.name]
        organization.name, organization.backfill = name, "complete"
        assert organization.quota
        organization.quota_bytes = organization.quota.limit_bytes * 95 // 100
        registry.namespaces[name] = organization
    return registry


async def test_each_alert_is_said_once_although_a_worker_is_killed(
    redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    """Of three processes at once one sweeps; what it had taken on when it was killed, another says minutes later.

    Quay is asked exactly once for each page of 100, by each sweep.
    """
    alerts = tmp_path / "alerts.yaml"
    alerts.write_text(ALERTS)
    registry, slack = grown(), DeadlySlack(kills_at=5)
    registry.tokens |= {f"worker-{n}": registry.tokens["sandbox-superuser"] for n in range(4)}
    quay = CountingQuay(create_app(registry, Faults()))
    async with served(quay) as quay_url, served(slack.app()) as slack_url:

        async def sweep(worker: int, later: int) -> int:
            command = [sys.executable, "-m", "tests.support.sweeper", quay_url, f"worker-{worker}", redis_url]
            process = await asyncio.create_subprocess_exec(*command, slack_url, str(alerts), str(later))
            return await process.wait()

        first = await asyncio.gather(*(sweep(worker, 0) for worker in range(3)))
        assert sorted(first) == [-signal.SIGKILL, 0, 0]
        await redis.delete(f"{LEASES}quota-sweep")  # the minute passes that a dead worker's lease lasts
        assert await sweep(3, later=180) == 0
    assert len(slack.posted) == len(CHANNELS) * IN_EACH + 1
    told = Counter(text.partition(" is at")[0] for channel, text in slack.posted if channel in CHANNELS)
    assert set(told) == {f"full-{group}-{n}" for group in ("one", "two", "three") for n in range(IN_EACH)}
    assert set(told.values()) == {1}
    assert [text.partition(" ")[0] for channel, text in slack.posted if channel == "C0MANY"] == [str(IN_DIGEST)]
    organizations = sum(isinstance(each, Organization) for each in registry.namespaces.values())
    pages = {
        "/api/v1/superuser/organizations/": -(-organizations // PAGE),
        "/api/v1/superuser/users/": -(-(NAMESPACES - organizations) // PAGE),
        "/api/v1/superuser/config": 1,  # what Quay enforces, read once in five minutes
    }
    assert list(quay.pages.values()) == [pages, pages]
