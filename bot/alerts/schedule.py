"""When something is due, and who of several workers does it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from croniter import croniter
from redis.asyncio import Redis

from bot.model.units import parse_duration

SHORTEST_INTERVAL = timedelta(seconds=10)
CLAIMS_KEY = "quaymaster:alerts:claims"
APPOINTMENTS_KEY = "quaymaster:alerts:appointments"
TAKEN_FOR = timedelta(minutes=10)
"""So long one worker has for what is to be done at a moment, before another may take it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANDOM_FIELD = re.compile(r"(?<![a-z])[hr](?![a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Schedule:
    """A rhythm: a fixed interval (counted from 1970, so that all workers agree) or a cron expression.

    Around a change of clocks, a cron moment that is skipped falls on the first minute after the gap, and one
    that would come twice comes once, unless its hour is `*`: then it keeps to real time.
    """

    text: str
    interval: timedelta | None

    @classmethod
    def parse(cls, text: str) -> "Schedule":
        """Read `15m`, `1h`, `90s`, or a cron expression of five fields.

        Raises ValueError with a sentence for whoever wrote it.
        """
        fields = text.split()
        if len(fields) != 5:
            return cls(text, _interval(text))
        if _RANDOM_FIELD.search(text):
            raise ValueError(f"{text!r} has a random part; its moments must be fixed")
        try:
            croniter(text, _EPOCH).get_next(datetime)
        except ValueError as error:
            raise ValueError(f"{text!r} is not a cron expression: {error}") from None
        return cls(text, None)

    def __str__(self) -> str:
        return self.text

    def slot(self, now: datetime, zone: tzinfo) -> datetime:
        """The latest moment at or before `now` at which it was due, in UTC; cron is read in `zone`."""
        if self.interval:
            return now.astimezone(UTC) - (now - _EPOCH) % self.interval
        start = now.replace(microsecond=0) + timedelta(seconds=1)
        return self._first(croniter(self.text, start.astimezone(zone)).all_prev(datetime), zone)

    def next_after(self, now: datetime, zone: tzinfo) -> datetime:
        """The first moment after `now` at which it is due, in UTC."""
        if self.interval:
            return self.slot(now, zone) + self.interval
        return self._first(croniter(self.text, now.astimezone(zone)).all_next(datetime), zone)

    def _first(self, moments: Iterator[datetime], zone: tzinfo) -> datetime:
        in_utc = (moment.astimezone(UTC).replace(fold=0) for moment in moments)  # croniter sets it without meaning it
        if self.text.split()[1] == "*":
            return next(in_utc)
        return next(moment for moment in in_utc if not moment.astimezone(zone).fold)


def _interval(text: str) -> timedelta:
    try:
        interval = parse_duration(text)
    except ValueError:
        raise ValueError(f"{text!r} is no schedule: write 15m, or cron such as */15 * * * *") from None
    if interval < SHORTEST_INTERVAL:
        raise ValueError(f"{text!r} is too often: {SHORTEST_INTERVAL.seconds}s is the shortest")
    return interval


EVERY_MINUTE = Schedule.parse("1m")
"""How often Quay is asked for keys where no file says otherwise."""
EVERY_MORNING = Schedule.parse("0 8 * * *")
"""When the head of the audit is published."""


class Claims:
    """Which moment of a schedule was taken last; kept in Redis, so that of many workers one takes each.

    Of the moments missed while nobody ran only the latest is ever taken: what lies before it is past.
    """

    def __init__(self, redis: Redis) -> None:
        self._take = redis.register_script(_TAKE_IF_LATER)

    async def claim(self, name: str, slot: datetime) -> bool:
        """Take a moment of the schedule of that name.

        True for exactly one caller, and never for a moment that is not later than the last one taken.
        """
        return bool(await self._take(keys=[CLAIMS_KEY], args=[name, int(slot.timestamp())]))


_TAKE_IF_LATER = """
local last = redis.call('HGET', KEYS[1], ARGV[1])
if last and tonumber(last) >= tonumber(ARGV[2]) then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
"""


class ScheduledRuns:
    """Moments of a schedule that are to be kept, however late: what fails, or dies with its worker, is taken anew.

    A schedule that is seen for the first time begins with its next moment, or `at_once`. Of the moments missed while
    nobody ran only the latest is kept.
    """

    def __init__(self, redis: Redis, *, at_once: bool = False) -> None:
        self._redis = redis
        self._at_once = at_once
        self._take = redis.register_script(_TAKE_UNLESS_KEPT)
        self._keep = redis.register_script(_KEEP)

    async def take(self, name: str, moment: datetime, now: datetime) -> bool:
        """Take what is to be done at a moment of the schedule of that name; True for one caller in TAKEN_FOR."""
        until = now + TAKEN_FOR
        begins = int(self._at_once)
        arguments: list[str | float] = [name, int(moment.timestamp()), now.timestamp(), until.timestamp(), begins]
        return bool(await self._take(keys=[APPOINTMENTS_KEY], args=arguments))

    async def is_kept(self, name: str, moment: datetime) -> bool:
        """Whether nothing is left to be done at a moment; so it is of a schedule that nobody has seen yet."""
        kept = await self._redis.hget(APPOINTMENTS_KEY, name)  # type: ignore[misc]  # typed for both clients
        return kept is None or int(kept) >= int(moment.timestamp())

    async def keep(self, name: str, moment: datetime) -> None:
        """It is done: nobody takes this moment again."""
        await self._keep(keys=[APPOINTMENTS_KEY], args=[name, int(moment.timestamp())])


_TAKE_UNLESS_KEPT = """
local name, moment = ARGV[1], tonumber(ARGV[2])
local kept = redis.call('HGET', KEYS[1], name)
if not kept and ARGV[5] == '0' then
  redis.call('HSET', KEYS[1], name, ARGV[2])
  return 0
end
if kept and tonumber(kept) >= moment then return 0 end
local taken, till = unpack(redis.call('HMGET', KEYS[1], name .. ':taken', name .. ':until'))
if taken and tonumber(taken) >= moment and tonumber(till) > tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], name .. ':taken', ARGV[2], name .. ':until', ARGV[4])
return 1
"""

_KEEP = """
local kept = redis.call('HGET', KEYS[1], ARGV[1])
if not kept or tonumber(kept) < tonumber(ARGV[2]) then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
"""
