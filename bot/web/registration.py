"""Bolt, with a listener for each row of the table. What Slack delivers goes through here whatever the transport."""

import re
from collections.abc import Callable, Iterable
from logging import getLogger
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.web.deliveries import Deliveries
from bot.web.listeners import Kind, Listener

_NAME = "delivery"
"""Where Bolt's context has the name of a delivery."""

log = structlog.get_logger()


def build_bolt(bot_token: str, table: Iterable[Listener], deliveries: Deliveries) -> AsyncApp:
    """Make Bolt of the table. The authorization is static: one workspace, one token, no auth.test.

    The transport has verified where a payload comes from before Bolt sees it, and Bolt does not do so once more.
    """

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=bot_token)

    bolt = AsyncApp(
        logger=getLogger("slack_bolt"),
        authorize=authorize,
        request_verification_enabled=False,
        process_before_response=True,  # the listener makes the acknowledgement and returns: Bolt polls for nothing
        raise_error_for_unhandled_request=True,
    )
    bolt.error(_acknowledge_unhandled)
    for listener in table:
        _register(bolt, listener, deliveries)
    return bolt


def _register(bolt: AsyncApp, listener: Listener, deliveries: Deliveries) -> None:
    registrars: dict[Kind, Callable[[re.Pattern[str]], Callable[..., Any]]] = {
        "command": bolt.command,
        "action": bolt.action,
        "view": bolt.view,
        "options": bolt.options,
        "event": bolt.event,
        "shortcut": bolt.shortcut,
    }

    async def take(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack(**await deliveries.take(listener, body, context[_NAME]))

    registrars[listener.kind](listener.pattern)(take)


async def dispatch(bolt: AsyncApp, body: dict[str, Any], name: str) -> BoltResponse:
    """Hand Bolt a payload that was verified and checked, whichever way it came; `name` is that of the delivery.

    Over HTTP too it goes by Bolt's "socket_mode": so Bolt calls a body that is parsed and verified.
    """
    return await bolt.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode", context={_NAME: name}))


async def _acknowledge_unhandled(error: Exception, body: dict[str, Any]) -> BoltResponse | None:
    """Acknowledge a kind of payload that the table has no row for; anything else is a fault of the bot.

    Over a socket Bolt acknowledges nothing but a status of 200, and Slack would deliver it again.
    """
    if isinstance(error, BoltUnhandledRequestError):
        log.warning("delivery_unhandled", type=str(body.get("type"))[:40])
        return BoltResponse(status=200, body="")
    log.error("acknowledgement_failed", exc_info=error)
    return None
