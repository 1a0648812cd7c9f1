"""The sandbox's own door, under `/sandbox/quay/`: look inside, flip switches, let a service ask for a key.

- `GET state`, `POST usage` {"namespace", "quota_bytes", "backfill_status"}
- `POST features` {name: value}: change the configuration; `POST features/quay-defaults`: with Quay's own defaults
- `GET push?namespace=NAME&bytes=N`: what Quay's quotas would do about a push of so many bytes (0) now, and why
- `POST keys` {"service", "honest"}: a service asks for a key now; a dishonest one names another key's kid
- `POST faults` {"delay_seconds", "revoked_tokens", "rate_limit", "failures", "slow", "stuck_pages", "odd_entries"},
  as in `faults`: replaces all faults; `{}` ends them, but what was answered already and is late still lands
- `POST late`: what is late lands now
- `GET requests`, `DELETE requests`: what was asked of Quay
"""

import dataclasses
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.quay.answers import Message
from sandbox.quay.enforcement import check_push
from sandbox.quay.faults import Faults
from sandbox.quay.features import Features
from sandbox.quay.gateway import Gateway
from sandbox.quay.jwk import pseudo_jwk, thumbprint
from sandbox.quay.request_log import LoggedRequest
from sandbox.quay.routes_keys import add_key
from sandbox.quay.state import Backfill, Namespace, Registry, ServiceKey
from sandbox.quay.views import key_date

Endpoint = Callable[[Request], Awaitable[Response]]


class Control:
    """The endpoints over one registry, its faults, its gateway and its request log."""

    def __init__(self, registry: Registry, faults: Faults, gateway: Gateway, requests: deque[LoggedRequest]) -> None:
        self._registry = registry
        self._faults = faults
        self._gateway = gateway
        self._requests = requests
        self._random = random.Random(len(registry.keys))

    def routes(self) -> list[Route]:
        """Where everything is."""
        return [
            Route("/state", self._state),
            Route("/keys", _reporting_mistakes(self._ask_for_key), methods=["POST"]),
            Route("/faults", _reporting_mistakes(self._set_faults), methods=["POST"]),
            Route("/late", self._land, methods=["POST"]),
            Route("/features", _reporting_mistakes(self._set_features), methods=["POST"]),
            Route("/features/quay-defaults", self._set_quay_defaults, methods=["POST"]),
            Route("/usage", _reporting_mistakes(self._set_usage), methods=["POST"]),
            Route("/push", _reporting_mistakes(self._check_push)),
            Route("/requests", self._show_requests),
            Route("/requests", self._forget_requests, methods=["DELETE"]),
        ]

    async def _state(self, _request: Request) -> Response:
        registry = self._registry
        self._gateway.land()
        registry.sweep()
        waiting = [key for key in registry.keys.values() if key.approval is None]
        return JSONResponse(
            {
                "waiting_keys": [
                    {"kid": key.kid, "service": key.service, "created": key_date(key.created)} for key in waiting
                ],
                "keys": len(registry.keys),
                "users": len(registry.users()),
                "organizations": len(registry.organizations()),
                "logs": len(registry.logs),
                "builds": list(registry.builds),
                "faults": _faults_shown(self._faults),
                "late_requests": self._gateway.late_requests,
                "features": dataclasses.asdict(registry.features),
            }
        )

    async def _ask_for_key(self, request: Request) -> Response:
        wish = await request.json()
        jwk = pseudo_jwk(self._random)
        named = jwk if wish.get("honest", True) else pseudo_jwk(self._random)
        key = ServiceKey(
            thumbprint(named).hex(),
            wish["service"],
            jwk,
            self._registry.clock(),
            metadata={"ip": wish.get("ip", "10.20.30.40")},
        )
        add_key(self._registry, key)
        return JSONResponse({"kid": key.kid, "service": key.service}, 201)

    async def _set_faults(self, request: Request) -> Response:
        self._faults.become(Faults.from_json(await request.json()))
        return JSONResponse(_faults_shown(self._faults))

    async def _land(self, _request: Request) -> Response:
        self._gateway.land(everything=True)
        return Response(status_code=204)

    async def _set_features(self, request: Request) -> Response:
        self._registry.features = dataclasses.replace(self._registry.features, **await request.json())
        return JSONResponse(dataclasses.asdict(self._registry.features))

    async def _set_quay_defaults(self, _request: Request) -> Response:
        running = self._registry.features.background_workers
        self._registry.features = dataclasses.replace(Features.quay_defaults(), background_workers=running)
        return JSONResponse(dataclasses.asdict(self._registry.features))

    async def _set_usage(self, request: Request) -> Response:
        wish = await request.json()
        namespace = self._namespace(wish["namespace"])
        status = wish.get("backfill_status", "complete")
        if status not in get_args(Backfill):
            raise ValueError(f"backfill_status is one of {', '.join(get_args(Backfill))}")
        namespace.quota_bytes, namespace.backfill = int(wish["quota_bytes"]), status
        return JSONResponse({"namespace": namespace.name, "quota_bytes": namespace.quota_bytes})

    async def _check_push(self, request: Request) -> Response:
        namespace = self._namespace(request.query_params["namespace"])
        check = check_push(namespace, self._registry.features, int(request.query_params.get("bytes", 0)))
        return JSONResponse(
            {"namespace": namespace.name, "refused": check.refused, "warned": check.warned, "why": check.why}
        )

    def _namespace(self, name: str) -> Namespace:
        return self._registry.namespaces[name.removeprefix("user:")]

    async def _show_requests(self, _request: Request) -> Response:
        return JSONResponse({"requests": [dataclasses.asdict(one) for one in self._requests]})

    async def _forget_requests(self, _request: Request) -> Response:
        self._requests.clear()
        return Response(status_code=204)


def _faults_shown(faults: Faults) -> dict[str, Any]:
    return {**dataclasses.asdict(faults), "revoked_tokens": sorted(faults.revoked_tokens)}


def _reporting_mistakes(endpoint: Endpoint) -> Endpoint:
    async def reporting(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (KeyError, TypeError, ValueError, AttributeError, Message) as mistake:
            return JSONResponse({"error": f"{type(mistake).__name__}: {mistake}"}, 400)

    return reporting
