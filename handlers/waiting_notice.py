"""Saying that Quay is being waited for, while an answer takes its time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from bot.permissions import Actor
from bot.quay.turns import Turns
from bot.slack.messages import MessengerError, Whisperer
from bot.views import progress

AFTER = 2.5
"""Seconds that one call of Quay's may take before anything is said."""

log = structlog.get_logger()


@dataclass(frozen=True)
class WaitingNotice:
    """Tells people once that their answer waits for Quay; the answer follows by itself."""

    turns: Turns
    whisperer: Whisperer
    after: float = AFTER

    @asynccontextmanager
    async def during(self, actor: Actor, channel: str) -> AsyncIterator[None]:
        """Watch the calls on behalf of a person within, and say so in the channel when one of them takes long."""
        watching = asyncio.create_task(self._watch(actor, channel))
        try:
            yield
        finally:
            watching.cancel()

    async def _watch(self, actor: Actor, channel: str) -> None:
        waited = 0.0
        while waited < self.after:
            await asyncio.sleep(self.after - waited)
            waited = self.turns.waited(str(actor))
        try:
            await self.whisperer.whisper(channel, actor.user, progress.waiting_for_quay())
        except MessengerError as error:
            log.info("waiting_not_told", channel=channel, reason=error.reason)
