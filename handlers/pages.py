"""Pages of a list for one person; a look through much of the registry shows how far it is, and can be stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.permissions import Actor
from bot.slack.messages import HOME, Courier, Message, MessengerError
from bot.storage.cursors import START, Cursor, Cursors, Position, new_id
from bot.storage.tasks import CancellableTasks
from bot.views import lists
from bot.views import progress as views
from bot.views.lists import Shown
from handlers.listing import AnyListing, read_page
from handlers.progress import Progress

QUIET = timedelta(seconds=2)
"""A shorter look is not talked about."""
LONGEST = timedelta(minutes=5)
"""So long is looked for one page, and the next one goes on from there: an answer reaches Slack for 30 minutes."""

log = structlog.get_logger()


class UnderWay(Exception):
    """The same page is being looked for already."""


@dataclass(frozen=True)
class Pages:
    """Reads pages, and keeps where somebody is."""

    cursors: Cursors
    courier: Courier
    tasks: CancellableTasks
    clock: Callable[[], datetime]

    async def first(self, listing: AnyListing, owner: Actor, channel: str, text: str, asked_at: datetime) -> Message:
        """The beginning of a list; a cursor is kept only where there is something to turn to. Raises QuayError."""
        id_ = new_id()
        shown, following = await self._read(id_, listing, START, owner, channel)
        drawn = listing.draw(shown)
        if following is None and not listing.always_as_file:
            return lists.with_buttons(drawn, filters=listing.filters)
        cursor = self.cursors.begin(owner, channel, text, asked_at)
        await self.cursors.keep(id_, cursor.with_following(following))
        return lists.with_buttons(drawn, cursor=id_, following=following is not None, filters=listing.filters)

    async def at(self, id_: str, cursor: Cursor, listing: AnyListing) -> Message:
        """The page at which a cursor is, which is then kept. Raises QuayError or UnderWay."""
        position = cursor.positions[cursor.page]
        shown, following = await self._read(id_, listing, position, cursor.owner, cursor.channel)
        await self.cursors.keep(id_, cursor.with_following(following))
        drawn = listing.draw(shown)
        previous, more = cursor.page > 0, following is not None
        return lists.with_buttons(drawn, cursor=id_, previous=previous, following=more, filters=listing.filters)

    async def _read(
        self, id_: str, listing: AnyListing, position: Position, owner: Actor, channel: str
    ) -> tuple[Shown[Any], Position | None]:
        progress = Progress(self.courier, self.clock, owner.user)
        look = _Look(self, progress, f"{id_}-page", listing.entries, owner, channel, self.clock())
        ending = views.look_broken
        try:
            shown, following = await read_page(listing, position, look.goes_on)
            look.looked, look.found = shown.looked, shown.before + len(shown.rows)
            ending = views.look_stopped if shown.stopped else views.looked
            return shown, following
        finally:
            await look.end(ending)


@dataclass
class _Look:
    """One look for a page; it is begun as work that can be stopped when it takes longer than QUIET."""

    pages: Pages
    progress: Progress
    work_id: str
    entries: str
    owner: Actor
    channel: str
    began: datetime
    run: str | None = None
    looked: int = 0
    found: int = 0

    async def goes_on(self, looked: int, found: int) -> bool:
        """Whether to look further; says how far it is. Raises UnderWay."""
        self.looked, self.found = looked, found
        passed = self.pages.clock() - self.began
        if passed < QUIET:
            return True
        if self.run is None:
            self.run = await self._begin()
        elif passed > LONGEST or not await self.pages.tasks.goes_on(self.run, self.owner):
            return False
        await self.progress.say(views.looking(self.entries, looked, found, self.run))
        return True

    async def end(self, ending: Callable[[str, int, int], Message]) -> None:
        """Say how it ended, if anything was said."""
        if self.run is not None:
            await self.progress.end(ending(self.entries, self.looked, self.found))
            await self.pages.tasks.stop(self.run, self.owner)

    async def _begin(self) -> str:
        """Begin the run, and say in the channel where one sees how far it is."""
        run = await self.pages.tasks.begin(self.work_id, self.owner)
        if run is None:
            raise UnderWay
        if self.channel != HOME and not self.channel.startswith("D"):
            try:
                await self.pages.courier.whisper(self.channel, self.owner.user, views.look_elsewhere(self.entries))
            except MessengerError as error:
                log.warning("progress_not_pointed_to", reason=error.reason)
        return run
