"""A list is read page by page to its end, and one that would never end is noticed."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, count, cycle, islice, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quay.answers import Page
from bot.quay.errors import NotAdvancing
from bot.quay.models import LogEntry, LogPage, User
from bot.quay.paging import MOST_MARKS, MOST_UNMARKED, Guard, pages

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
Names = tuple[str, ...]
A, B, C = ("ada", "bob"), ("cy", "dee"), ("eve", "flo")


class Pods:
    """A registry that gives these pages whatever token it is asked for; after each goes a fresh token, or `same`."""

    def __init__(self, given: Iterable[Names], *, ends: bool = False, same: str | None = None) -> None:
        self.given: Iterator[Names] = iter(given)
        self.left = list(self.given) if ends else None
        self.same = same
        self.asked = 0

    async def read(self, token: str | None) -> Page[User]:
        assert bool(token) == (self.asked > 0)
        self.asked += 1
        names = self.left.pop(0) if self.left is not None else next(self.given)
        following = None if self.left == [] else self.same or f"token {self.asked}"
        return Page[User](items=tuple(User(username=name) for name in names), next_page=following)

    async def names(self) -> list[str]:
        return [user.username async for page in pages("listAllUsers", self.read) for user in page.items]


@given(st.lists(st.text(min_size=1), unique=True, max_size=60), st.integers(1, 7))
async def test_a_list_that_advances_is_read_to_its_end(names: list[str], size: int) -> None:
    """Nobody is missing, nobody comes twice, each page is asked for once."""
    given_pages = [tuple(names[start : start + size]) for start in range(0, len(names), size)] or [()]
    pods = Pods(given_pages, ends=True)
    assert await pods.names() == names
    assert pods.asked == len(given_pages)


@pytest.mark.parametrize(
    ("given_pages", "asked"),
    [
        pytest.param(repeat(A), 2, id="page 1 with a fresh token"),
        pytest.param(cycle([A, B]), 3, id="A, B, A, B"),
        pytest.param(chain([A, B, C], repeat(C)), 4, id="the last page again"),
        pytest.param(chain([A], repeat(("ada", "new", "bob"))), 2, id="page 1, to which somebody was added"),
        pytest.param(chain([A], repeat(("bob", "cy"))), 2, id="page 1, from which somebody was deleted"),
        pytest.param(repeat(()), MOST_UNMARKED + 1, id="empty pages"),
    ],
)
async def test_a_list_that_does_not_advance_ends_with_the_probable_cause(
    given_pages: Iterable[Names], asked: int
) -> None:
    """Each of these is what clients saw of several pods behind one address, or could."""
    pods = Pods(given_pages)
    with pytest.raises(NotAdvancing, match="pods probably don't share one PAGE_TOKEN_KEY, or their clocks") as caught:
        await pods.names()
    assert pods.asked == asked
    assert (caught.value.operation, caught.value.may_have_happened) == ("listAllUsers", False)


async def test_a_token_that_comes_again_leads_where_it_led_before() -> None:
    """Whatever else the page held."""
    pods = Pods(((str(number),) for number in count()), same="token")
    with pytest.raises(NotAdvancing):
        await pods.names()
    assert pods.asked == 2


async def test_a_list_may_end_with_somebody_seen_before() -> None:
    """An organization that was deleted and made anew meanwhile stands at the end."""
    assert await Pods([A, B, ("ada",)], ends=True).names() == [*A, *B, "ada"]


def test_the_guard_remembers_so_much_and_no_more() -> None:
    """Of a log of millions of entries the latest pages are enough: a list that does not advance repeats at once."""
    guard = Guard("listAllLogs")
    for number in range(3 * MOST_MARKS):
        guard.admit((f"mark {number}",), f"token {number}")
    assert len(guard.seen) == MOST_MARKS
    with pytest.raises(NotAdvancing):
        guard.admit((f"mark {3 * MOST_MARKS - 2}",), "another")


def log_page(*seconds_ago: float) -> LogPage:
    entries = (
        LogEntry.model_validate({"kind": "pull_repo", "datetime": NOON - timedelta(seconds=ago)}) for ago in seconds_ago
    )
    return LogPage(logs=tuple(entries))


def read_log(given_pages: Iterable[LogPage]) -> int:
    """How many pages were read until the guard said no; all of them where it never did."""
    guard, read = Guard("listAllLogs"), 0
    for number, page in enumerate(given_pages):
        read += 1
        try:
            guard.admit(page.marks, f"token {number}")
        except NotAdvancing:
            break
    return read


def test_a_log_that_does_not_advance_is_noticed() -> None:
    """A page of more than a second can't come twice: each is older than the one before it."""
    first, second = log_page(1, 2, 3), log_page(3, 4, 5)
    assert read_log(repeat(first)) == 2
    assert read_log(cycle([first, second])) == 3


def test_a_busy_second_of_a_log_is_no_standstill() -> None:
    """Entries have no id: eight hundred pulls of one image in a second look alike. Without end they do not go on."""
    busy = log_page(*repeat(7, 20))
    assert read_log([log_page(5, 6), *repeat(busy, 40), log_page(7, 8)]) == 42
    assert read_log(islice(repeat(busy), 1000)) == MOST_UNMARKED + 1
