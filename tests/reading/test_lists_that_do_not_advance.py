"""A list whose pages come again ends with the probable cause, wherever it is read; what can't be read is counted."""

import pytest

from bot.effects.email_lookup import warn_of_email
from bot.quay.errors import NotAdvancing
from bot.slack.messages import Message
from sandbox.quay.faults import OddEntries, StuckKind, StuckPages
from tests.support.answers import asked, buttons, requests_to_quay, rows
from tests.support.world import World, text_of

CAUSE = "don't share one PAGE_TOKEN_KEY"


@pytest.mark.parametrize(
    ("command", "kind", "pages"),
    [
        ("users list --match nobody", "repeat", 2),
        ("logs --since 30d --kind nothing", "repeat", 2),
        ("logs --since 30d --kind nothing", "alternate", 3),
    ],
)
async def test_a_search_ends(world: World, command: str, kind: StuckKind, pages: int) -> None:
    """After a page that it has seen, with what to look at; the answer is not taken for an empty list."""
    world.faults.stuck_pages.append(StuckPages(kind=kind))
    answer = text_of(await asked(world, command))
    assert CAUSE in answer
    assert "None found" not in answer
    assert len(await requests_to_quay(world)) == pages


async def test_a_file_is_not_made(world: World) -> None:
    """Ten thousand rows of the same hundred people would be worse than none."""
    first = await asked(world, "users list")
    world.faults.stuck_pages.append(StuckPages())
    with pytest.raises(NotAdvancing, match=CAUSE):
        await world.turn("U0CAROL", "page_file", buttons(first)["page_file"])
    assert not world.slack.files


async def test_turning_the_page_does_not_lead_back_to_the_first(world: World) -> None:
    """Each click is a command of its own: the cursor remembers which pages were seen."""
    page = await asked(world, "users list")
    world.faults.stuck_pages.append(StuckPages())
    for _ in range(4):
        page = await turned(world, page, "page_next")
    assert "Showing 81–100" in text_of(page)
    with pytest.raises(NotAdvancing):
        await turned(world, page, "page_next")


async def test_one_can_turn_back_and_forth(world: World) -> None:
    """Pages that are read again on the way back are no standstill."""
    first = await asked(world, "users list")
    pages = [first]
    while "page_next" in buttons(pages[-1]):
        pages.append(await turned(world, pages[-1], "page_next"))
    assert len(pages) > 6
    seen = [rows(page) for page in pages]
    for expected in reversed(seen[:-1]):
        pages.append(await turned(world, pages[-1], "page_previous"))
        assert rows(pages[-1]) == expected
    for expected in seen[1:]:
        pages.append(await turned(world, pages[-1], "page_next"))
        assert rows(pages[-1]) == expected


async def test_the_look_for_an_email_address_ends(world: World) -> None:
    """It is part of a plan, which is refused."""
    world.faults.stuck_pages.append(StuckPages())
    with pytest.raises(NotAdvancing):
        await warn_of_email(world.quay, "nobody@example.com")


async def test_one_odd_entry_hides_no_other(world: World) -> None:
    """A null where there is a default is that default; what can't be read is left out, and said in one line."""
    users = world.registry.users()
    world.faults.odd_entries.append(OddEntries("super_user", operation="listAllUsers"))
    answer = await asked(world, "users list")
    assert len(rows(answer)) == 20
    assert "can't be read" not in text_of(answer)
    world.faults.odd_entries.append(OddEntries("username", operation="listAllUsers", names=(users[6].name,)))
    answer = await asked(world, "users list")
    assert len(rows(answer)) == 20
    assert "⚠️ 1 entry from Quay can't be read and is left out." in text_of(answer)
    answer = (await world.turn("U0CAROL", "page_file", buttons(answer)["page_file"])).message
    assert "1 entry from Quay can't be read and is left out." in text_of(answer)
    ((_, _, content),) = world.slack.files
    assert len(content.splitlines()) == 1 + len(users) - 1


async def turned(world: World, page: Message, action: str) -> Message:
    return (await world.turn("U0CAROL", action, buttons(page)[action])).message
