"""The metadata of a key is read by many, so it takes no name under which the bot would hide a value."""

import pytest

from bot.commands import Correction
from tests.support.world import World


@pytest.mark.parametrize("name", ["api_key", "passwd", "credential", "db_password", "hmac", "userPin", "token_id"])
async def test_metadata_that_sounds_secret_is_refused(world: World, name: str) -> None:
    """By the rule by which settings are hidden."""
    with pytest.raises(Correction, match="looks like a secret"):
        world.app.files.grammar.parse(f"keys create clair --expires 90d --meta {name}=x")


@pytest.mark.parametrize("name", ["team", "author", "ticket", "owner.name"])
async def test_other_metadata_is_taken(world: World, name: str) -> None:
    """What says whose a key is, is no secret."""
    world.app.files.grammar.parse(f"keys create clair --expires 90d --meta {name}=x")
