"""Bolt, with a listener for each row of the table. What Slack delivers goes through here whatever the transport."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse

from bot.web.deliveries import Deliveries
from bot.web.listeners import Kind, Listener

log = structlog.get_logger()


def build_bolt(signing_secret: str, bot_token: str, table: Iterable[Listener], deliveries: Deliveries) -> AsyncApp:
    """Make Bolt of the table. The authorization is static: one workspace, one token, no auth.test."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=bot_token)

    bolt = AsyncApp(
        signing_secret=signing_secret,
        authorize=authorize,
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

    async def take(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(**await deliveries.take(listener, body))

    registrars[listener.kind](listener.pattern)(take)


async def _acknowledge_unhandled(error: Exception, body: dict[str, Any]) -> BoltResponse | None:
    """Acknowledge a kind of payload that the table has no row for; anything else is a fault of the bot.

    Over a socket Bolt acknowledges nothing but a status of 200, and Slack would deliver it again.
    """
    if isinstance(error, BoltUnhandledRequestError):
        log.warning("delivery_unhandled", type=str(body.get("type"))[:40])
        return BoltResponse(status=200, body="")
    log.error("acknowledgement_failed", exc_info=error)
    return None
