"""The web server: deliveries from Slack, over HTTP or WebSockets, and two addresses for whoever watches the process."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from slack_bolt.app.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.app import App
from bot.storage.probe import StorageProbe
from bot.web.deliveries import Deliveries
from bot.web.edge import build_edge
from bot.web.listeners import listeners
from bot.web.over_http import OverHttp
from bot.web.over_socket import OverSocket
from bot.web.periodic import running, sum_up_reads
from bot.web.registration import build_bolt
from bot.web.websocket import DEFAULT, Timing


class Transport(Protocol):
    """The way that deliveries come by."""

    @property
    def routes(self) -> Sequence[Route]:
        """What the server answers for it."""
        ...

    @property
    def trouble(self) -> str:
        """Why nothing can come in; empty if it can."""
        ...

    def open(self) -> AbstractAsyncContextManager[None]:
        """Let deliveries in for as long as the context lasts."""
        ...


def build_server(app: App, timing: Timing = DEFAULT) -> Starlette:
    """The web application over the bot's parts."""
    settings, edge = app.settings, build_edge(app)
    probe = StorageProbe(app.connections.redis)

    def workspace() -> str:
        return app.authorization.policy().workspace

    deliveries = Deliveries(app.connections.redis, workspace, edge.home.replies, app.in_flight)
    table = listeners(edge, settings.slack_command)
    bolt = build_bolt(settings.slack_bot_token.get_secret_value(), table, deliveries)
    transport = _transport(app, bolt, workspace, timing)

    async def healthz(_: Request) -> Response:
        return JSONResponse({"ok": True})

    async def readyz(_: Request) -> Response:
        """Redis took a write lately, a policy is loaded, deliveries can come in; neither Quay nor Slack is asked."""
        if trouble := probe.trouble:
            return JSONResponse({"ok": False, "redis": trouble}, status_code=503)
        if trouble := transport.trouble:
            return JSONResponse({"ok": False, "socket": trouble}, status_code=503)
        return JSONResponse({"ok": True, "policy_problems": list(app.files.policy.problems)})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        names, audit = app.handlers.names, app.handlers.bot.audit
        async with running(names.keep_fresh()), running(sum_up_reads(audit)), running(probe.run()):
            async with transport.open():
                yield
            await app.in_flight.drain(settings.shutdown_seconds)

    routes = [*transport.routes, Route("/healthz", healthz), Route("/readyz", readyz)]
    return Starlette(routes=routes, lifespan=lifespan)


def _transport(app: App, bolt: AsyncApp, workspace: Callable[[], str], timing: Timing) -> Transport:
    """WebSockets if there is an app token, else HTTP."""
    settings, connections = app.settings, app.connections
    if settings.slack_app_token is None:
        return OverHttp(settings.signing_secret, bolt, connections.redis)
    return OverSocket(
        bolt,
        settings.slack_app_token.get_secret_value(),
        str(settings.slack_api_url),
        connections.web,
        workspace,
        timing,
    )
