"""What a gateway answers for Quay, and a lost answer, prove nothing: the bot asks Quay again, and puts it right."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.alerts.report import ChangeHistory
from bot.changes.outcomes import Outcomes
from bot.changes.recovery import Looks
from bot.confirmations import Record, State
from bot.effects import Effect
from sandbox.quay.faults import Failure, FailureKind
from tests.support.world import ADMIN, START, World, text_of

GIB = 1024**3
OPEN: list[FailureKind] = ["502", "503", "504", "html", "foreign", "closed", "reset"]
"""Whatever is not Quay's own answer."""


async def sent(world: World, failure: Failure) -> Record:
    """What the outcome of Dave's quota is at first, when its one write meets a failure."""
    await world.type("U0DAVE", "quota set team-alpha 90GiB")
    record = await world.agree()
    world.faults.failures.append(failure)
    (ended,) = await world.work()
    assert ended.id == record.id
    return ended


def limit(world: World) -> int:
    quota = world.registry.namespaces["team-alpha"].quota
    assert quota is not None
    return quota.limit_bytes // GIB


def told(world: World) -> list[str]:
    """What was said in the thread of the card."""
    return [text_of(message) for _, _, message in world.slack.threads]


async def outcomes(world: World) -> list[tuple[object, object]]:
    """The outcomes in the audit, the oldest first: each with what it corrects."""
    entries = [entry async for entry in world.audit.entries() if entry.event == "change_outcome"][::-1]
    return [(entry.details["outcome"], entry.details.get("corrects")) for entry in entries]


@pytest.mark.parametrize("kind", OPEN)
async def test_a_write_that_lands_late_is_found_and_put_right(world: World, kind: FailureKind) -> None:
    """On the card, and once more in its thread, as a correction. It was sent once."""
    ended = await sent(world, Failure(kind, method="PUT", late_seconds=20))
    assert (ended.state, limit(world)) == (State.UNKNOWN, 80)
    assert "checks Quay again" in ended.note
    assert "It may still take effect. So far: " in ended.note
    world.clock.forward(seconds=10)
    assert await world.look_again() == [], "it is not there yet"
    world.clock.forward(seconds=30)
    (done,) = await world.look_again()
    assert (done.state, limit(world)) == (State.DONE, 90)
    assert "It took effect late." in done.note
    assert "✅ Set the quota of team-alpha to 90 GiB: done" in world.only_card()
    unknown, correction = told(world)
    assert ("outcome unknown" in unknown, "Correction: " in unknown) == (True, False)
    assert "Correction: *Set the quota of team-alpha to 90 GiB*: done" in correction
    assert await outcomes(world) == [("unknown", None), ("done", "unknown")]
    assert (await world.events()).count("change_intent") == 1


@pytest.mark.parametrize("kind", OPEN)
async def test_a_write_that_never_lands_is_not_done_after_three_looks(world: World, kind: FailureKind) -> None:
    """Within 90 seconds; then it may be requested again."""
    ended = await sent(world, Failure(kind, method="PUT"))
    concluded = await world.conclude(ended)
    assert concluded.state is State.FAILED
    assert world.clock() - START < timedelta(seconds=90)
    assert "Quay was checked 3 times within 90 s." in concluded.note
    assert "Correction: " in told(world)[-1]
    assert await outcomes(world) == [("unknown", None), ("failed", "unknown")]
    assert await world.confirmations.to_look_at(world.clock() + timedelta(days=1)) == []


async def test_what_cannot_be_read_three_times_stays_unknown(world: World) -> None:
    """With what to do; nothing more is announced, since nothing more is known."""
    ended = await sent(world, Failure("504", method="PUT"))
    world.faults.failures.append(Failure("503", method="GET", remaining=None))
    concluded = await world.conclude(ended)
    assert (concluded.state, concluded.look_at) == (State.UNKNOWN, None)
    assert "Check it in Quay before you request it again." in world.only_card()
    assert len(told(world)) == 1


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (Failure("500", method="PUT"), State.FAILED),
        (Failure("500", method="PUT", after_effect=True), State.DONE),
        (Failure("429", method="PUT"), State.FAILED),
        (Failure("forbidden", method="PUT"), State.FAILED),
        (Failure("504", method="PUT", after_effect=True), State.DONE),
        (Failure("cut", method="PUT"), State.DONE),
        (Failure("garbled", method="PUT"), State.DONE),
    ],
    ids=lambda value: f"{value.kind}-{value.after_effect}" if isinstance(value, Failure) else None,
)
async def test_what_is_certain_is_said_at_once(world: World, failure: Failure, state: State) -> None:
    """Quay's own answers, and whatever shows already; nobody looks at it again."""
    ended = await sent(world, failure)
    assert (ended.state, ended.look_at) == (state, None)
    assert await outcomes(world) == [(state.value, None)]


class Counting:
    """An effect that counts how often Quay was read back, and may die of it."""

    def __init__(self, effect: Effect, *, dies: bool = False) -> None:
        self.effect = effect
        self.dies = dies
        self.looks = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.effect, name)

    async def verify(self, *args: Any, **named: Any) -> Any:
        self.looks += 1
        if self.dies:
            raise Death
        return await self.effect.verify(*args, **named)


class Death(BaseException):
    """The process ends here."""


def looking_with(world: World, effect: Counting) -> Looks:
    """What another worker looks with, whose effect is this one."""
    tools = replace(world.execution.looks.tools, effects={"quota set": effect})
    return Looks(tools, Outcomes(tools))


async def test_of_many_workers_one_looks(world: World) -> None:
    """Each look is a step of the record."""
    await sent(world, Failure("504", method="PUT"))
    world.clock.forward(seconds=10)
    effect = Counting(world.effects["quota set"])
    await asyncio.gather(*(looking_with(world, effect).run() for _ in range(5)))
    assert effect.looks == 1


async def test_a_worker_that_dies_in_a_look_leaves_the_next_one_to_others(world: World) -> None:
    """Its look counts as made; there are two more."""
    ended = await sent(world, Failure("504", method="PUT", late_seconds=5))
    world.clock.forward(seconds=10)
    with pytest.raises(Death):
        await looking_with(world, Counting(world.effects["quota set"], dies=True)).run()
    assert await world.look_again() == []
    world.clock.forward(seconds=30)
    (done,) = await world.look_again()
    assert (done.id, done.state, done.looks) == (ended.id, State.DONE, 0)


async def test_a_record_that_a_version_before_has_moved_is_looked_at_no_more(world: World) -> None:
    """It knows neither the field nor the index, and drops the one while the other stays."""
    ended = await sent(world, Failure("504", method="PUT"))
    key = world.confirmations.keys.record(ended.id)
    value = ended.moved(look_at=None).model_dump(mode="json")
    await world.redis.set(key, world.confirmations.sealer.seal(key, value))
    world.clock.forward(seconds=10)
    assert await world.look_again() == []
    assert await world.confirmations.to_look_at(world.clock()) == []


async def test_a_waiting_key_is_not_offered_again_while_its_approval_may_still_land(world: World) -> None:
    """Two approvals of one key would be asked for; after the last look, it is offered again."""
    await world.key_requests.watch(ADMIN)
    kid = world.waiting_key()
    record_id = await world.confirmations.live_for(f"waiting key {kid}")
    await world.click("U0BOB", "key_approve", str(record_id))
    world.faults.failures.append(Failure("504", method="POST"))
    (ended,) = await world.work()
    assert ended.state is State.UNKNOWN
    await world.key_requests.watch(ADMIN)
    assert await world.confirmations.live_for(f"waiting key {kid}") is None
    assert (await world.conclude(ended)).state is State.FAILED
    await world.key_requests.watch(ADMIN)
    following = await world.confirmations.live_for(f"waiting key {kid}")
    assert following not in {None, record_id}


async def test_a_secret_whose_answer_was_lost_is_told_as_lost(world: World) -> None:
    """The user is there in the end; nobody knows the password."""
    answer = await world.type("U0ALICE", "users create abel --email abel@example.com")
    assert answer is None
    await world.agree()
    world.faults.failures.append(Failure("504", method="POST", late_seconds=5))
    (ended,) = await world.work()
    concluded = await world.conclude(ended)
    assert concluded.state is State.DONE
    assert "--reset-password" in concluded.note


async def test_the_report_counts_the_last_word(world: World) -> None:
    """An outcome that was corrected is one change, with its last outcome."""
    ended = await sent(world, Failure("504", method="PUT", late_seconds=5))
    await world.conclude(ended)
    history = ChangeHistory(START, START + timedelta(days=1))
    async for entry in world.audit.entries():
        history.add(entry)
    deeds = history.tell()
    assert (deeds.done, deeds.mishaps) == ({"quota set": 1}, [])
