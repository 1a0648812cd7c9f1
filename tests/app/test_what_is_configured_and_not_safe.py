"""What works and is not safe draws a warning: an absent SECRET_KEY, a permissions file that anyone can change."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.config.settings import Settings
from bot.config.warnings import NO_OWN_KEY, warnings
from bot.jobs.status import StoredStatus
from bot.storage.doubts import Doubt, Doubts
from tests.support.world import SETTINGS, World, text_of


def settings_with(folder: Path, **more: str) -> Settings:
    files = {"permissions_file": str(folder / "permissions.yaml"), "alerts_file": str(folder / "alerts.yaml")}
    return Settings.model_validate({**SETTINGS.model_dump(), "secret_key": "k" * 32, **files, **more})


@pytest.mark.parametrize(
    ("file", "folder", "said"),
    [
        (0o644, 0o755, ""),
        (0o664, 0o775, ""),
        (0o666, 0o755, "can change permissions.yaml"),
        (0o602, 0o755, "can change permissions.yaml"),
        (0o644, 0o777, "can replace permissions.yaml"),
        (0o644, 0o1777, ""),
    ],
    ids=["usual", "of a group", "for all", "for others", "folder for all", "folder like /tmp"],
)
def test_a_file_that_anyone_can_change_is_named(tmp_path: Path, file: int, folder: int, said: str) -> None:
    """With what to do; a link is judged by what it leads to."""
    there = tmp_path / "real"
    there.mkdir()
    (there / "permissions.yaml").touch()
    (there / "permissions.yaml").chmod(file)
    there.chmod(folder)
    links = tmp_path / "links"
    links.mkdir()
    (links / "permissions.yaml").symlink_to(there / "permissions.yaml")
    for seen_from in (there, links):
        found = warnings(settings_with(seen_from))
        assert [said in one for one in found] == [True] * bool(said)
        assert all("Run chmod o-w" in one for one in found)


def test_an_absent_secret_key_is_named(tmp_path: Path) -> None:
    """An absent file is not: whether it has to be there is asked elsewhere."""
    assert warnings(settings_with(tmp_path)) == []
    assert warnings(settings_with(tmp_path).model_copy(update={"secret_key": None})) == [NO_OWN_KEY]


async def test_status_shows_what_is_not_safe(world: World) -> None:
    """The bot is well with it."""
    status = world.dispatcher.bot.health.status
    assert isinstance(status, StoredStatus)
    shown = replace(status, warnings=lambda: ["Every user of the host can change permissions.yaml."], jobs=())
    health = replace(world.dispatcher.bot.health, status=shown)
    world.dispatcher = replace(world.dispatcher, bot=replace(world.dispatcher.bot, health=health))
    assert "⚠️ Every user of the host can change permissions.yaml." in await told(world)


async def test_status_says_why_another_process_gets_no_deliveries(world: World) -> None:
    """It can't say so itself: it accepts no command."""
    doubts = Doubts(world.redis)
    await doubts.publish(Doubt(suspect="secret", refused=12, since=world.clock()))
    said = await told(world)
    assert "has refused 12 of Slack's requests since" in said
    assert "SLACK_SIGNING_SECRET is probably wrong" in said
    assert "The bot has a problem" in said
    await doubts.publish(None)
    assert "refused" not in await told(world)


async def told(world: World) -> str:
    answer = await world.type("U0ALICE", "status")
    assert answer is not None
    return text_of(answer)
