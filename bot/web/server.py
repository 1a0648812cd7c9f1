"""The web server: one URL for what Slack delivers, two for whoever watches the process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.app import App, utc_now
from bot.storage.doubts import Doubts
from bot.storage.probe import StorageProbe
from bot.web.deliveries import Deliveries
from bot.web.edge import build_edge
from bot.web.guard import Guard, Signed
from bot.web.listeners import listeners
from bot.web.payloads import Malformed, Unknown, check, decode
from bot.web.periodic import running, sum_up_reads
from bot.web.refusals import Refusals
from bot.web.registration import build_bolt, dispatch

log = structlog.get_logger()


def build_server(app: App) -> Starlette:
    """The web application over the bot's parts."""
    settings, edge = app.settings, build_edge(app)
    redis = app.connections.redis
    probe = StorageProbe(redis)
    deliveries = Deliveries(redis, lambda: app.authorization.policy().workspace, edge.home.replies, app.in_flight)
    table = listeners(edge, settings.slack_command)
    bolt = build_bolt(settings.slack_bot_token.get_secret_value(), table, deliveries)
    refusals = Refusals(utc_now, Doubts(redis).publish)

    async def deliver(signed: Signed) -> Response:
        try:
            body = check(decode(signed.body, signed.content_type))
        except Malformed as malformed:
            log.warning("delivery_malformed", reason=str(malformed))
            return JSONResponse({"error": "malformed"}, 400)
        except Unknown as unknown:
            log.info("delivery_unknown", reason=unknown.said)
            return Response()
        return to_starlette_response(await dispatch(bolt, body, signed.signature))

    async def healthz(_: Request) -> Response:
        return JSONResponse({"ok": True})

    async def readyz(_: Request) -> Response:
        """Redis took a write within the last seconds and a policy is loaded; neither Quay nor Slack is asked."""
        if trouble := probe.trouble:
            return JSONResponse({"ok": False, "redis": trouble}, status_code=503)
        return JSONResponse({"ok": True, "policy_problems": list(app.files.policy.problems)})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        names, audit = app.handlers.names, app.handlers.bot.audit
        async with running(names.keep_fresh()), running(sum_up_reads(audit)), running(probe.run()):
            yield
            await app.in_flight.drain(settings.shutdown_seconds)
            await refusals.settle()

    guard = Guard(settings.slack_signing_secret.get_secret_value(), deliver, refusals, utc_now)
    routes = [
        Route("/slack/events", guard, methods=["POST"]),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
    ]
    return Starlette(routes=routes, lifespan=lifespan)
