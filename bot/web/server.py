"""The web server: one URL for what Slack delivers, two for whoever watches the process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.exceptions import RedisError
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.app import App
from bot.slack.in_flight import InFlight
from bot.web.deliveries import Deliveries
from bot.web.edge import build_edge
from bot.web.listeners import listeners
from bot.web.periodic import running, sum_up_reads
from bot.web.registration import build_bolt


def build_server(app: App) -> Starlette:
    """The web application over the bot's parts."""
    settings, edge, in_flight = app.settings, build_edge(app), InFlight()
    bolt = build_bolt(
        settings.slack_signing_secret.get_secret_value(),
        settings.slack_bot_token.get_secret_value(),
        listeners(edge, settings.slack_command),
        Deliveries(edge.home.replies, in_flight),
    )
    handler = AsyncSlackRequestHandler(bolt)

    async def slack(request: Request) -> Response:
        return await handler.handle(request)

    async def healthz(_: Request) -> Response:
        return JSONResponse({"ok": True})

    async def readyz(_: Request) -> Response:
        """Redis answers and a policy is loaded; neither Quay nor Slack is asked."""
        try:
            await app.connections.redis.exists("quaymaster:ready")
        except RedisError as error:
            return JSONResponse({"ok": False, "redis": type(error).__name__}, status_code=503)
        return JSONResponse({"ok": True, "policy_problems": list(app.files.policy.problems)})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with running(app.handlers.names.keep_fresh()), running(sum_up_reads(app.handlers.bot.audit)):
            yield
            await in_flight.drain(settings.shutdown_seconds)

    routes = [
        Route("/slack/events", slack, methods=["POST"]),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
    ]
    return Starlette(routes=routes, lifespan=lifespan)
