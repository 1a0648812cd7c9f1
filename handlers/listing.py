"""A list that is read as far as somebody looks: from where its rows come, and how a page and a file of it are made."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bot.cursors import Position
from bot.messages import Message
from bot.views.lists import Shown

Row = TypeVar("Row")
ROWS = 20
"""The rows of one page."""
BATCHES = 10
"""So many answers of Quay's are looked through for one page; a rare thing is searched on with the next click."""


@dataclass(frozen=True)
class Batch(Generic[Row]):
    """What one answer of Quay's brings, and the token of the next."""

    rows: Sequence[Row]
    following: str | None = None
    said: str = ""
    """What is to be said of all of it: `3 waiting for approval`."""
    warning: str = ""
    """What Quay did otherwise than it was asked."""


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
    steps: Callable[[str | None], Awaitable[Batch[Row]]] | None = None
    """The same rows for a file, one answer of Quay's at a time, where `fetch` takes several at once."""
    always_as_file: bool = False
    """Whether the file is offered even where one page holds everything."""


AnyListing = Listing[Any]


async def read_page(listing: Listing[Row], at: Position) -> tuple[Shown[Row], Position | None]:
    """Read the page that begins at a position, and where the next one begins, if there may be one."""
    rows: list[Row] = []
    said: list[str] = []
    warnings: list[str] = []
    token, offset = at.token, at.offset
    for _ in range(BATCHES):
        batch = await listing.fetch(token)
        said.append(batch.said)
        warnings.append(batch.warning)
        rest = batch.rows[offset:]
        room = ROWS - len(rows)
        rows += rest[:room]
        left = max(len(rest) - room, 0)
        reached = at.before + len(rows)
        if left:
            following: Position | None = Position(token=token, offset=offset + room, before=reached)
        elif batch.following:
            following = Position(token=batch.following, before=reached)
        else:
            following = None
        if following is None or len(rows) == ROWS:
            break
        token, offset = batch.following, 0
    total = None if batch.following else reached + left
    shown = Shown(rows, at.before, total, said=_first(said), warning=_first(warnings))
    return shown, following


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")
