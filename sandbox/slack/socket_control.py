"""The sandbox's door to Socket Mode, under `/sandbox/slack/`.

- `GET socket`: the mode, and the connections that are open
- `POST mode` {"mode"}: deliveries go over `http`, over a `socket`, or `auto`: over sockets while there are any
- `POST socket` {"do", "connection", "warning_seconds"}: what happens to one connection, named by its number, or to all
"""

from collections.abc import Sequence
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, NonNegativeFloat
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.slack.control import Switch, switching
from sandbox.slack.model import Json
from sandbox.slack.settings import Mode
from sandbox.slack.socket_mode import Connection, SocketMode


class SocketChange(BaseModel):
    """What happens to connections.

    Args:
        do: `refresh`: closed after a warning. `close`: closed at once, with a reason. `reset`: gone without a word.
            `mute`: it stays open and nothing comes over it, neither envelopes nor pings, nor answers to pings.
            `starve`: only envelopes do not come. `revive` ends both.
            `refuse`, `accept`: no new connection is let in, until new ones are.
        connection: The number of one connection; None for all.
        warning_seconds: How long before its end a refresh is announced; Slack: about ten.
    """

    model_config = ConfigDict(extra="forbid")

    do: Literal["refresh", "close", "reset", "mute", "starve", "revive", "refuse", "accept"]
    connection: int | None = None
    warning_seconds: NonNegativeFloat = 10.0


class SocketControl:
    """The endpoints over the connections of one app."""

    def __init__(self, sockets: SocketMode) -> None:
        self._sockets = sockets

    def routes(self) -> list[Route]:
        """Where everything is."""
        switches: dict[str, Switch] = {"mode": self._set_mode, "socket": self._change}
        return [
            *(Route(f"/{name}", switching(switch), methods=["POST"]) for name, switch in switches.items()),
            Route("/socket", self._show),
        ]

    async def _set_mode(self, wish: Json) -> Json:
        if wish["mode"] not in get_args(Mode):
            raise ValueError(f"mode is one of {', '.join(get_args(Mode))}")
        self._sockets.settings.mode = wish["mode"]
        return {}

    async def _change(self, wish: Json) -> Json:
        change = SocketChange(**wish)
        if change.do in {"refuse", "accept"}:
            self._sockets.accepting = change.do == "accept"
        else:
            await self._change_connections(change, self._sockets.chosen(change.connection))
        return {}

    async def _change_connections(self, change: SocketChange, chosen: Sequence[Connection]) -> None:
        if change.do == "refresh":
            await self._sockets.refresh(chosen, change.warning_seconds)
        elif change.do == "close":
            await self._sockets.close(chosen, "refresh_requested")
        else:
            for connection in chosen:
                self._change_line(change.do, connection)

    def _change_line(self, do: str, connection: Connection) -> None:
        if do == "reset":
            connection.line.reset()
        elif do == "mute":
            connection.line.mute()
        elif do == "starve":
            connection.starved = True
        else:
            connection.line.unmute()
            connection.starved = False

    async def _show(self, _: Request) -> Response:
        sockets = self._sockets
        shown = [
            {
                "number": one.number,
                "since": one.since,
                "delivered": one.delivered,
                "muted": one.line.muted,
                "starved": one.starved,
            }
            for one in sockets.connections
        ]
        return JSONResponse({"mode": sockets.settings.mode, "accepting": sockets.accepting, "connections": shown})
