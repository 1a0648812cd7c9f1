"""What the message of a quota alert says, as plain facts: what it takes to write the message anew at any time."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from math import ceil, floor

from bot.model.usage import Usage

FULL_SOON = 0
"""The level of a namespace that is below every percentage, and will be full soon if it goes on growing."""
CALM = timedelta(hours=24)
"""So long an acknowledgement outlives a recovery: a use that goes up and down is not told anew each time."""


@dataclass(frozen=True)
class Forecast:
    """In how many days a namespace is full if it goes on growing: with 95 % confidence between these two."""

    early: float
    late: float

    @property
    def days(self) -> tuple[int, int]:
        """The same in whole days, as it is said."""
        return floor(self.early), ceil(self.late)


@dataclass(frozen=True)
class Refusal:
    """A channel that should have had a message, and Slack's word for why it has not."""

    channel: str
    reason: str


@dataclass(frozen=True)
class Silence:
    """Somebody's wish not to hear of a namespace: until a time (a snooze), or, without one, an acknowledgement.

    `level` is the one that they saw, and `at_highest` whether it was the highest of its route then. A snooze is
    `broken` once the highest level was told in spite of it, which happens once.
    """

    user: str
    label: str
    at: datetime
    level: int
    until: datetime | None = None
    at_highest: bool = False
    broken: bool = False

    def covers(self, level: int, highest: int, now: datetime) -> bool:
        """Whether a level need not be told. A higher one is news again; while snoozed, the highest alone is, once."""
        if self.until is None:
            return level <= self.level
        return now < self.until and (self.broken or not level >= highest > self.level)

    def shows(self, level: int, now: datetime) -> bool:
        """Whether an alert at a level says so: an acknowledgement as far as it covers, a snooze as long as it lasts."""
        return level <= self.level if self.until is None else now < self.until

    def outlives(self, over_since: datetime, now: datetime) -> bool:
        """Whether it is kept although the alert is over since then."""
        return now < (self.until or over_since + CALM)


@dataclass(frozen=True)
class Alert:
    """A namespace whose use is worth a message. `id` is shared by those of which one message tells."""

    id: str
    reading: Usage
    level: int
    """A percentage of the limit, or FULL_SOON."""
    since: datetime
    forecast: Forecast | None = None
    silence: Silence | None = None
    refusal: Refusal | None = None
    """Where it should have been told, if it was not."""
    lower_limit: int | None = None
    """The limit in bytes at which it was an alert, if it is over by a higher one."""

    @property
    def namespace(self) -> str:
        """The namespace's name."""
        return self.reading.namespace


@dataclass(frozen=True)
class Counting:
    """Namespaces of whose use nothing certain is known, since Quay has not counted it yet, or, with quota management
    `off`, counts nothing.
    """

    names: tuple[str, ...]
    watched: int
    since: datetime
    off: bool = False


SNOOZES: dict[str, str] = {"1h": "For 1 hour", "morning": "Until 9:00 in the morning", "1w": "For 1 week"}
"""How long an alert can be snoozed, and how that is called."""


_MORNING = time(9)


def snoozed_until(length: str, now: datetime, zone: tzinfo) -> datetime:
    """When a snooze ends that begins now; the next 9:00 is that of `zone`. Raises KeyError."""
    local = now.astimezone(zone)
    day = local.date() if local.time() < _MORNING else local.date() + timedelta(days=1)
    return {
        "1h": now + timedelta(hours=1),
        "morning": datetime.combine(day, _MORNING, zone).astimezone(UTC),
        "1w": now + timedelta(weeks=1),
    }[length]
