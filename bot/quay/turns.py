"""Quay's few slots, shared fairly: whose turn it is when more is asked than may be under way.

Changes go before what people read, and that before what the bot does in the background; within each, everyone on whose
behalf Quay is asked has one call in turn. So that nothing waits for ever, every eighth turn goes to whatever has waited
longest; and so that an approval never waits for slow lists, the last slots are kept free for what goes first.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntEnum

from bot.quay.errors import Busy

SLOTS = 4
"""Each call costs Quay about 0.17 s of CPU, long lists much more: four of those at once killed a worker."""
MOST_EACH = 20
"""So many calls of one person may be running or waiting; the background bounds itself."""
MOST_WAITING = 200
"""So many calls of all may be waiting."""
PATIENCE = 60.0
"""Seconds; a call whose turn has not come by then is not sent."""
OLDEST_EVERY = 8


class Rank(IntEnum):
    """What goes first."""

    CHANGE = 0
    READ = 1
    BACKGROUND = 2


@dataclass(frozen=True)
class Caller:
    """On whose behalf Quay is asked: a person, or a part of the bot."""

    name: str
    rank: Rank


_BACKGROUND = Caller("background", Rank.BACKGROUND)
_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


@contextmanager
def on_behalf_of(name: str, rank: Rank) -> Iterator[None]:
    """Name on whose behalf Quay is asked within, by this task and those that it starts; unnamed is the background."""
    token = _caller.set(Caller(name, rank))
    try:
        yield
    finally:
        _caller.reset(token)


@dataclass(frozen=True)
class Load:
    """How busy this process is with Quay, and its bounds."""

    running: int
    waiting: int
    slots: int = SLOTS
    most_waiting: int = MOST_WAITING
    most_each: int = MOST_EACH


@dataclass(eq=False)
class _Call:
    caller: Caller
    number: int
    since: float
    turn: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    running: bool = False


_Line = dict[str, deque[_Call]]
"""The waiting calls of one rank by the caller's name, the one whose turn is next first."""


class Turns:
    """Gives calls their turns. All bounds are those of one process."""

    def __init__(
        self,
        *,
        slots: int = SLOTS,
        most_each: int = MOST_EACH,
        most_waiting: int = MOST_WAITING,
        patience: float = PATIENCE,
    ) -> None:
        self._slots, self._most_each, self._most_waiting = slots, most_each, most_waiting
        self._patience = patience
        self._lines: dict[Rank, _Line] = {rank: {} for rank in Rank}
        self._running: Counter[Rank] = Counter()
        self._calls: dict[str, list[_Call]] = {}
        self._numbers = self._granted = 0

    @property
    def load(self) -> Load:
        """How busy it is now."""
        waiting = sum(map(self._waiting, Rank))
        return Load(self._running.total(), waiting, self._slots, self._most_waiting, self._most_each)

    def waited(self, name: str) -> float:
        """For how many seconds the oldest call on somebody's behalf has been running or waiting; 0 without any."""
        calls = self._calls.get(name)
        return asyncio.get_running_loop().time() - calls[0].since if calls else 0.0

    @asynccontextmanager
    async def turn(self, operation: str) -> AsyncIterator[None]:
        """Wait for the turn of a call and have it within. Raises Busy; then the call is not to be sent."""
        call = self._line_up(_caller.get() or _BACKGROUND, operation)
        try:
            try:
                async with asyncio.timeout(self._patience):
                    await call.turn
            except TimeoutError:
                raise Busy(
                    f"Quay is busy. The request waited {self._patience:.0f} seconds for its turn and wasn't sent. "
                    "Try again in a minute.",
                    operation=operation,
                ) from None
            yield
        finally:
            self._leave(call)

    def _line_up(self, caller: Caller, operation: str) -> _Call:
        if caller.rank is not Rank.BACKGROUND and len(self._calls.get(caller.name, ())) >= self._most_each:
            said = f"You have {self._most_each} requests running. Wait for them to finish."
            raise Busy(said, operation=operation)
        ranks = [Rank.CHANGE] if caller.rank is Rank.CHANGE else [Rank.READ, Rank.BACKGROUND]
        if sum(map(self._waiting, ranks)) >= self._most_waiting:
            said = f"{self._most_waiting} requests to Quay are already waiting. Try again in a minute."
            raise Busy(said, operation=operation)
        self._numbers += 1
        call = _Call(caller, self._numbers, asyncio.get_running_loop().time())
        self._lines[caller.rank].setdefault(caller.name, deque()).append(call)
        self._calls.setdefault(caller.name, []).append(call)
        self._grant()
        return call

    def _leave(self, call: _Call) -> None:
        name, line = call.caller.name, self._lines[call.caller.rank]
        if call.running:
            self._running[call.caller.rank] -= 1
        else:
            line[name].remove(call)
            if not line[name]:
                del line[name]
        self._calls[name].remove(call)
        if not self._calls[name]:
            del self._calls[name]
        self._grant()

    def _grant(self) -> None:
        """Give their turns to as many as there are slots for."""
        while calls := self._next():
            call = calls.popleft()
            name, line = call.caller.name, self._lines[call.caller.rank]
            del line[name]
            if calls:
                line[name] = calls
            call.running = True
            self._running[call.caller.rank] += 1
            self._granted += 1
            if not call.turn.done():
                call.turn.set_result(None)

    def _next(self) -> deque[_Call] | None:
        """The calls of whoever has the next turn, if there is a slot for them."""
        ranks = [rank for rank in Rank if self._lines[rank] and self._has_slot(rank)]
        if not ranks:
            return None
        if (self._granted + 1) % OLDEST_EVERY == 0:
            waiting = [calls for rank in ranks for calls in self._lines[rank].values()]
            return min(waiting, key=lambda calls: calls[0].number)
        return next(iter(self._lines[ranks[0]].values()))

    def _has_slot(self, rank: Rank) -> bool:
        """Whether there is a slot that no rank before this one has to itself; each has one more than the next."""
        return all(
            sum(self._running[each] for each in Rank if each >= held) < self._slots - held
            for held in Rank
            if held <= rank
        )

    def _waiting(self, rank: Rank) -> int:
        return sum(map(len, self._lines[rank].values()))
