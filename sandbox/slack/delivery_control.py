"""The control door, under `/sandbox/slack/`: deliveries to the bot.

- `GET deliveries`, `DELETE deliveries`: the log of deliveries, with acknowledgement and duration
- `POST irregularities` (fields of `Irregularity`), `GET irregularities`, `DELETE irregularities`: deliveries that are
  sent twice, acknowledged late or held
- `POST release` {"latest_first": false}: send what is held, in order or in reverse
- `POST replay` {"number", "anew": false}: send a logged delivery again, with the same signature or a new one
- `POST deliver` {"kind", "payload"}: send any payload, such as one for another app; a kind is that of a `Delivery`
- `POST subscriptions` {"events": [name]}: events the app subscribes to; each also needs its scope (`POST scopes`)
"""

from typing import get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.slack.control import Switch, switching
from sandbox.slack.deliveries import Deliveries, Irregularity
from sandbox.slack.delivery import Acknowledgement, Delivery, Kind
from sandbox.slack.model import Json


class DeliveryControl:
    """Control endpoints of the deliveries."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries

    def routes(self) -> list[Route]:
        """The routes, relative to the door."""
        switches: dict[str, Switch] = {
            "irregularities": self._plan,
            "release": self._release,
            "replay": self._replay,
            "deliver": self._deliver,
            "subscriptions": self._subscribe,
        }
        return [
            *(Route(f"/{name}", switching(switch), methods=["POST"]) for name, switch in switches.items()),
            Route("/irregularities", self._irregularities, methods=["GET", "DELETE"]),
            Route("/deliveries", self._log, methods=["GET", "DELETE"]),
        ]

    async def _plan(self, wish: Json) -> Json:
        self._deliveries.irregularities.append(Irregularity(**wish))
        return {}

    async def _irregularities(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._deliveries.irregularities.clear()
        standing = [one.model_dump() for one in self._deliveries.irregularities]
        return JSONResponse({"irregularities": standing, "held": self._deliveries.waiting()})

    async def _subscribe(self, wish: Json) -> Json:
        self._deliveries.settings.events = set(wish["events"])
        return {}

    async def _release(self, wish: Json) -> Json:
        return {"released": await self._deliveries.release(latest_first=bool(wish.get("latest_first", False)))}

    async def _replay(self, wish: Json) -> Json:
        return _told(await self._deliveries.replay(int(wish["number"]), anew=bool(wish.get("anew", False))))

    async def _deliver(self, wish: Json) -> Json:
        if wish["kind"] not in get_args(Kind):
            raise ValueError(f"kind is one of {', '.join(get_args(Kind))}")
        return _told(await self._deliveries.deliver(Delivery(wish["kind"], dict(wish["payload"]))))

    async def _log(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._deliveries.log.clear()
        return JSONResponse([one.shown() for one in self._deliveries.log])


def _told(heard: Acknowledgement) -> Json:
    return {"status": heard.status, "failure": heard.failure, "answer": heard.body}
