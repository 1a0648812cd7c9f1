"""The control door of the simulated Slack, under `/sandbox/slack/`: faults, rate limits, tokens.

- `POST faults` (fields of `faults.Fault`), `GET faults`, `DELETE faults[?method=]`: calls that fail
- `POST latency` {"seconds", "method": "*"}: latency of a method or pattern; 0 removes it
- `POST tiers` {"on", "per_minute": {method: calls}}, `GET tiers`: Slack's rate limits, off by default
- `POST tokens` {"bot": error, "app": error}: refuse a token with this error; null accepts it again
- `POST scopes` {"add": [scope], "remove": [scope]}: scopes of the bot token
- `POST expire` {}: expire all trigger ids and response URLs handed out so far
- `GET calls`, `DELETE calls`: the log of calls
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.slack.api import METHODS
from sandbox.slack.faults import Fault
from sandbox.slack.model import Json
from sandbox.slack.simulation import Simulation

Endpoint = Callable[[Request], Awaitable[Response]]
Switch = Callable[[Json], Awaitable[Json]]


class Control:
    """Control endpoints of one simulated Slack."""

    def __init__(self, slack: Simulation) -> None:
        self._slack = slack

    def routes(self) -> list[Route]:
        """The routes, relative to the door."""
        switches: dict[str, Switch] = {
            "faults": self._plan_fault,
            "latency": self._slow_down,
            "tiers": self._set_tiers,
            "tokens": self._refuse_tokens,
            "scopes": self._change_scopes,
            "expire": self._expire,
        }
        return [
            *(Route(f"/{name}", switching(switch), methods=["POST"]) for name, switch in switches.items()),
            Route("/faults", self._faults, methods=["GET", "DELETE"]),
            Route("/tiers", self._tiers),
            Route("/calls", self._calls, methods=["GET", "DELETE"]),
        ]

    async def _plan_fault(self, wish: Json) -> Json:
        self._slack.faults.plan(Fault(**wish), self._slack.workspace.now())
        return {}

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._slack.faults.clear(request.query_params.get("method"))
        standing = self._slack.faults.standing(self._slack.workspace.now())
        return JSONResponse([one.model_dump() for one in standing])

    async def _slow_down(self, wish: Json) -> Json:
        self._slack.faults.slow_down(wish.get("method", "*"), float(wish["seconds"]))
        return {}

    async def _set_tiers(self, wish: Json) -> Json:
        rates = self._slack.rates
        rates.on = bool(wish["on"])
        rates.per_minute = {method: int(calls) for method, calls in wish.get("per_minute", {}).items()}
        return {}

    async def _tiers(self, _: Request) -> Response:
        rates = self._slack.rates
        tiers = {name: asdict(method.rate) for name, method in METHODS.items()}
        return JSONResponse({"on": rates.on, "per_minute": rates.per_minute, "tiers": tiers})

    async def _refuse_tokens(self, wish: Json) -> Json:
        settings = self._slack.settings
        tokens = {"bot": settings.bot_token, "app": settings.app_token}
        for kind, word in wish.items():
            settings.refused_tokens.pop(tokens[kind], None)
            if word is not None:
                settings.refused_tokens[tokens[kind]] = str(word)
        return {}

    async def _change_scopes(self, wish: Json) -> Json:
        scopes = self._slack.settings.scopes
        scopes |= set(wish.get("add", []))
        scopes -= set(wish.get("remove", []))
        return {"scopes": sorted(scopes)}

    async def _expire(self, _: Json) -> Json:
        self._slack.tickets.expire()
        return {}

    async def _calls(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._slack.calls.clear()
        return JSONResponse([asdict(one) for one in self._slack.calls])


def switching(switch: Switch) -> Endpoint:
    """Make a switch an endpoint: 200 with its result, or 400 with what is wrong with the request."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse({"ok": True, **await switch(await request.json())})
        except (KeyError, TypeError, AttributeError, ValueError) as mistake:
            return JSONResponse({"ok": False, "error": f"{type(mistake).__name__}: {mistake}"}, 400)

    return endpoint
