"""The control door, under `/sandbox/slack/`: Socket Mode.

- `GET socket`: the mode and the open connections
- `POST mode` {"mode"}: deliver over `http`, over the `socket`, or `auto`: over the socket while one is open
- `POST socket` (fields of `SocketChange`): close, mute or refuse connections
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
    """What to do with connections.

    Args:
        do: `refresh`: warn, then close. `close`: close at once, with `refresh_requested`. `reset`: close with a RST.
            `mute`: stay open and send nothing: no envelopes, pings or pongs. `starve`: drop envelopes only.
            `revive`: end both. `refuse` or `accept` new connections.
        connection: Number of a connection; None for all.
        warning_seconds: Time between warning and close of a refresh; Slack's is about 10.
    """

    model_config = ConfigDict(extra="forbid")

    do: Literal["refresh", "close", "reset", "mute", "starve", "revive", "refuse", "accept"]
    connection: int | None = None
    warning_seconds: NonNegativeFloat = 10.0


class SocketControl:
    """Control endpoints of Socket Mode."""

    def __init__(self, sockets: SocketMode) -> None:
        self._sockets = sockets

    def routes(self) -> list[Route]:
        """The routes, relative to the door."""
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
