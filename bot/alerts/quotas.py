"""Whether the use of a namespace is worth a message: one pure judgement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.alerts.memory import is_claimed
from bot.messages import MessageId
from bot.readings import Ending, Reading

HYSTERESIS = 2
"""Percentage points that the use must be below a level before the level counts as left."""


@dataclass(frozen=True)
class Standing:
    """What is remembered of a namespace with an active alert.

    `level` is the one its channel was told last, in message `message_id`; both None while the first is being
    posted. `since` is when the alert began. `claimed_at` is set while a worker is about to say something.
    `digest_of` is the number of namespaces that share the message, 0 when it is this namespace's own.
    """

    level: int | None
    channel: str
    message_id: MessageId | None
    since: datetime
    claimed_at: datetime | None = None
    digest_of: int = 0


@dataclass(frozen=True)
class Silent:
    """There is no alert, or nothing can be said: the figures are not complete."""


@dataclass(frozen=True)
class Keep:
    """There is an alert and it stays as it is, or another worker is busy with it."""


@dataclass(frozen=True)
class Rise:
    """A level was reached that its channel does not know of: a new message."""

    level: int


@dataclass(frozen=True)
class Fall:
    """The level told last was left for a lower one: its message is edited."""

    level: int


@dataclass(frozen=True)
class Recover:
    """The alert is over: its message is edited for the last time, and the next rise is a new one."""

    ending: Ending


Verdict = Silent | Keep | Rise | Fall | Recover


def judge(reading: Reading, standing: Standing | None, levels: Sequence[int], now: datetime) -> Verdict:
    """What to say about a reading, given what was said before. `levels` ascend and are percentages."""
    if not reading.complete:
        return Silent()
    if standing and is_claimed(standing, now):
        return Keep()
    if not reading.limit:
        return Recover("no limit") if standing else Silent()
    return _judge_level(reading, standing, levels)


def _judge_level(reading: Reading, standing: Standing | None, levels: Sequence[int]) -> Verdict:
    told = standing.level if standing and standing.level is not None else 0
    reached = max((level for level in levels if reading.reaches(level)), default=0)
    if reached > told:
        return Rise(reached)
    if standing is None:
        return Silent()
    held = max((level for level in levels if level <= told and _holds(reading, level)), default=0)
    if held == 0:
        return Recover("recovered")
    return Keep() if held == told else Fall(held)


def _holds(reading: Reading, level: int) -> bool:
    return reading.reaches(max(level - HYSTERESIS, 1))
