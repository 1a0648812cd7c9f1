"""*Reject* on the card of a change: a window asks for a reason, and its submission rejects."""

from dataclasses import dataclass

from bot.changes import Authorization
from bot.slack.messages import HOME, Message
from bot.views import errors, rejections
from bot.web.home import HomeTab
from bot.web.origin import Payload
from bot.web.replies import Reply
from bot.web.windows import View, Windows
from handlers.confirmations import Clicks
from handlers.dispatch import guarded


@dataclass(frozen=True)
class Rejections:
    """Asks for reasons, and rejects."""

    authorization: Authorization
    clicks: Clicks
    windows: Windows
    home: HomeTab

    async def ask_reason(self, payload: Payload) -> Reply | None:
        """Ask the person who pressed *Reject* for a reason; nothing is decided yet."""
        origin = payload.origin
        window = await self.windows.open(payload, rejections.loading())
        if window is None:
            return Reply(errors.sentence("Slack didn't open the window. Press the button again."))
        view: View = {}

        async def make() -> None:
            nonlocal view
            person = await self.authorization.person(origin.actor)
            view = await self.clicks.ask_reason(payload.value, person, origin.channel)

        trouble = await guarded("The button", make())
        await window.show(view if trouble is None else rejections.told(trouble))
        return None

    async def submit(self, payload: Payload) -> Reply | None:
        """Reject a change, if the person still may."""
        origin, asked = payload.origin, rejections.entered(payload.body["view"])

        if asked is None:
            return Reply(errors.sentence("The bot can't read this form. Nothing changed. Press Reject again."))

        async def answer() -> Message | None:
            person = await self.authorization.person(origin.actor)
            said = await self.clicks.reject(asked.record_id, person, asked.reason)
            return said.message if said else None

        trouble = await guarded("The rejection", answer())
        if origin.channel == HOME:
            await self.home.show(origin, trouble)
            return None
        return Reply(trouble) if trouble else None
