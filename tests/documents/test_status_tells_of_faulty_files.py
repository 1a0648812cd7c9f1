"""`status` says of each file that people edit whether it is in force as it stands."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.jobs.status import StoredStatus
from bot.loading import build_grammar, open_alerts, open_policy
from bot.slack.in_flight import InFlight
from tests.support.world import World, text_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def asked(world: World, tmp_path: Path) -> World:
    """A bot whose status is that of two good files."""
    for name in ("permissions.yaml", "alerts.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    policy = open_policy(str(tmp_path / "permissions.yaml"), build_grammar("/quay"))
    alerts = open_alerts(str(tmp_path / "alerts.yaml"))
    status = StoredStatus(world.redis, world.confirmations, policy, alerts, (), list, InFlight(), world.clock)
    health = replace(world.dispatcher.bot.health, status=status)
    world.dispatcher = replace(world.dispatcher, bot=replace(world.dispatcher.bot, health=health))
    return world


async def told(world: World) -> str:
    answer = await world.type("U0ALICE", "status")
    assert answer is not None
    return text_of(answer)


@pytest.mark.parametrize(("faulty", "good"), [("permissions.yaml", "alerts.yaml"), ("alerts.yaml", "permissions.yaml")])
async def test_a_faulty_file_is_shown_for_as_long_as_it_is_faulty(
    asked: World, tmp_path: Path, faulty: str, good: str
) -> None:
    """With its line; the other one is in force, and this one is not said to be."""
    path = tmp_path / faulty
    text = path.read_text(encoding="utf-8")
    path.write_text("version: 7\n", encoding="utf-8")
    for _ in range(2):
        said = await told(asked)
        assert f"{faulty} is faulty; the one before it is in force:" in said
        assert f"{faulty}:1: version" in said
        assert f"{good} in force" in said
        assert f"{faulty} in force" not in said
    path.write_text(text, encoding="utf-8")
    said = await told(asked)
    assert "permissions.yaml in force · alerts.yaml in force" in said
    assert "faulty" not in said


async def test_a_file_that_is_gone_is_told_without_the_path_of_the_server(asked: World, tmp_path: Path) -> None:
    """The reason is in words."""
    (tmp_path / "permissions.yaml").unlink()
    said = await told(asked)
    assert "permissions.yaml cannot be read: there is no such file" in said
    assert str(tmp_path) not in said
    assert "Errno" not in said
