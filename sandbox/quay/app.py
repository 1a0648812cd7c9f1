"""The simulated Quay as a Starlette application, for any ASGI server that speaks HTTP."""

import time
from collections import deque

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.quay import (
    routes_applications,
    routes_builds,
    routes_keys,
    routes_keyserver,
    routes_limits,
    routes_mirror,
    routes_organizations,
    routes_quotas,
    routes_registry,
    routes_repositories,
    routes_teams,
    routes_users,
)
from sandbox.quay.control import Control
from sandbox.quay.dispatch import Dispatcher
from sandbox.quay.faults import Faults
from sandbox.quay.gateway import Gateway
from sandbox.quay.request_log import LoggedRequest, new_request_log
from sandbox.quay.state import Registry

_RESOURCES = (
    *routes_keys.RESOURCES,
    *routes_users.RESOURCES,
    *routes_organizations.RESOURCES,
    *routes_teams.RESOURCES,
    *routes_applications.RESOURCES,
    *routes_quotas.RESOURCES,
    *routes_limits.RESOURCES,
    *routes_registry.RESOURCES,
    *routes_repositories.RESOURCES,
    *routes_mirror.RESOURCES,
    *routes_keyserver.RESOURCES,
    *routes_builds.RESOURCES,
)
_DOOR = "/sandbox/quay"


def create_app(registry: Registry, faults: Faults) -> Starlette:
    """A Quay that serves this registry and suffers from these faults; both may be changed while it runs."""
    requests = new_request_log()
    dispatcher = Dispatcher(registry, _RESOURCES, lambda token: token in faults.revoked_tokens)
    gateway = Gateway(dispatcher, faults, registry.clock)
    quay = _Quay(dispatcher, gateway, requests)
    control = Control(registry, faults, gateway, requests)
    return _SandboxQuay(routes=[Mount(_DOOR, routes=control.routes())], quay=quay)


class _SandboxQuay(Starlette):
    """Starlette behind the sandbox's door, the simulated Quay everywhere else.

    Quay's part is not a Starlette route, for its faults need the server's own `send`.
    """

    def __init__(self, *, routes: list[Mount], quay: ASGIApp) -> None:
        super().__init__(routes=routes)
        self._quay = quay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(f"{_DOOR}/"):
            await self._quay(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class _Quay:
    """Answers as Quay, through its gateway, and keeps a record of it."""

    def __init__(self, dispatcher: Dispatcher, gateway: Gateway, requests: deque[LoggedRequest]) -> None:
        self._dispatcher = dispatcher
        self._gateway = gateway
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        token = self._dispatcher.token_kind(Request(scope))
        status = await self._gateway.serve(scope, receive, send)
        ms = round((time.perf_counter() - started) * 1000, 1)
        self._requests.append(LoggedRequest(scope["method"], scope["path"], status, ms, token))
