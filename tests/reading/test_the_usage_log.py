"""The usage log to the second, whatever days Quay takes."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.quay.models import LogPage
from handlers.logs import window
from tests.support.answers import asked, forget_requests, requests_to_quay, rows
from tests.support.world import START, World, text_of


async def everything(world: World, text: str) -> list[list[str]]:
    """The rows of all pages."""
    page = await asked(world, text)
    found = rows(page) if "table" in text_of(page) else []
    while next_ := [e for b in page.blocks for e in b.get("elements", []) if e.get("action_id") == "page_next"]:
        page = (await world.turn("U0CAROL", "page_next", next_[0]["value"])).message
        found += rows(page) if '"table"' in text_of(page) else []
    return found


def logged(world: World, since: timedelta, **wanted: str) -> int:
    return sum(
        entry.datetime >= START - since and all(getattr(entry, name) == value for name, value in wanted.items())
        for entry in world.registry.logs
    )


async def test_the_last_day_is_asked_for_by_itself(world: World) -> None:
    """Exactly 24 hours, although Quay takes whole days; one request."""
    await asked(world, "keys list")
    await forget_requests(world)
    answer = await asked(world, "logs")
    assert await requests_to_quay(world) == ["GET /api/v1/superuser/logs"]
    assert "from 2026-11-23 12:00 to 2026-11-24 12:00 UTC" in answer.text
    assert len(await everything(world, "logs")) == logged(world, timedelta(hours=24))


@pytest.mark.parametrize("since", ["1h", "7d", "30d"])
async def test_since_is_kept_to_the_second(world: World, since: str) -> None:
    """Nothing is missing on any page, nothing is too old."""
    length = timedelta(hours=1) if since == "1h" else timedelta(days=int(since.removesuffix("d")))
    assert len(await everything(world, f"logs --since {since}")) == logged(world, length)


async def test_filters_hold_on_every_page(world: World) -> None:
    """By kind, by who did it, by where."""
    month = timedelta(days=30)
    found = await everything(world, "logs --since 30d --kind pull_repo")
    assert len(found) == logged(world, month, kind="pull_repo")
    robot = next(e.performer for e in world.registry.logs if e.performer and "+" in e.performer)
    assert len(await everything(world, f"logs --since 30d --user {robot}")) == logged(world, month, performer=robot)
    assert len(await everything(world, "logs --since 30d --namespace team-alpha")) == logged(
        world, month, namespace="team-alpha"
    )


async def test_until_a_day_includes_it(world: World) -> None:
    """As Quay has it, and as people mean it."""
    found = await everything(world, "logs --since 2026-11-10 --until 2026-11-12")
    start, end = datetime(2026, 11, 10, tzinfo=UTC), datetime(2026, 11, 13, tzinfo=UTC)
    assert len(found) == sum(start <= entry.datetime < end for entry in world.registry.logs) > 0


async def test_nothing_found_is_an_answer(world: World) -> None:
    """Not an empty table."""
    assert "No log entries by nobody" in (await asked(world, "logs --user nobody")).text


async def test_a_log_that_cannot_be_searched_is_told(world: World) -> None:
    """With some log stores Quay answers with nothing but a remark."""
    world.registry.features = type(world.registry.features)(log_search=False)
    assert "cannot search it" in text_of(await asked(world, "logs"))


def test_what_quay_searched_instead_is_told() -> None:
    """Quay silently replaces days that it cannot read."""
    wanted = window(timedelta(days=3), None, START)
    first = datetime(2026, 11, 21, tzinfo=UTC)
    asked_for = LogPage(start_time=first, end_time=first + timedelta(days=4))
    replaced = LogPage(start_time=START - timedelta(days=1), end_time=START + timedelta(days=1))
    assert wanted.difference(asked_for) == ""
    assert "not the days 2026-11-21 to 2026-11-24" in wanted.difference(replaced)


IMPOSSIBLE = [
    ("--since 2026-02-30", "is not in the calendar"),
    ("--since 2026-13-01", "is not in the calendar"),
    ("--since 2026-11-24T25:00", "is not in the calendar"),
    ("--since yesterday", "is no date"),
    ("--since ''", "is no date"),
    ("--since 2027-01-01", "lies in the future"),
    ("--since 0001-01-01", "is before 2010"),
    ("--since 99999999d", "is too far away"),
    ("--since 9999999999999d", "is too long"),
    ("--until 9999-12-31", "is too far away"),
    ("--since 2d --until 3d", "--until is not after --since"),
    ("--user '<!channel>'", "a user's name has small letters"),
    ("--user ''", "it is empty"),
    ("--namespace 'tëam'", "cannot be a namespace"),
    ("--kind 'drop table'", "a kind of log entry"),
]


async def test_what_cannot_be_gets_its_own_sentence(world: World) -> None:
    """And Quay is not asked."""
    for options, said in IMPOSSIBLE:
        assert said in (await asked(world, f"logs {options}")).text
    assert not await requests_to_quay(world)
