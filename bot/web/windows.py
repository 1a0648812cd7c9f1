"""Modals: opened at once, since Slack gives three seconds, and filled when what they show is known."""

from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.messenger import FAILURES, reason_of
from bot.web.origin import Payload

log = structlog.get_logger()
View = dict[str, Any]


@dataclass(frozen=True)
class Window:
    """A modal that is open."""

    web: AsyncWebClient
    view_id: str

    async def show(self, view: View) -> bool:
        """Replace what it shows; False where Slack does not take that, or the person closed it."""
        try:
            await self.web.views_update(view_id=self.view_id, view=view)
        except FAILURES as error:
            log.warning("window_not_filled", reason=reason_of(error))
            return False
        return True


@dataclass(frozen=True)
class Windows:
    """Opens modals."""

    web: AsyncWebClient

    async def open(self, payload: Payload, view: View) -> Window | None:
        """Open a modal by a payload's trigger, which works once and for three seconds; None where Slack does not."""
        try:
            opened = await self.web.views_open(trigger_id=payload.body["trigger_id"], view=view)
        except FAILURES as error:
            log.warning("window_not_opened", reason=reason_of(error))
            return None
        return Window(self.web, opened["view"]["id"])
