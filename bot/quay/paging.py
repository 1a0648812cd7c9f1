"""Lists that come page by page, and the guard that ends one which would never end.

A page token that a pod cannot decrypt means the first page to it, with a fresh token. Behind one address, pods with
different keys therefore give page 1 again and again, or A, B, A, B; so does a pod whose clock is a minute behind.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Protocol, TypeVar

from bot.quay.errors import NotAdvancing

MOST_MARKS = 20_000
"""So many marks are remembered, the latest; two for each page of names, one for each page of a log."""
MOST_UNMARKED = 50
"""So many pages in a row may have no mark: empty ones, and those of a log that begin and end in one second."""


class Paged(Protocol):
    """A page of a list."""

    @property
    def next_page(self) -> str | None:
        """The token of the next page; None at the end."""
        ...

    @property
    def marks(self) -> tuple[str, ...]:
        """What the page is known by when it comes again; nothing where it can't be told from another."""
        ...


PageT = TypeVar("PageT", bound=Paged)


class Guard:
    """Notices when a list does not advance. `seen` are the marks of pages that were read before."""

    def __init__(self, operation: str, seen: Iterable[str] = ()) -> None:
        self._operation = operation
        self._seen = dict.fromkeys(seen)
        self._tokens: dict[str, None] = {}
        self._unmarked = 0

    @property
    def seen(self) -> tuple[str, ...]:
        """The marks of the pages so far, the oldest first."""
        return tuple(self._seen)

    def admit(self, marks: tuple[str, ...], following: str | None) -> None:
        """Take note of a page and the token after it; at the end of a list there is nothing to guard against.

        Raises NotAdvancing.
        """
        if not following:
            return
        self._unmarked = 0 if marks else self._unmarked + 1
        again = following in self._tokens or not self._seen.keys().isdisjoint(marks)
        if again or self._unmarked > MOST_UNMARKED:
            raise NotAdvancing(operation=self._operation)
        _remember(self._seen, marks)
        _remember(self._tokens, (following,))


def _remember(known: dict[str, None], more: Iterable[str]) -> None:
    known.update(dict.fromkeys(more))
    while len(known) > MOST_MARKS:
        del known[next(iter(known))]


async def pages(operation: str, read: Callable[[str | None], Awaitable[PageT]]) -> AsyncIterator[PageT]:
    """Go through a list; `read` gives the page of a token, None for the first. Raises QuayError, as `read` does."""
    guard = Guard(operation)
    token: str | None = None
    while True:
        page = await read(token)
        guard.admit(page.marks, page.next_page)
        yield page
        if not page.next_page:
            return
        token = page.next_page
