"""The simulated Slack as a Starlette application: Web API, response URLs, uploads, Socket Mode, the page, the door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from sandbox.slack import api, hooks
from sandbox.slack.administration import Administration
from sandbox.slack.control import Control
from sandbox.slack.deliveries import Deliveries
from sandbox.slack.delivery_control import DeliveryControl
from sandbox.slack.events import MessageEvents
from sandbox.slack.interactions import Interactions
from sandbox.slack.methods_files import receive_bytes
from sandbox.slack.over_http import OverHttp
from sandbox.slack.page import Page
from sandbox.slack.settings import SlackSettings
from sandbox.slack.simulation import Simulation
from sandbox.slack.socket_control import SocketControl
from sandbox.slack.socket_mode import SocketMode
from sandbox.slack.tickets import Tickets
from sandbox.slack.trouble import Line
from sandbox.slack.workspace import Workspace

__all__ = ["SlackSettings", "create_app"]


def create_app(workspace: Workspace, settings: SlackSettings) -> Starlette:
    """A Slack that serves this workspace; it and the settings may be changed while it runs.

    The page itself is not part of it. `/sandbox/slack/events` never ends: give the server a short time to shut down.
    """
    slack = Simulation(workspace, settings, Tickets(workspace))
    over_http = OverHttp(settings)
    sockets = SocketMode(settings, slack.tickets)
    deliveries = Deliveries(settings, lambda: sockets if sockets.is_used() else over_http, workspace.now)
    workspace.listeners.append(MessageEvents(slack, deliveries).heard)
    page = Page(slack, Interactions(slack, deliveries))
    door = [
        *Control(slack).routes(),
        *Administration(workspace).routes(),
        *DeliveryControl(deliveries).routes(),
        *SocketControl(sockets).routes(),
    ]

    async def call(request: Request) -> Response:
        return await api.call(slack, request)

    async def respond(request: Request) -> Response:
        return await hooks.respond(slack, request)

    async def upload(request: Request) -> Response:
        return await receive_bytes(slack, request)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await deliveries.close()
        await over_http.close()
        await sockets.stop()

    routes = [
        Route("/api/{method}", call, methods=["GET", "POST"]),
        Route("/hooks/response/{response}", respond, methods=["POST"]),
        Route("/upload/v1/{file}", upload, methods=["POST"]),
        WebSocketRoute("/link/", sockets.serve),
        Mount("/sandbox/slack", routes=[*page.routes(), *door]),
    ]
    return _SandboxSlack(routes=routes, lifespan=lifespan)


class _SandboxSlack(Starlette):
    """Starlette whose answers can do without an answer: they know the server's own way to the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        Line.below(scope, send)
        await super().__call__(scope, receive, send)
