"""Reminders: half of the time of a pending change is over, and it still lacks approvals."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.changes.outbox import Outbox
from bot.confirmations import Confirmations, Missing, Refused, remind
from bot.storage.sealing import Tampered


@dataclass(frozen=True)
class Reminders:
    """Reminds approvers once of each change that waits for them."""

    confirmations: Confirmations
    outbox: Outbox
    clock: Callable[[], datetime]

    async def run(self) -> None:
        """Post what is due; what Slack does not take is posted later, what is decided by then is not."""
        now = self.clock()
        for id_ in await self.confirmations.to_remind_of(now):
            if not await self.confirmations.claim_reminder(id_):
                continue
            try:
                record = await self.confirmations.get(id_)
                remind(record, now)
                if await self.outbox.remind(record):
                    await self.confirmations.advance(id_, lambda stored: remind(stored, now), notifies=False)
            except Refused:
                continue
            except (Missing, Tampered) as error:
                await self.outbox.quarantine(id_, type(error).__name__)
