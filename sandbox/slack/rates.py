"""Slack's rate limits, enforced when switched on.

A tier is a number of calls per minute and method, over all channels. `chat.postMessage` allows about one call per
second and channel, with short bursts. https://docs.slack.dev/apis/web-api/rate-limits
"""

from collections import deque
from dataclasses import dataclass, field
from math import ceil


@dataclass(frozen=True)
class Rate:
    """At most `calls` within `seconds`, for all channels together or for each channel."""

    calls: int
    seconds: float = 60
    by_channel: bool = False


TIER_1, TIER_2, TIER_3, TIER_4 = Rate(1), Rate(20), Rate(50), Rate(100)
POSTING = Rate(5, 5, by_channel=True)
"""One message per second and channel, in bursts of up to five."""
HUNDREDS = Rate(300)
"""Slack's own words: hundreds of calls per minute."""


@dataclass
class RateLimits:
    """Counts recent calls. `per_minute` overrides the tier of a method."""

    on: bool = False
    per_minute: dict[str, int] = field(default_factory=dict)
    _calls: dict[tuple[str, str | None], deque[float]] = field(default_factory=dict)

    def wait(self, method: str, rate: Rate, channel: str | None, now: float) -> int | None:
        """Count a call. If it exceeds the limit, don't count it and return the whole seconds to wait, else None.

        Args:
            method: The method that is called.
            rate: What its tier allows.
            channel: The channel that the call is about.
            now: Seconds since the epoch, by the workspace's clock.
        """
        if not self.on:
            return None
        if method in self.per_minute:
            rate = Rate(self.per_minute[method])
        calls = self._calls.setdefault((method, channel if rate.by_channel else None), deque())
        while calls and calls[0] <= now - rate.seconds:
            calls.popleft()
        if len(calls) >= rate.calls:
            return max(1, ceil(calls[0] + rate.seconds - now))
        calls.append(now)
        return None
