"""Reminders: half of the time of a pending change is over, and it still lacks approvals."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.changes.outbox import Telling
from bot.confirmations import Confirmations, Missing, Refused, remind
from bot.storage.sealing import Tampered


@dataclass(frozen=True)
class Reminders:
    """Reminds approvers once of each change that waits for them."""

    confirmations: Confirmations
    telling: Telling
    clock: Callable[[], datetime]

    async def run(self) -> None:
        """Post what is due; what Slack does not take is posted later, what is decided by then is not."""
        now = self.clock()
        for id_ in await self.confirmations.to_remind_of(now):
            if not await self.confirmations.begin_reminding(id_):
                continue
            try:
                record = await self.confirmations.get(id_)
                remind(record, now)
                if await self.telling.remind(record):
                    await self.confirmations.advance(id_, lambda stored: remind(stored, now), owes=False)
            except Refused:
                continue
            except (Missing, Tampered) as error:
                await self.telling.set_aside(id_, type(error).__name__)
