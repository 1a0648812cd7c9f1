"""What the guard turned away: a short line in the log now and then, and what is probably wrong if nothing gets in."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import structlog
from redis.exceptions import RedisError

from bot.storage.doubts import Doubt, Suspect

LOG_EVERY = timedelta(seconds=10)
"""How often a line about refusals is logged at most, however many there are: anybody can cause them."""

Reason = Literal["unsigned", "malformed", "old", "forged", "too long", "too slow", "too many"]
_SUSPECTS: dict[Reason, Suspect] = {"forged": "secret", "old": "clock"}

log = structlog.get_logger()


@dataclass
class Refusals:
    """Counts what one process refused. `publish` shows a doubt to the other processes, and None that it is gone."""

    now: Callable[[], datetime]
    publish: Callable[[Doubt | None], Awaitable[None]]
    _accepted: bool = False
    _published: bool = False
    """Whether a doubt of this process is shown."""
    _since: datetime | None = None
    _refused: Counter[Reason] = field(default_factory=Counter)
    _unlogged: Counter[Reason] = field(default_factory=Counter)
    _logged_at: datetime | None = None
    _publishing: "set[asyncio.Task[None]]" = field(default_factory=set)

    def accept(self) -> None:
        """Note that a delivery was signed as it should be, which ends the doubts of this process."""
        self._accepted = True
        if self._published:
            self._published = False
            self._publish(None)

    def refuse(self, reason: Reason) -> None:
        """Count a delivery that was turned away."""
        now = self.now()
        self._since = self._since or now
        self._refused[reason] += 1
        self._unlogged[reason] += 1
        if self._logged_at is not None and timedelta(0) <= now - self._logged_at < LOG_EVERY:
            return
        self._logged_at = now
        doubt = self.doubt()
        log.warning("deliveries_refused", **self._counted(), **({"probably": doubt.sentence} if doubt else {}))
        self._unlogged.clear()
        if doubt:
            self._published = True
            self._publish(doubt)

    def doubt(self) -> Doubt | None:
        """What is probably wrong where deliveries are refused and none was ever accepted."""
        suspects = {suspect: self._refused[reason] for reason, suspect in _SUSPECTS.items()}
        suspect = max(suspects, key=suspects.__getitem__)
        if self._accepted or self._since is None or not suspects[suspect]:
            return None
        return Doubt(suspect=suspect, refused=suspects[suspect], since=self._since)

    async def settle(self) -> None:
        """Wait for what is being published."""
        await asyncio.gather(*self._publishing)

    def _counted(self) -> dict[str, int]:
        return {reason.replace(" ", "_"): number for reason, number in self._unlogged.items()}

    def _publish(self, doubt: Doubt | None) -> None:
        """Publish beside the answer, which waits for nothing."""
        task = asyncio.ensure_future(self._send(doubt))
        self._publishing.add(task)
        task.add_done_callback(self._publishing.discard)

    async def _send(self, doubt: Doubt | None) -> None:
        try:
            await self.publish(doubt)
        except RedisError as error:
            log.warning("doubt_not_published", kind=type(error).__name__)
