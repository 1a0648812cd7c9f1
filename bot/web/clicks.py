"""Buttons that are answered where they are: on cards, under lists, on alerts."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from bot.changes import Authorization, Measurement
from bot.permissions import Person
from bot.slack.messages import HOME, Message
from bot.views import progress
from bot.web.home import HomeTab
from bot.web.origin import Payload
from bot.web.replies import Reply
from handlers.alerts import AlertClicks
from handlers.confirmations import ClickAnswer
from handlers.confirmations import Clicks as CardClicks
from handlers.dispatch import guarded
from handlers.paging import Paging

Press = Callable[[str, str, Person], Awaitable[ClickAnswer | None]]
"""Does what a button says: its action id, what it carries, who pressed it."""


@dataclass(frozen=True)
class Clicks:
    """Answers clicks. In the Home tab the tab itself is the answer."""

    authorization: Authorization
    cards: CardClicks
    lists: Paging
    alerts: AlertClicks
    measurement: Measurement
    home: HomeTab

    async def card(self, payload: Payload) -> Reply | None:
        """Answer a button of a card; everything but the record's id is looked up again."""
        return await self._press(payload, partial(self.cards.click, at_home=payload.origin.channel == HOME))

    async def list(self, payload: Payload) -> Reply | None:
        """Answer a button under a list, or *Cancel* of a file that is being made."""
        return await self._press(payload, self.lists.click)

    async def alert(self, payload: Payload) -> Reply | None:
        """Answer *Acknowledge* or *Snooze* of an alert."""
        return await self._press(payload, self.alerts.click)

    async def stop_following(self, payload: Payload) -> Reply | None:
        """Follow a measurement no longer."""
        stopped = await self.measurement.stop(payload.origin.actor)
        return None if stopped else Reply(progress.over())

    async def _press(self, payload: Payload, press: Press) -> Reply | None:
        origin, action_id = payload.origin, payload.body["actions"][0]["action_id"]

        async def answer() -> ClickAnswer | None:
            return await press(action_id, payload.value, await self.authorization.person(origin.actor))

        if origin.channel == HOME:
            await self.home.show(origin, await guarded("The button", _message(answer())))
            return None
        said = await answer()
        return Reply(said.message, replaces=said.replaces) if said else None


async def _message(answering: Awaitable[ClickAnswer | None]) -> Message | None:
    said = await answering
    return said.message if said else None
