"""Having the registry's size measured anew."""

from contextlib import suppress

import pytest

from bot.slack.messages import MessengerError
from sandbox.quay.faults import Failure
from tests.support.answers import forget_requests, requests_to_quay
from tests.support.world import World, text_of


async def test_a_measurement_is_asked_for(world: World) -> None:
    """And is under way."""
    done = await world.carry_out("registry measure")
    assert done.state == "done"
    assert world.registry.size.busy
    assert "Quay is measuring" in done.note


async def test_one_that_is_under_way_already_is_not_asked_for_again(world: World) -> None:
    """Quay would answer 202."""
    world.registry.size.queued_at = world.clock.now
    answer = await world.type("U0ALICE", "registry measure")
    assert answer is not None
    assert "is being measured already" in text_of(answer)


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (Failure("500", method="POST"), "failed"),
        (Failure("500", after_effect=True, method="POST"), "done"),
        (Failure("closed", method="POST"), "unknown"),
    ],
)
async def test_what_quay_shows_decides(world: World, failure: Failure, state: str) -> None:
    """Whether it is under way."""
    await world.type("U0ALICE", "registry measure")
    await world.agree()
    world.faults.failures.append(failure)
    (done,) = await world.work()
    assert done.state == state


async def test_a_measurement_is_followed_by_one_message_until_it_is_done(world: World) -> None:
    """Edited as Quay goes on."""
    await world.carry_out("registry measure")
    ((_, _, first),) = [told for told in world.slack.threads if "Measuring" in told[2].text]
    assert "queued" in first.text
    followed = []
    for _ in range(3):
        world.clock.forward(seconds=40)
        await world.measurement.follow()
        followed.append("".join(map(text_of, world.slack.messages.values())))
    assert "The registry holds" in followed[-1]
    assert "measurement_stop" not in followed[-1]


async def test_a_measurement_that_takes_long_is_followed_for_five_minutes(world: World) -> None:
    """With six requests at growing pauses; then the message says so, and where the result will be."""
    await world.carry_out("registry measure")
    world.registry.features.background_workers = False
    await forget_requests(world)
    looked: list[int] = []
    for seconds in range(10, 3600, 10):
        world.clock.forward(seconds=10)
        before = len(await requests_to_quay(world))
        await world.measurement.follow()
        looked += [seconds] * (len(await requests_to_quay(world)) - before)
    assert looked == [10, 30, 70, 150, 230, 310]
    last = text_of(world.slack.edits[-1])
    assert "still running after 5 min" in last or "still queued after 5 min" in last
    assert "`registry size` shows the result" in last
    assert "measurement_stop" not in last


@pytest.mark.parametrize(
    ("word", "looks"), [("ratelimited", [10, 30, 70, 150, 230, 310, 390]), ("message_not_found", [10])]
)
async def test_a_slack_that_takes_no_edit_costs_quay_no_more(world: World, word: str, looks: list[int]) -> None:
    """A refusal that passes is tried again at the next look; a message that is gone is followed no longer."""
    await world.carry_out("registry measure")
    world.registry.features.background_workers = False
    await forget_requests(world)
    world.slack.fails = word
    looked: list[int] = []
    for seconds in range(2, 400, 2):
        world.clock.forward(seconds=2)
        with suppress(MessengerError):
            await world.measurement.follow()
        looked += [seconds] * (len(await requests_to_quay(world)) - len(looked))
    assert looked == looks


async def test_its_owner_may_stop_following_it(world: World) -> None:
    """Nobody else; Quay goes on measuring."""
    await world.carry_out("registry measure")
    assert not await world.measurement.stop((await world.person("U0BOB")).actor)
    assert await world.measurement.stop((await world.person("U0ALICE")).actor)
    assert world.registry.size.busy
    assert "No longer followed" in "".join(map(text_of, world.slack.messages.values()))
