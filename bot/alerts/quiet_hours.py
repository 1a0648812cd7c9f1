"""Hours of the day in which only the most urgent is said."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]\d|2[0-3]):([0-5]\d)")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class QuietHours:
    """From one time of day until another, over midnight where the second is the earlier one.

    They are read in a time zone. Where clocks change, a time that comes twice counts when it comes first, and one
    that is skipped counts as much later as the clocks jump, so the hours of one night are always one piece.
    """

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> "QuietHours":
        """Read `22:00-07:00`. Raises ValueError with a sentence for whoever wrote it."""
        match = _SPAN.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is no span of hours: write 22:00-07:00, say")
        start_hour, start_minute, end_hour, end_minute = map(int, match.groups())
        start, end = time(start_hour, start_minute), time(end_hour, end_minute)
        if start == end:
            raise ValueError(f"{text!r} begins and ends at the same time")
        return cls(start, end)

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def hold(self, now: datetime, zone: tzinfo) -> bool:
        """Whether it is quiet now."""
        return any(begin <= now < end for begin, end in self._around(now, zone))

    def last_end(self, now: datetime, zone: tzinfo) -> datetime:
        """The latest moment at or before `now` at which they ended, in UTC."""
        return max(end for _, end in self._around(now, zone) if end <= now)

    def next_end(self, now: datetime, zone: tzinfo) -> datetime:
        """The first moment after `now` at which they end, in UTC."""
        return min(end for _, end in self._around(now, zone) if end > now)

    def _around(self, now: datetime, zone: tzinfo) -> list[tuple[datetime, datetime]]:
        today = now.astimezone(zone).date()
        spans = []
        for day in (today - 2 * _DAY, today - _DAY, today, today + _DAY):
            last_day = day if self.start < self.end else day + _DAY
            begin = datetime.combine(day, self.start, zone).astimezone(UTC)
            spans.append((begin, datetime.combine(last_day, self.end, zone).astimezone(UTC)))
        return spans
