"""Comparing the host's clock with a server's."""

from datetime import datetime, timedelta

from bot.doctor.unchecked import Unchecked
from bot.model.checkup import Result, ok, warning

TOLERATED = timedelta(seconds=15)
"""The `Date` of an answer has whole seconds and is some time on its way."""


def compared(server: str, theirs: datetime | None, ours: datetime) -> Result:
    """Say how far apart two clocks are. Raises Unchecked where the server names no time."""
    if theirs is None:
        raise Unchecked(f"{server} didn't say what time it is.")
    apart = ours - theirs
    if abs(apart) <= TOLERATED:
        return ok(f"The host's clock agrees with {server}'s.")
    seconds, direction = round(abs(apart).total_seconds()), "ahead of" if apart > timedelta(0) else "behind"
    found = f"The host's clock is {seconds} s {direction} {server}'s."
    return warning(found, "Synchronize the clocks (NTP).")
