"""What Slack delivers and no listener is for: acknowledged, logged, and explained to the person."""

from dataclasses import dataclass
from typing import Any

import structlog

from bot.views import errors, modals
from bot.web.origin import Payload
from bot.web.replies import Reply

log = structlog.get_logger()


@dataclass(frozen=True)
class Unhandled:
    """Explains. `slash` is the command that the bot answers."""

    slash: str

    async def command(self, payload: Payload) -> Reply:
        """Answer a slash command that Slack has and the bot does not."""
        log.warning("command_unhandled", command=payload.body["command"][:40])
        said = f"This bot answers {self.slash}, not {payload.body['command']}. Its operator can change SLACK_COMMAND."
        return Reply(errors.sentence(said))

    async def button(self, payload: Payload) -> Reply:
        """Answer a button of an earlier version."""
        actions = payload.body.get("actions") or [{}]  # a dialog of old has none
        log.warning(
            "button_unhandled", type=str(payload.body["type"])[:40], action_id=str(actions[0].get("action_id"))[:80]
        )
        return Reply(errors.sentence("The bot no longer has this button. Nothing changed. Run the command again."))

    async def form(self, payload: Payload) -> dict[str, Any]:
        """Answer a form of an earlier version in its place."""
        log.warning("form_unhandled", callback_id=payload.body["view"]["callback_id"][:80])
        said = errors.sentence("The bot no longer has this form. Nothing changed. Run the command again.")
        return {"response_action": "update", "view": modals.modal("Form not available", said)}

    async def field(self, payload: Payload) -> dict[str, Any]:
        """Offer nothing."""
        log.warning("field_unhandled", action_id=payload.body["action_id"][:80])
        return {"options": []}

    async def shortcut(self, payload: Payload) -> Reply:
        """Answer a shortcut that Slack has and the bot does not."""
        log.warning("shortcut_unhandled", callback_id=payload.body["callback_id"][:80])
        return Reply(errors.sentence("The bot doesn't have this shortcut. Its operator can update the app's manifest."))
