"""When Slack wants to be left alone, and how much of its patience is left: remembered, never slept through.

Slack answers 429 with `Retry-After` (1 s to many minutes) for a method; chat.postMessage is limited for each channel.
Until then a call fails at once with `ratelimited`, so that nothing that has other work to do waits.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

EDITS_A_MINUTE = 50
"""chat.update, for all channels together (tier 3)."""
_BY_CHANNEL = frozenset({"chat.postMessage", "chat.postEphemeral"})
_MINUTE = timedelta(minutes=1)


@dataclass
class Limits:
    """What this process knows of Slack's rate limits."""

    clock: Callable[[], datetime]
    _until: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _edits: deque[datetime] = field(default_factory=deque)

    def note(self, method: str, channel: str, retry_after: timedelta) -> None:
        """Slack refused a call with 429."""
        now = self.clock()
        self._until = {key: until for key, until in self._until.items() if until > now}
        self._until[self._key(method, channel)] = now + retry_after

    def remaining(self, method: str, channel: str) -> timedelta:
        """For how long a call would still be refused; zero if it may be sent."""
        until = self._until.get(self._key(method, channel))
        return max(until - self.clock(), timedelta(0)) if until else timedelta(0)

    def take_edit(self, share: float) -> bool:
        """Take one of the edits of this minute; False if the share (0 to 1) of them is used up."""
        now = self.clock()
        while self._edits and now - self._edits[0] >= _MINUTE:
            self._edits.popleft()
        if len(self._edits) >= EDITS_A_MINUTE * share:
            return False
        self._edits.append(now)
        return True

    @staticmethod
    def _key(method: str, channel: str) -> tuple[str, str]:
        return method, channel if method in _BY_CHANNEL else ""
