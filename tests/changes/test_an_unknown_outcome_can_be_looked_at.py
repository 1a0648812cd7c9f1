"""Where nobody knows what became of a change, the command that shows it is named, and is one press away."""

import pytest

from bot.commands import Call
from bot.views.lookups import reading_of
from handlers.menu import only_reads
from sandbox.quay.faults import Failure
from tests.support.answers import asked, buttons
from tests.support.world import World, text_of

READS = [
    ("keys approve", {"kid": "4f2a9cabcdef"}, "keys show 4f2a9cabcdef"),
    ("keys delete", {"kid": "4f2a9cabcdef"}, "keys show 4f2a9cabcdef"),
    ("keys create", {"service": "quay_builder"}, "keys list --service quay_builder"),
    ("keys update", {"kid": "4f2a9cabcdef"}, "keys show 4f2a9cabcdef"),
    ("quota set", {"namespace": "user:kim"}, "quota show user:kim"),
    ("quota delete", {"namespace": "team-a"}, "quota show team-a"),
    ("users create", {"username": "kim"}, "users show kim"),
    ("users update", {"username": "kim"}, "users show kim"),
    ("users delete", {"username": "kim"}, "users show kim"),
    ("orgs update", {"name": "team-a"}, "orgs show team-a"),
    ("orgs delete", {"name": "team-a"}, "orgs show team-a"),
    ("registry measure", {}, "registry size"),
]


@pytest.mark.parametrize(("command", "arguments", "reads"), READS)
async def test_each_change_has_a_command_that_reads(
    world: World, command: str, arguments: dict[str, str], reads: str
) -> None:
    """One that can be called as it stands, and changes nothing."""
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=1024**3)
    offer = record.offers[0].model_copy(update={"command": command, "arguments": arguments})
    text = reading_of(record.model_copy(update={"offers": (offer,)}))
    assert text == reads
    call = world.app.files.grammar.parse(text)
    assert isinstance(call, Call)
    assert only_reads(call.command)
    assert set(world.effects) == {command for command, _, _ in READS}


async def test_the_outcome_offers_to_look_again(world: World) -> None:
    """With the command as text, for whoever would rather type it; an outcome that is known offers nothing."""
    ended = await confirmed(world, "d1", Failure("closed", method="PUT"))
    assert ended == "unknown"
    told = list(world.slack.messages.values())[-1]
    assert set(buttons(told)) == {"look_again"}
    assert "How it stands now: `quota show team-alpha`" in text_of(told)
    assert "96.9 %" in (await asked(world, "quota show team-alpha")).text
    assert await confirmed(world, "d2") == "done"
    assert not buttons(list(world.slack.messages.values())[-1])


async def confirmed(world: World, delivery: str, *failures: Failure) -> str:
    """How a quota's change ends that Carol confirms, with this trouble on the way."""
    record = await world.propose("U0CAROL", "quota set", delivery, namespace="team-alpha", limit=100 * 1024**3)
    await world.click("U0CAROL", "change_confirm", record.id)
    world.faults.failures += failures
    (ended,) = await world.work()
    return ended.state.value
