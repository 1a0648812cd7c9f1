"""Whatever people, workers, Quay and death do in whatever order: each change is sent once at most, and told truly."""

import asyncio
import os
from collections import Counter, defaultdict
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.confirmations import Record
from tests.support.mortals import NAMESPACE, Breakage, Death, Office, Street
from tests.support.world import World, text_of

GIB = 1024**3
PROCESSES = 2
MOST_CHANGES = 3
PROCESS = st.integers(0, PROCESSES - 1)
AGREEING = [(0, ("U0BOB", "change_approve")), (1, ("U0EVE", "change_approve"))]
BREAKAGES: list[tuple[str, Breakage]] = [
    ("GET", "refused"),
    ("write", "refused"),
    ("write", "no way there"),
    ("write", "500 before"),
    ("write", "500 after"),
    ("write", "lost before"),
    ("write", "lands late"),
    ("write", "lost after"),
]
PRESSES = st.sampled_from(
    [
        ("U0BOB", "change_approve"),
        ("U0EVE", "change_approve"),
        ("U0DAVE", "change_approve"),
        ("U0CAROL", "change_approve"),
        ("U0EVE", "change_reject"),
        ("U0DAVE", "change_reject"),
    ]
)


class ExactlyOnce(RuleBasedStateMachine):
    """Two processes, which serve clicks and work, over one real Redis; changes that two people have to approve."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.street = self.runner.run(Street.open(self.url, PROCESSES))
        self.limits = 80
        self.asked = 0
        self.records: dict[str, Record] = {}
        self.came_between: dict[str, int] = {}
        """How often something came in between, before a call of the change may have been sent."""

    def live(self, *acts: Coroutine[Any, Any, object]) -> None:
        """Let several acts happen at once, each until it ends or its process dies."""

        async def happen() -> None:
            ends = await asyncio.gather(*acts, return_exceptions=True)
            for process in self.street.processes:
                await process.outbox.settle()
            for end in ends:
                if isinstance(end, BaseException) and not isinstance(end, Death):
                    raise end

        self.street.office.lately = 0
        self.runner.run(happen())
        self.runner.run(self.street.bury())

    @initialize(process=PROCESS)
    def dave_asks(self, process: int) -> None:
        self.asked += 1
        self.limits += 1
        text = f"quota set {NAMESPACE} {self.limits}GiB"
        self.live(self.street.processes[process].type("U0DAVE", text, delivery=text))

    @rule(process=PROCESS)
    @precondition(lambda self: self.asked < MOST_CHANGES)
    def dave_asks_for_more_and_people_agree(self, process: int) -> None:
        known = set(self.records)
        self.dave_asks(process)
        self.runner.run(self.look())
        for record_id in set(self.records) - known:
            self.press(record_id, AGREEING)

    @rule(which=st.integers(0, 9))
    def enough_people_agree(self, which: int) -> None:
        self.press(self.one_of_them(which), AGREEING)

    @rule(which=st.integers(0, 9), presses=st.lists(st.tuples(PROCESS, PRESSES), min_size=1, max_size=5))
    def people_press_at_once(self, which: int, presses: list[tuple[int, tuple[str, str]]]) -> None:
        self.press(self.one_of_them(which), presses)

    def one_of_them(self, which: int) -> str:
        """A record; none where nothing was stored, since a process died."""
        return list(self.records)[which % len(self.records)] if self.records else "none"

    def press(self, record_id: str, presses: list[tuple[int, tuple[str, str]]]) -> None:
        self.live(*(self.street.processes[place].click(*press, record_id) for place, press in presses))

    @rule(busy=st.sets(PROCESS, min_size=1))
    def workers_come_by(self, busy: set[int]) -> None:
        self.live(*(come_by(self.street.processes[place]) for place in busy))

    @rule(process=PROCESS, steps=st.integers(0, 30))
    def a_worker_dies_at_a_step(self, process: int, steps: int) -> None:
        self.street.fates[process].left = steps
        self.workers_come_by({process})

    @rule(process=PROCESS, steps=st.integers(0, 30), seconds=st.sampled_from([70, 300]))
    def a_worker_is_held_up_while_another_comes_by(self, process: int, steps: int, seconds: int) -> None:
        self.hold_up(process, steps, seconds)

    def hold_up(self, process: int, steps: int, seconds: int) -> bool:
        """Whether the worker got as far as that."""
        held_up, other = self.street.processes[process], self.street.processes[process - 1]
        fate = self.street.fates[process]
        fate.held_up_at = steps

        async def meanwhile() -> None:
            await fate.held_up.wait()
            self.street.clock.forward(seconds=seconds)
            await self.street.let_lease_end(held_up)
            try:
                await come_by(other)
            finally:
                fate.go_on.set()

        async def until_it_ends() -> None:
            try:
                await come_by(held_up)
            finally:
                fate.held_up.set()

        self.live(until_it_ends(), meanwhile())
        far_enough, fate.held_up_at = fate.held_up_at is None, None
        fate.held_up, fate.go_on = asyncio.Event(), asyncio.Event()
        return far_enough

    @rule(process=PROCESS, which=st.integers(0, 9))
    def a_wake_comes_late(self, process: int, which: int) -> None:
        self.live(self.street.processes[process].executor.execute(self.one_of_them(which)))

    @rule(process=PROCESS, steps=st.integers(0, 30))
    def death_draws_near(self, process: int, steps: int) -> None:
        self.street.fates[process].left = steps

    @rule(breakage=st.sampled_from(BREAKAGES))
    def the_next_call_breaks(self, breakage: tuple[str, Breakage]) -> None:
        self.street.office.breaks.append(breakage)

    @rule(busy=st.sets(PROCESS), seconds=st.sampled_from([31, 300]))
    def time_passes_and_workers_come_by(self, busy: set[int], seconds: int) -> None:
        self.time_passes(seconds)
        self.workers_come_by(busy)

    @rule(what=st.sampled_from(["somebody else sets it", "much time passes"]))
    def life_goes_on(self, what: str) -> None:
        if what == "much time passes":
            self.time_passes(1900)
        else:
            self.limits += 1
            self.street.office.limit = self.limits * GIB
            self.street.office.troubles += 1

    def time_passes(self, seconds: int) -> None:
        self.street.clock.forward(seconds=seconds)
        self.street.office.let_late_calls_land()
        self.runner.run(forget_who_tells(self.street))

    @invariant()
    def each_was_sent_once_at_most_and_told_truly(self) -> None:
        self.runner.run(self.look())

    async def look(self) -> None:
        office = self.street.office
        said: dict[str, Counter[str]] = defaultdict(Counter)
        outcomes = {}
        for entry in await office.entries():
            assert entry["event"] != "record_tampered", "nobody but the bot wrote to Redis"
            if not entry["event"].startswith("change_"):
                continue
            said[entry["details"]["change"]][entry["event"]] += 1
            if entry["event"] == "change_outcome":
                outcomes[entry["details"]["change"]] = entry["details"]["outcome"]
        self.records = {id_: await self.street.office.reader.confirmations.get(id_) for id_ in said}
        for id_, record in self.records.items():
            events = said[id_]
            assert office.writes[id_] <= events["change_intent"] <= 1
            assert record.intended == (events["change_intent"] == 1)
            assert outcomes.get(id_) == (record.state if record.state in {"done", "failed", "unknown"} else None)
            assert not record.intended or {one.actor.user for one in record.approvals} == {"U0BOB", "U0EVE"}
            assert record.state != "done" or id_ in office.took
            assert record.state != "failed" or id_ not in office.took or id_ in self.lost(office)
            if not record.intended:
                assert not office.writes[id_]
                self.came_between[id_] = office.came_between(id_)
            elif record.state == "unknown" and record.look_at is None:
                assert office.came_between(id_) > self.came_between[id_], "Quay could have been asked"

    def lost(self, office: Office) -> set[str]:
        """Changes that were sent by a process that had been taken for dead, and that then died before it told of it."""
        return office.late if self.street.deaths else set()

    def teardown(self) -> None:
        """In the end everything is over, everywhere, and nothing looks as if it were not."""
        for fate in self.street.fates:
            fate.left = None
        self.street.office.breaks.clear()
        try:
            for _ in range(5):
                self.time_passes(1900)
                self.workers_come_by(set(range(PROCESSES)))
            self.each_was_sent_once_at_most_and_told_truly()
            self.runner.run(self.look_at_the_end())
        finally:
            self.runner.run(self.street.close())
            self.runner.close()

    async def look_at_the_end(self) -> None:
        world = self.street.office.reader
        assert not any(record.live for record in self.records.values())
        keys = world.confirmations.keys
        for index in (
            keys.waiting,
            keys.due,
            keys.running,
            keys.reminders,
            keys.undelivered,
            keys.target(f"quota {NAMESPACE}"),
        ):
            assert await world.redis.zcard(index) == 0, index
        known = {(card.channel, card.message_id) for record in self.records.values() for card in record.cards}
        live = {where for where, shown in self.street.slack.messages.items() if "change_approve" in text_of(shown)}
        assert not live & known
        assert len(live) <= self.street.deaths, "only a death between Slack and Redis loses a card"
        assert (await world.audit.verify()).problems == ()


async def come_by(world: World) -> None:
    """What a worker's jobs do, beginning with its heartbeat."""
    await world.beat()
    await world.recover()
    await world.changes.expire_due()
    await world.work()
    await world.look_again()
    await world.outbox.deliver_due()
    await world.reminders.run()


async def forget_who_tells(street: Street) -> None:
    """Let the half minute pass that one process has for telling people (a key's expiry in Redis)."""
    redis = street.office.reader.redis
    for key in [*await redis.keys("*:delivering"), *await redis.keys("*:reminding")]:
        await redis.delete(key)


def test_a_process_may_die_at_any_step_of_the_road(redis_url: str) -> None:
    """One process does all of it, from the command to the outcome, and dies one step later each time.

    Whatever was stored by then is finished by the other: sent once, or not at all and so said.
    """

    class OverOneRedis(ExactlyOnce):
        url = redis_url

    ends: Counter[str] = Counter()
    for steps in range(1000):
        road = OverOneRedis()
        road.street.fates[0].left = steps
        try:
            road.dave_asks(0)
            road.runner.run(road.look())
            for record_id in road.records:
                road.press(record_id, [(0, ("U0BOB", "change_approve"))])
                road.press(record_id, [(0, ("U0EVE", "change_approve"))])
            road.workers_come_by({0})
            survived = not road.street.deaths
            road.runner.run(road.look())
        finally:
            road.teardown()
        (ended,) = road.records.values() or (None,)
        ends[ended.state if ended else "never stored"] += 1
        assert not road.street.office.troubles
        assert ended is None or ended.state != "unknown"
        assert ended is None or len(ended.approvals) < 2 or ended.state in {"done", "failed"}, "somebody takes it over"
        if survived:
            break
    assert ended is not None
    assert ended.state == "done"
    assert ends["done"] > 20
    assert ends["failed"] > 0, "died between the intent and the call"


@pytest.mark.parametrize("seconds", [70, 300])
def test_a_worker_may_be_held_up_at_any_step(redis_url: str, seconds: int) -> None:
    """For so long that it is not to send any more, or that another takes over: done where it was sent, else failed."""

    class OverOneRedis(ExactlyOnce):
        url = redis_url

    ends: Counter[str] = Counter()
    far_enough = True
    for steps in range(1000):
        road = OverOneRedis()
        try:
            road.dave_asks(1)
            road.runner.run(road.look())
            (record_id,) = road.records
            road.press(record_id, AGREEING)
            far_enough = road.hold_up(0, steps, seconds)
            road.runner.run(road.look())
        finally:
            road.teardown()
        ended = road.records[record_id]
        assert ended.state == ("done" if record_id in road.street.office.took else "failed")
        ends[ended.state] += 1
        if not far_enough:
            break
    assert ends["done"] > ends["failed"] > 0


def test_each_change_is_sent_once_at_most_and_its_record_is_true(redis_url: str) -> None:
    """With concurrent clicks, expiry, calls that break, somebody else's changes, and deaths at every step.

    An intent stands in the audit before each call. *Done* means that Quay took it, *failed* that it did not;
    *unknown* is said for good only where asking Quay could not tell.
    """

    class OverOneRedis(ExactlyOnce):
        url = redis_url

    run_state_machine_as_test(
        OverOneRedis,
        settings=settings(
            max_examples=int(os.environ.get("EXAMPLES", "30")),
            stateful_step_count=25,
            deadline=None,
            derandomize="CI" in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
