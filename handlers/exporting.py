"""A whole list as a file to one person; what takes longer shows in their direct messages how it goes."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.permissions import Actor
from bot.slack.messages import Courier, Message, MessengerError
from bot.storage.tasks import CancellableTasks
from bot.views import progress as views
from handlers.csv_files import as_csv
from handlers.listing import AnyListing, Batches
from handlers.progress import Progress

MOST_ROWS = 10_000
"""A file holds no more, and so does the memory of the process."""

log = structlog.get_logger()


@dataclass(frozen=True)
class _Collected:
    """Whether there were more rows than a file holds, and how many entries could not be read."""

    cut: bool
    unreadable: int


class Stopped(Exception):
    """The person pressed Cancel."""


@dataclass(frozen=True)
class Exporter:
    """Makes files of lists and sends them."""

    courier: Courier
    tasks: CancellableTasks
    clock: Callable[[], datetime]

    async def send(self, work_id: str, listing: AnyListing, owner: Actor) -> Message:
        """Send a list as a file, and return what its owner is told where they asked. Raises QuayError."""
        name = f"{listing.name}.csv"
        run = await self.tasks.begin(work_id, owner)
        if run is None:
            return views.under_way(name)
        progress = Progress(self.courier, self.clock, owner.user)
        rows: list[tuple[str, ...]] = []
        ending = views.broken
        try:
            collected = await self._collect(run, owner, listing, rows, progress)
            content = as_csv(listing.columns, rows)
            await self.courier.upload(owner.user, name, content, name)
            ending = views.done
        except Stopped:
            ending = views.stopped
            return views.stopped(name, len(rows))
        except MessengerError as error:
            incident = secrets.token_hex(4)
            log.error("file_not_sent", incident=incident, reason=error.reason)
            return views.not_sent(name, error.reason, incident)
        finally:
            await progress.end(ending(name, len(rows)))
            await self.tasks.stop(run, owner)
        return views.sent(name, len(rows), cut=collected.cut, unreadable=collected.unreadable)

    async def _collect(
        self, run: str, owner: Actor, listing: AnyListing, rows: list[tuple[str, ...]], progress: Progress
    ) -> "_Collected":
        """Read all batches into rows. Raises Stopped."""
        token, looked, unreadable = None, 0, 0
        batches = Batches.of(listing)
        while True:
            batch = await batches.at(token)
            unreadable += batch.unreadable
            rows += [tuple(listing.cells(row)) for row in batch.rows]
            token, looked = batch.following, looked + batch.looked
            if len(rows) > MOST_ROWS or (token and len(rows) == MOST_ROWS):
                del rows[MOST_ROWS:]
                return _Collected(cut=True, unreadable=unreadable)
            if token is None:
                return _Collected(cut=False, unreadable=unreadable)
            if not await self.tasks.goes_on(run, owner):
                raise Stopped
            among = looked if listing.picks else 0
            await progress.say(
                views.in_progress(f"{listing.name}.csv", len(rows), run, looked=among, entries=listing.entries)
            )
