"""Quotas in every state that they can be in, and a way to the registry on which the write of a given place fails."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from httpx import AsyncClient

from bot.permissions import Policy
from sandbox.quay.enforcement import check_push
from sandbox.quay.state import Limit, LimitType, Organization, Quota
from tests.support.mortals import Breakage, Death
from tests.support.world import POLICY, World

GIB = 1024**3
USES = (50, 85, 95, 105, 150, 250)
"""GiB in use at which a push is tried."""
KINDS: dict[str, LimitType] = {"W": "Warning", "R": "Reject"}
ALONE = {
    **POLICY,
    "rules": [{"name": "all", "who": ["managers"], "may": ["all"]}],
    "confirmations": [{"for": ["change"], "approvals": 0}],
}
STATES: dict[str, tuple[int | None, str, int]] = {
    # the size of its own quota in GiB, its limits, the system default in GiB
    "none": (None, "", 0),
    "own without limits": (100, "", 0),
    "own with limits": (100, "W80 R100", 0),
    "default": (None, "", 100),
    "own without limits, default": (100, "", 100),
    "own with limits, default": (100, "W80 R100", 100),
    "a warning above the reject": (100, "R90 W100", 0),
    "two rejects": (100, "W80 R90 R100", 0),
}


def prepare(world: World, state: str, *, full_access: bool = True) -> Organization:
    """Let the quota of team-alpha be as a state says, and let Carol do everything alone."""
    size, limits, default = STATES[state]
    namespace = world.registry.organization("team-alpha")
    assert namespace is not None
    listed = [Limit(1000 + at, KINDS[each[0]], int(each[1:])) for at, each in enumerate(limits.split())]
    namespace.quota = Quota(900, size * GIB, listed) if size else None
    namespace.quota_bytes = 40 * GIB
    world.registry.features.default_quota_bytes = default * GIB
    world.registry.features.superusers_full_access = full_access
    world.policy = Policy.model_validate(ALONE)
    return namespace


def pushes(world: World, namespace: Organization) -> str:
    """What becomes of a push at each use, by the simulated Quay."""
    in_use, said = namespace.quota_bytes, ""
    for use in USES:
        namespace.quota_bytes = use * GIB
        check = check_push(namespace, world.registry.features)
        said += "R" if check.refused else "w" if check.warned else "."
    namespace.quota_bytes = in_use
    return said


async def writes_sent(world: World) -> list[str]:
    """What was written to quotas, in order."""
    async with AsyncClient(base_url=world.quay_url) as client:
        requests = (await client.get("/sandbox/quay/requests")).json()["requests"]
    sent = [(each["method"], each["path"]) for each in requests if each["method"] != "GET" and "quota" in each["path"]]
    return [f"{method} {'limit' if '/limit' in path else 'quota'}" for method, path in sent]


CRASH = "<html><h1><p>Internal Server Error</p></h1></html>"
"""The page of Quay's own 500, after which it does nothing more."""


@dataclass
class Way(httpx.AsyncBaseTransport):
    """The way to the registry, on which the write of a given place goes wrong; 0 is the first."""

    quay: httpx.ASGITransport
    breaks: dict[int, Breakage | str] = field(default_factory=dict)
    sent: list[tuple[str, Any]] = field(default_factory=list)
    after_first: Callable[[], None] | None = None
    """What somebody else does once the first write has landed."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return await self.quay.handle_async_request(request)
        broken = self.breaks.get(len(self.sent))
        self.sent.append((request.method, _json(request)))
        match broken:
            case "refused":
                return httpx.Response(400, json={"message": "not today"}, request=request)
            case "500 before":
                return httpx.Response(500, text=CRASH, request=request)
            case "lost before":
                raise httpx.ReadTimeout("no answer", request=request)
            case "killed before":
                raise Death
        answer = await self.quay.handle_async_request(request)
        if self.after_first and len(self.sent) == 1:
            self.after_first()
        match broken:
            case "500 after":
                return httpx.Response(500, text=CRASH, request=request)
            case "lost after":
                raise httpx.ReadTimeout("no answer", request=request)
            case "killed after":
                raise Death
        return answer


def _json(request: httpx.Request) -> Any:
    return httpx.Response(200, content=request.content).json() if request.content else None
