"""While Quay takes its time people hear of it, nobody holds anybody up, and what is too much is refused."""

import asyncio
from dataclasses import replace

import pytest

from sandbox.quay.faults import Slow
from tests.support.answers import asked
from tests.support.world import ADMIN, World, text_of

SIZE = "getRegistrySize"
WAITING = "Still waiting for Quay…"


@pytest.fixture
def impatient(world: World) -> World:
    """Where people are told after a twentieth of a second."""
    world.dispatcher = replace(world.dispatcher, notice_after=0.05)
    return world


async def test_whoever_waits_for_quay_is_told_once_and_then_answered(impatient: World) -> None:
    """To them alone, where they asked."""
    impatient.faults.slow.append(Slow(0.3, operation=SIZE))
    answer = await asked(impatient, "registry size")
    assert "The registry holds" in answer.text
    ((channel, user, said),) = impatient.slack.whispers
    assert (channel, user, said.text) == (ADMIN, "U0CAROL", WAITING)


async def test_a_quick_answer_comes_alone(impatient: World) -> None:
    """Nothing is said that is not so."""
    await asked(impatient, "registry size")
    await asyncio.sleep(0)
    assert not impatient.slack.whispers
    assert not [task for task in asyncio.all_tasks() if "WaitingNotice" in repr(task.get_coro())], "nor later on"


async def test_an_answer_is_not_lost_with_the_notice(impatient: World) -> None:
    """Where Slack does not take it, as in a channel that the bot is not in, the answer comes all the same."""
    impatient.slack.refuses.add(ADMIN)
    impatient.faults.slow.append(Slow(0.2, operation=SIZE))
    assert "The registry holds" in (await asked(impatient, "registry size")).text
    assert not impatient.slack.whispers


async def test_one_busy_person_holds_nobody_up(world: World) -> None:
    """Of Carol's thirty commands twenty are taken, three at once; Bob's comes in between, Alice's change first."""
    world.faults.slow.append(Slow(0.05))
    answered: list[str] = []
    refused: list[str] = []

    async def ask(user: str, text: str, number: int = 0) -> None:
        answer = await world.type(user, text, delivery=f"{user} {number}")
        is_refused = answer is not None and answer.text.startswith("You have")
        (refused if is_refused else answered).append(answer.text if answer and is_refused else user)

    async with asyncio.TaskGroup() as everyone:
        for number in range(30):
            everyone.create_task(ask("U0CAROL", "registry size", number))
        everyone.create_task(ask("U0BOB", "registry size"))
        everyone.create_task(ask("U0ALICE", "quota set team-alpha 100GiB"))
    assert set(refused) == {"You have 20 requests running. Wait for them to finish."}
    assert len(answered) + len(refused) == 30 + 2
    assert answered.index("U0BOB") <= 6
    assert answered.index("U0ALICE") <= 12, "her plan takes two calls, one after the other"


async def test_status_says_how_much_is_asked_of_quay(world: World) -> None:
    """And the bounds, which are those of the process that answers."""
    said = text_of(await asked(world, "status"))
    assert "Quay: 0 of 4 calls running, 0 of 200 waiting" in said
