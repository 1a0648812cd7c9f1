"""How often each method may be called: Slack's tiers, enforced where they are switched on.

Slack promises a tier's number of calls a minute for each method, over all channels together. `chat.postMessage` has
about one call a second for each channel, with short bursts. https://docs.slack.dev/apis/web-api/rate-limits
"""

from collections import deque
from dataclasses import dataclass, field
from math import ceil


@dataclass(frozen=True)
class Rate:
    """So many calls within so many seconds, over all channels together or for each."""

    calls: int
    seconds: float = 60
    by_channel: bool = False


TIER_1, TIER_2, TIER_3, TIER_4 = Rate(1), Rate(20), Rate(50), Rate(100)
POSTING = Rate(5, 5, by_channel=True)
"""One message a second and channel on average, five at once."""
HUNDREDS = Rate(300)
"""Slack: hundreds of calls a minute."""


@dataclass
class RateLimits:
    """What was called lately. `on` makes it matter; `per_minute` puts other numbers in the place of the tiers."""

    on: bool = False
    per_minute: dict[str, int] = field(default_factory=dict)
    _calls: dict[tuple[str, str | None], deque[float]] = field(default_factory=dict)

    def wait(self, method: str, rate: Rate, channel: str | None, now: float) -> int | None:
        """The whole seconds until the method may be called; None where it may be, and this call is counted.

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
