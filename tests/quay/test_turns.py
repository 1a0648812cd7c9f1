"""Quay's slots are shared fairly, within bounds, and what goes first never waits for what does not."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quay.client import Quay
from bot.quay.errors import Busy
from bot.quay.turns import MOST_EACH, MOST_WAITING, OLDEST_EVERY, SLOTS, Rank, Turns, on_behalf_of

CHANGE, READ, BACKGROUND = Rank


@dataclass(eq=False)
class Call:
    """One call to a Quay that answers when the test says so."""

    name: str
    rank: Rank
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    running: bool = False
    task: "asyncio.Task[None] | None" = None


@dataclass
class Office:
    """Callers in front of the slots."""

    turns: Turns = field(default_factory=Turns)
    calls: list[Call] = field(default_factory=list)
    """Those that are running or waiting, in the order of their arrival."""
    order: list[Call] = field(default_factory=list)
    """Those that had their turn, in its order."""

    async def arrive(self, name: str, rank: Rank) -> Call:
        call = Call(name, rank)
        self.calls.append(call)
        call.task = asyncio.create_task(self._call(call))
        await settle()
        return call

    async def _call(self, call: Call) -> None:
        try:
            with on_behalf_of(call.name, call.rank):
                async with self.turns.turn("listAllUsers"):
                    call.running = True
                    self.order.append(call)
                    await call.answered.wait()
        finally:
            self.calls.remove(call)

    async def give_up(self, call: Call) -> None:
        assert call.task
        call.task.cancel()
        await settle()

    async def answer(self, call: Call) -> None:
        call.answered.set()
        await settle()

    async def answer_next(self) -> None:
        """Answer what has been running longest."""
        await self.answer(next(call for call in self.order if call in self.calls))

    def running(self, *ranks: Rank) -> int:
        return sum(call.running and call.rank in ranks for call in self.calls)

    async def aclose(self) -> None:
        for call in list(self.calls):
            await self.give_up(call)
        assert not self.calls
        assert (self.turns.load.running, self.turns.load.waiting) == (0, 0)


async def settle() -> None:
    """Let every task come as far as it can."""
    for _ in range(6):
        await asyncio.sleep(0)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = Office()
    yield office
    await office.aclose()


@dataclass
class Round:
    """What is owed while everyone has a turn in turn: to whom, by whoever would have a second one before."""

    owed: dict[tuple[Rank, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def note(self, turn: Call, waiting: list[Call], *, oldest: bool) -> None:
        """One call has its turn, while these wait. The turn of the oldest is out of order."""
        ahead = {call.name for call in waiting if call.rank == turn.rank} - {turn.name}
        if not oldest:
            assert not self.owed[turn.rank, turn.name] & ahead, "somebody was passed twice"
            assert not [call for call in waiting if call.rank < turn.rank], "something of a higher rank waits"
        self.owed[turn.rank, turn.name] = ahead

    def settle(self, had: list[Call], waiting: list[Call]) -> None:
        """Nothing is owed any more to who had a turn, nor to who waits no more: they come last when they come again."""
        there = {(call.rank, call.name) for call in waiting} - {(turn.rank, turn.name) for turn in had}
        for (rank, _), names in self.owed.items():
            names &= {name for of, name in there if of == rank}


ARRIVALS = st.tuples(st.sampled_from("abc"), st.sampled_from(list(Rank)))
ANSWERS, GIVEN_UP = st.integers(0, 9), st.integers(-9, -1)
CROWD = st.lists(ARRIVALS, min_size=15, max_size=30)
STEPS = st.lists(st.one_of(ARRIVALS, ANSWERS, ANSWERS, GIVEN_UP), min_size=15, max_size=40)


@given(CROWD, STEPS)
async def test_whatever_happens_the_slots_are_shared_fairly(
    crowd: list[tuple[str, Rank]], steps: list[tuple[str, Rank] | int]
) -> None:
    """Calls arrive; a number answers one that is running, a negative one gives up one that waits or is running."""
    office, turns = Office(Turns(most_each=1000)), Round()
    async with aclosing(office):
        await _go_through(office, turns, [*crowd, *steps])


async def _go_through(office: Office, turns: Round, steps: list[tuple[str, Rank] | int]) -> None:
    for step in steps:
        before = len(office.order)
        if isinstance(step, tuple):
            await office.arrive(*step)
        elif step < 0 and office.calls:
            await office.give_up(office.calls[step % len(office.calls)])
        elif running := [call for call in office.calls if call.running]:
            await office.answer(running[step % len(running)])
        _require_bounds(office)
        _require_no_idle_slot(office)
        waiting = [call for call in office.calls if not call.running]
        had = office.order[before:]
        for number, turn in enumerate(had, before + 1):
            turns.note(turn, waiting, oldest=number % OLDEST_EVERY == 0)
        turns.settle(had, waiting)


def _require_bounds(office: Office) -> None:
    assert office.running(*Rank) <= SLOTS
    assert office.running(READ, BACKGROUND) <= SLOTS - 1, "one slot is for changes alone"
    assert office.running(BACKGROUND) <= SLOTS - 2
    load = office.turns.load
    assert (load.running, load.running + load.waiting) == (office.running(*Rank), len(office.calls))


def _require_no_idle_slot(office: Office) -> None:
    """Whatever waits has its own rank's slots in use, or those of a rank before it."""
    for rank in {call.rank for call in office.calls if not call.running}:
        full = (office.running(*list(Rank)[held:]) == SLOTS - held for held in Rank if held <= rank)
        assert any(full)


@pytest.mark.parametrize("rank", [CHANGE, READ])
async def test_a_busy_person_holds_nobody_up(office: Office, rank: Rank) -> None:
    """However much they ask for, somebody else's call is the next but one."""
    for _ in range(MOST_EACH):
        await office.arrive("alice", rank)
    bob = await office.arrive("bob", rank)
    await office.answer_next()
    await office.answer_next()
    assert bob.running


async def test_everyone_has_a_turn_before_anyone_has_a_second(office: Office) -> None:
    """Round robin, in the order in which people came; only the eighth turn is that of the oldest call, b's second."""
    for name in "aaaaabbccd":
        await office.arrive(name, CHANGE)
    for _ in range(SLOTS + 2):
        await office.answer_next()
    assert "".join(call.name for call in office.order) == "aaaaabcbdc"


async def test_a_change_never_waits_for_reads(office: Office) -> None:
    """One slot is never theirs, however slow they are."""
    for number in range(10):
        await office.arrive(f"reader {number}", READ)
        await office.arrive("sweep", BACKGROUND)
    assert (await office.arrive("bob", CHANGE)).running
    second = await office.arrive("bob", CHANGE)
    assert not second.running
    await office.answer_next()
    assert second.running


async def test_nothing_waits_for_ever(office: Office) -> None:
    """Changes and reads without end leave every eighth turn to what has waited longest."""
    for _ in range(SLOTS):
        await office.arrive("changes", CHANGE)
    sweep = await office.arrive("sweep", BACKGROUND)
    for _ in range(2 * OLDEST_EVERY):
        await office.arrive("changes", CHANGE)
        await office.arrive("reader", READ)
        await office.answer_next()
        if sweep.running:
            break
    assert sweep.running
    assert len(office.order) <= 2 * OLDEST_EVERY


async def test_beyond_the_bound_a_person_is_refused_and_nobody_else(office: Office) -> None:
    """1,500 calls of one: twenty are taken, and what they are told is so."""
    taken = [await office.arrive("alice", READ) for _ in range(MOST_EACH)]
    for _ in range(1500 - MOST_EACH):
        refused = await office.arrive("alice", READ)
        assert refused.task
        with pytest.raises(Busy, match="You have 20 requests running") as caught:
            await refused.task
        assert not caught.value.may_have_happened
    assert office.calls == taken
    assert (await office.arrive("bob", READ)) in office.calls
    await office.answer_next()
    assert (await office.arrive("alice", READ)) in office.calls


async def test_so_much_may_wait_in_all(office: Office) -> None:
    """Reads beyond it are refused; changes have a bound of their own, which reads don't use up."""
    for number in range(MOST_WAITING + SLOTS - 1):
        await office.arrive(f"reader {number}", READ)
    assert office.turns.load.waiting == MOST_WAITING
    refused = await office.arrive("one more", READ)
    assert refused.task
    with pytest.raises(Busy, match="200 requests to Quay are already waiting"):
        await refused.task
    assert (await office.arrive("bob", CHANGE)).running
    assert (await office.arrive("bob", CHANGE)) in office.calls


async def test_a_call_whose_turn_does_not_come_is_not_sent() -> None:
    """It says how long it waited, and leaves nothing behind."""
    office = Office(Turns(patience=0.01))
    for _ in range(SLOTS):
        await office.arrive("alice", CHANGE)
    waiting = await office.arrive("bob", CHANGE)
    assert waiting.task
    with pytest.raises(Busy, match="wasn't sent"):
        await waiting.task
    assert (office.turns.load.running, office.turns.load.waiting) == (SLOTS, 0)
    await office.aclose()


async def test_the_client_sends_four_at_once_and_says_who_waits() -> None:
    """Reads and writes together; whoever asked can see that their call is under way."""
    under_way, most, go = 0, 0, asyncio.Event()

    async def answer(_: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await go.wait()
        under_way -= 1
        return httpx.Response(200, json={"size_bytes": 1})

    async def ask(quay: Quay, name: str) -> None:
        with on_behalf_of(name, CHANGE):
            await asyncio.gather(quay.get_registry_size(), quay.post_registry_size())

    transport: Any = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://quay") as http:
        quay = Quay(http, "token")
        asking = [asyncio.create_task(ask(quay, name)) for name in ("a", "b", "c")]
        await settle()
        await settle()
        assert under_way == 4
        assert min(quay.turns.waited(name) for name in ("a", "b", "c")) > 0 == quay.turns.waited("d")
        assert (quay.turns.load.running, quay.turns.load.waiting) == (4, 2)
        go.set()
        await asyncio.gather(*asking)
        assert quay.turns.waited("a") == 0
    assert most == 4
