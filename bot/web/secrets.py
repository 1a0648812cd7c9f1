"""*Reveal once*: a secret in a modal, for its owner alone."""

from dataclasses import dataclass

from bot.changes import Authorization
from bot.slack.messages import Message
from bot.views import errors, secrets
from bot.web.origin import Payload
from bot.web.replies import Reply
from bot.web.windows import Windows
from handlers.confirmations import ClickAnswer
from handlers.dispatch import guarded
from handlers.secrets import Reveals


@dataclass(frozen=True)
class Secrets:
    """Shows secrets."""

    authorization: Authorization
    reveals: Reveals
    windows: Windows

    async def reveal(self, payload: Payload) -> Reply | None:
        """Show a secret to its owner; what the button's message says afterwards takes the button away."""
        origin = payload.origin
        window = await self.windows.open(payload, secrets.loading())
        if window is None:
            return Reply(errors.sentence("Slack didn't open the window. Press the button again."))
        said: ClickAnswer | None = None

        async def answer() -> Message | None:
            nonlocal said
            person = await self.authorization.person(origin.actor)
            said = await self.reveals.reveal(payload.value, person, window.show)
            return None

        trouble = await guarded("The button", answer())
        if trouble is not None:
            return None if await window.show(secrets.told(trouble)) else Reply(trouble)
        return Reply(said.message, replaces=said.replaces and origin.ephemeral) if said else None
