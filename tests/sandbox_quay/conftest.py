"""A lab registry as the recorded one was, and real servers for it."""

import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import uvicorn

from sandbox.quay.app import create_app
from sandbox.quay.faults import Faults
from sandbox.quay.features import Features
from sandbox.quay.oauth import Application, Token
from sandbox.quay.state import (
    Approval,
    Build,
    Limit,
    Namespace,
    Organization,
    Quota,
    Registry,
    ServiceKey,
    User,
)

RECORDINGS = Path(__file__).parents[1] / "recordings"
LAB_TIME = datetime(2026, 11, 23, 22, 54, tzinfo=UTC)
LAB_APPLICATION = Application("T22AIEBJ6748VPE0CL7J", "admin-bot")
EVERY_SCOPE = "super:user org:admin repo:admin user:admin user:read"

MADE_BY_THE_RECORDER = ("newuser", "noemail", "mail", "a-b.c", "bbb", "extrauser")

NamespaceT = TypeVar("NamespaceT", bound=Namespace)
Serve = Callable[..., contextlib.AbstractAsyncContextManager[httpx.AsyncClient]]


class Clock:
    """A clock that tests set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((RECORDINGS / f"{name}.json").read_text())
    return found


def answer_to(name: str, case: str) -> Any:
    return next(one["response"]["json"] for one in cases(name) if one["case"].startswith(case))


def lab_tokens() -> dict[str, Token]:
    """A token for each that the recorder had, and an application that belongs to no organization of the lab."""
    owners = {
        "superuser": ("quayadmin", "super:user"),
        "superuser-all-scopes": ("quayadmin", EVERY_SCOPE),
        "superuser-that-owns": ("devtable", "super:user"),
        "global-readonly-superuser": ("globalreadonlysuperuser", "super:user"),
        "no-scope": ("quayadmin", "repo:read"),
        "non-superuser": ("freshuser", "super:user"),
    }
    return {
        secret: Token(number, owner, LAB_APPLICATION, LAB_TIME, scope)
        for number, (secret, (owner, scope)) in enumerate(owners.items(), 1)
    }


def lab_registry(clock: Callable[[], datetime]) -> Registry:
    """The recorder's registry before it began to change things, without background workers."""
    registry = Registry(clock=clock, features=Features(background_workers=False), tokens=lab_tokens(), _ids=count(100))
    for number, view in enumerate(answer_to("listAllUsers", "success")["users"], 1):
        if not view["name"].startswith(MADE_BY_THE_RECORDER):
            registry.add(_user(number, view))
    organizations = answer_to("listAllOrganizations", "success")["organizations"]
    for number, view in enumerate(organizations, 40):
        registry.add(filled(Organization(number, view["name"], view["email"]), view))
    for number, name in enumerate(("orga", "orgb", "orgc", "quotaorg"), 70):
        registry.add(Organization(number, name, f"{name}@example.com"))
    registry.keys = {key.kid: key for key in map(_key, _recorded_keys())}
    registry.builds = {build.uuid: build for build in _recorded_builds()}
    return registry


def _recorded_keys() -> Iterable[dict[str, Any]]:
    yield from answer_to("listServiceKeys", "after creations")["keys"]
    yield from answer_to("listServiceKeys", "success")["keys"]


def _recorded_builds() -> Iterable[Build]:
    logs = answer_to("getRepoBuildLogsSuperUser", "success")["logs"]
    archive = answer_to("getRepoBuildLogsSuperUser", "the archive path")["logs"]
    for name, case in (
        ("getRepoBuildSuperUser", "success"),
        ("getRepoBuildSuperUser", "build in phase error"),
        ("getRepoBuildStatusSuperUser", "complete build"),
    ):
        view = answer_to(name, case)
        yield Build(
            view["id"],
            view["phase"],
            LAB_TIME,
            view["repository"]["namespace"],
            view["repository"]["name"],
            resource_key=view["resource_key"],
            status=view["status"],
            source=view["trigger"]["build_source"],
            logs={"building": logs, "complete": archive}.get(view["phase"], []),
            archived=view["phase"] == "complete",
            archive_head={"start": 0, "total": len(archive)},
        )


def _user(number: int, view: dict[str, Any]) -> User:
    user = User(number, view["name"], view["email"], verified=view["verified"], enabled=view["enabled"])
    user.super_user = view["super_user"]
    user.global_readonly = view["global_readonly_super_user"]
    return filled(user, view)


def filled(namespace: NamespaceT, view: dict[str, Any]) -> NamespaceT:
    for quota in view["quotas"]:
        limits = [Limit(one["id"], one["type"], one["limit_percent"]) for one in quota["limits"]]
        namespace.quota = Quota(quota["id"], quota["limit_bytes"], limits)
    namespace.quota_bytes = view["quota_report"]["quota_bytes"]
    namespace.backfill = view["quota_report"]["backfill_status"]
    return namespace


def _key(view: dict[str, Any]) -> ServiceKey:
    approval = view["approval"]
    return ServiceKey(
        view["kid"],
        view["service"],
        view["jwk"],
        parsedate_to_datetime(view["created_date"]),
        view["name"],
        dict(view["metadata"]),
        view["expiration_date"] and parsedate_to_datetime(view["expiration_date"]),
        view["rotation_duration"],
        approval
        and Approval(
            approval["approval_type"].removeprefix("ServiceKeyApprovalType."),
            parsedate_to_datetime(approval["approved_date"]),
            approval["approver"] and approval["approver"]["name"],
            approval["notes"],
        ),
    )


@contextlib.asynccontextmanager
async def serve(registry: Registry, faults: Faults | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Serve a registry on a free port, and give a client for it that has no token yet.

    Not by `Server.serve`, whose clock ticks ten times a second: that would be most of the time of a test.
    """
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        app = create_app(registry, faults or Faults())
        config = uvicorn.Config(app, lifespan="off", ws="none", log_level="error")
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup([listener])
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
                yield client
        finally:
            for listening in server.servers:
                listening.close()
                await listening.wait_closed()


@pytest.fixture
def clock() -> Clock:
    """The lab's clock, standing still."""
    return Clock(LAB_TIME)


@pytest.fixture
def lab(clock: Clock) -> Registry:
    """The recorder's registry before it began to change things."""
    return lab_registry(clock)


@pytest.fixture(name="serve")
def serve_fixture() -> Serve:
    """`async with serve(registry, faults) as client`: a real server, and a client without a token."""
    return serve


@pytest.fixture
async def quay(lab: Registry) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the superuser's token, for the lab registry."""
    async with serve(lab) as client:
        client.headers["Authorization"] = "Bearer superuser"
        yield client
