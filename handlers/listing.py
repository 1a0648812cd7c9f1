"""A list that is read as far as somebody looks: from where its rows come, and how a page and a file of it are made."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bot.quay.answers import Named, Page
from bot.quay.paging import Guard
from bot.slack.messages import Message
from bot.storage.cursors import Position
from bot.views.lists import Shown

Row = TypeVar("Row")
Entry = TypeVar("Entry", bound=Named)
ROWS = 20
"""The rows of one page."""
KEPT_MARKS = 16
"""So many marks of pages a cursor keeps, in Redis."""


@dataclass(frozen=True)
class Batch(Generic[Row]):
    """What one answer of Quay's brings, and the token of the next."""

    rows: Sequence[Row]
    following: str | None = None
    said: str = ""
    """What is to be said of all of it: `3 waiting for approval`."""
    warning: str = ""
    """What Quay did otherwise than it was asked."""
    looked: int = 0
    """How many entries Quay gave; the rows are those of them that fit."""
    unreadable: int = 0
    """How many of Quay's entries can't be read, and are not among the rows."""
    marks: tuple[str, ...] | None = None
    """What the page is known by when it comes again; None where the list is not one of Quay's pages."""

    @classmethod
    def of_page(cls, page: Page[Entry], rows: Sequence[Row]) -> "Batch[Row]":
        """What a page of Quay's brings, and those of its entries that fit."""
        return cls(rows, page.next_page, looked=len(page.items), unreadable=page.unreadable, marks=page.marks)


@dataclass(frozen=True)
class Listing(Generic[Row]):
    """The answer of a command that lists."""

    name: str
    """What a file of it is called, without `.csv`."""
    fetch: Callable[[str | None], Awaitable[Batch[Row]]]
    """The batch of a token of Quay's, None for the first. Raises QuayError."""
    draw: Callable[[Shown[Row]], Message]
    columns: Sequence[str]
    cells: Callable[[Row], Sequence[str]]
    """A row of the file, which says more than the table."""
    entries: str = "entries"
    """What Quay's entries are called: `users`."""
    picks: bool = False
    """Whether the bot picks from what Quay gives, so that nothing may be in what follows."""
    always_as_file: bool = False
    """Whether the file is offered even where one page holds everything."""
    filters: str = ""
    """What the button to its filters carries; nothing where there is none."""
    operation: str = ""
    """The operation of Quay's that gives its pages, if it has any."""


AnyListing = Listing[Any]
GoesOn = Callable[[int, int], Awaitable[bool]]
"""Says whether to look further for a page, after so many entries were looked at and so many rows found in all."""


@dataclass(frozen=True)
class Batches(Generic[Row]):
    """The batches of a listing, one after the other, until they end or do not advance."""

    listing: Listing[Row]
    guard: Guard

    @classmethod
    def of(cls, listing: Listing[Row], seen: Sequence[str] = ()) -> "Batches[Row]":
        """The batches after those that have the marks `seen`."""
        return cls(listing, Guard(listing.operation, seen))

    async def at(self, token: str | None) -> Batch[Row]:
        """The batch of a token. Raises QuayError, NotAdvancing where it was read before."""
        batch = await self.listing.fetch(token)
        if batch.marks is not None:
            self.guard.admit(batch.marks, batch.following)
        return batch

    @property
    def seen(self) -> tuple[str, ...]:
        """The marks that a cursor keeps: of the first page, and of the latest."""
        marks = self.guard.seen
        return marks if len(marks) <= KEPT_MARKS else (*marks[:2], *marks[2 - KEPT_MARKS :])


async def read_page(listing: Listing[Row], at: Position, goes_on: GoesOn) -> tuple[Shown[Row], Position | None]:
    """Read the page that begins at a position, and where the next one begins, if there may be one.

    One answer of Quay's after the other is read until the page is full. What was stopped goes on with the next page.
    """
    rows: list[Row] = []
    said: list[str] = []
    warnings: list[str] = []
    place, stopped, unreadable = at, False, 0
    batches = Batches.of(listing, at.seen)
    while True:
        batch = await batches.at(place.token)
        unreadable += batch.unreadable
        said.append(batch.said)
        warnings.append(batch.warning)
        rest = batch.rows[place.offset :]
        room = ROWS - len(rows)
        rows += rest[:room]
        left = max(len(rest) - room, 0)
        reached, looked = at.before + len(rows), place.looked + batch.looked
        following: Position | None = None
        if left:
            following = place.model_copy(update={"offset": place.offset + room, "before": reached})
        elif batch.following:
            following = Position(token=batch.following, before=reached, looked=looked, seen=batches.seen)
        stopped = following is not None and len(rows) < ROWS and not await goes_on(looked, reached)
        if following is None or len(rows) == ROWS or stopped:
            break
        place = following
    shown = Shown(
        rows,
        at.before,
        None if batch.following else reached + left,
        said=_first(said),
        warning=_first(warnings),
        looked=looked,
        unreadable=unreadable,
        doubtful=following is not None and listing.picks and not left,
        stopped=stopped,
    )
    return shown, following


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")
