"""The Home tab: opened by its reader, and published anew after what they press there."""

from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.changes import Authorization
from bot.permissions import Actor
from bot.slack.messages import Message
from bot.slack.messenger import FAILURES, reason_of
from bot.views import home
from bot.web.origin import Origin, Payload
from bot.web.replies import Replies, Reply
from handlers.dispatch import guarded
from handlers.home import Home

log = structlog.get_logger()


@dataclass(frozen=True)
class HomeTab:
    """Publishes people's Home tabs."""

    authorization: Authorization
    home: Home
    web: AsyncWebClient
    replies: Replies

    async def open(self, payload: Payload) -> None:
        """Publish the tab of the person who opened it. Opening the Messages tab sends the same event."""
        if payload.body["event"].get("tab") == "home":
            await self._publish(payload.origin.actor)

    async def show(self, origin: Origin, notice: Message | None) -> None:
        """Publish the tab with what came of a click; a notice that the tab cannot show goes as a direct message."""
        if not await self._publish(origin.actor, notice) and notice is not None:
            await self.replies.send(origin, Reply(notice))

    async def answered(self, origin: Origin, answer: Message | None, command: str) -> None:
        """Send the answer to a command as a direct message, and publish the tab, which says where the answer is."""
        if answer is not None:
            await self.replies.send(origin, Reply(answer))
        await self._publish(origin.actor, answered=command if answer is not None else "")

    async def _publish(self, actor: Actor, notice: Message | None = None, *, answered: str = "") -> bool:
        """Publish the tab as things are now; False where Slack does not take it."""
        view: dict[str, Any] = {}

        async def make() -> None:
            nonlocal view
            view = await self.home.view(await self.authorization.person(actor), notice, answered=answered)

        trouble = await guarded("The Home tab", make())
        try:
            await self.web.views_publish(user_id=actor.user, view=view if trouble is None else home.said(trouble))
        except FAILURES as error:
            log.warning("home_not_published", reason=reason_of(error))
            return False
        return True
