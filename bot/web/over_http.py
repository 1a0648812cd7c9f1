"""Deliveries over HTTP: `POST /slack/events`, behind the guard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from redis.asyncio import Redis
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.app.async_app import AsyncApp
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.app import utc_now
from bot.storage.doubts import Doubts
from bot.web.guard import Guard, Signed
from bot.web.payloads import Malformed, Unknown, check, decode
from bot.web.refusals import Refusals
from bot.web.registration import dispatch

log = structlog.get_logger()


class OverHttp:
    """Takes deliveries that Slack signed with the app's signing secret."""

    trouble = ""

    def __init__(self, signing_secret: str, bolt: AsyncApp, redis: Redis) -> None:
        self._bolt = bolt
        self._refusals = Refusals(utc_now, Doubts(redis).publish)
        guard = Guard(signing_secret, self._deliver, self._refusals, utc_now)
        self.routes = (Route("/slack/events", guard, methods=["POST"]),)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Nothing has to be opened: deliveries come when the server listens."""
        yield
        await self._refusals.settle()

    async def _deliver(self, signed: Signed) -> Response:
        try:
            body = check(decode(signed.body, signed.content_type))
        except Malformed as malformed:
            log.warning("delivery_malformed", reason=str(malformed))
            return JSONResponse({"error": "malformed"}, 400)
        except Unknown as unknown:
            log.info("delivery_unknown", reason=unknown.said)
            return Response()
        return to_starlette_response(await dispatch(self._bolt, body, signed.signature))
