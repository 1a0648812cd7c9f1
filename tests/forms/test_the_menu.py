"""The slash command alone offers what this person may do here, and nothing else."""

from typing import Any

import pytest

from bot.permissions import Policy
from tests.support.world import ADMIN, POLICY, World, text_of


async def offered(world: World, user: str, channel: str = ADMIN) -> list[str]:
    """The commands whose buttons stand in the menu."""
    menu = await world.type(user, " ", channel=channel)
    assert menu is not None
    rows: list[dict[str, Any]] = [dict(block) for block in menu.blocks if block["type"] == "actions"]
    return [button["value"] for row in rows for button in row["elements"]]


async def test_a_manager_is_offered_what_managers_may(world: World) -> None:
    """Reads and the changes of their rules; changes of other nouns are not offered."""
    commands = await offered(world, "U0CAROL")
    assert {"keys list", "quota set", "quota show", "keys approve", "help"} <= set(commands)
    assert not {"users create", "orgs delete"} & set(commands)


async def test_who_may_only_ask_is_offered_it_too(world: World) -> None:
    """A request is something that they may do."""
    assert "quota set" in await offered(world, "U0DAVE")
    assert "quota set" not in await offered(world, "U0MALLORY")


async def test_an_approver_is_offered_the_approval_of_keys(world: World) -> None:
    """They need no rule for it."""
    world.policy = Policy.model_validate({**POLICY, "rules": POLICY["rules"][1:]})
    assert await offered(world, "U0BOB") == ["keys approve", "help", "pending", "status", "why"]


async def test_a_command_that_asks_for_something_says_so(world: World) -> None:
    """With three dots: its button opens a form."""
    menu = await world.type("U0CAROL", "")
    assert menu is not None
    assert '"Approve…"' in text_of(menu)
    assert '"List"' in text_of(menu)


@pytest.mark.parametrize("channel", ["C9", "D1", "home"])
async def test_where_the_bot_does_not_listen_there_is_no_menu(world: World, channel: str) -> None:
    """The same words as for any command."""
    answer = await world.type("U0CAROL", "", channel=channel)
    assert answer is not None
    assert "You may not do this here" in answer.text
