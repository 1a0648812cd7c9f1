"""Records that somebody put back: sealed by the bot and whole, but older than what the audit tells of them.

A seal proves who wrote a record, not that it is the last one. The audit cannot be put back with it unnoticed, so
before a call is sent it is asked whether the change is over already.
"""

import sys
from datetime import timedelta

from bot.audit import Audit
from bot.confirmations import Confirmations, Missing, Record, State
from bot.sealing import Tampered

CLOCKS_APART = timedelta(minutes=10)
"""So far the clocks of two processes may differ."""
_OVER = frozenset(
    {
        "change_intent",
        "change_outcome",
        "change_cancelled",
        "change_rejected",
        "change_expired",
        "change_stale",
    }
)


async def was_put_back(claimed: Record, confirmations: Confirmations) -> bool:
    """Whether the audit tells of an end, or of a call, that the stored record of a claimed change does not know of.

    Reads what was recorded since the change was proposed. Raises Tampered where an entry is not as it was recorded.
    """
    return await _is_over(claimed, confirmations.audit) and await _still_stands(claimed, confirmations)


async def _is_over(record: Record, audit: Audit) -> bool:
    async for entry in audit.entries(since=record.created_at - CLOCKS_APART, count=sys.maxsize):
        if entry.event in _OVER and entry.details.get("change") == record.id:
            return True
    return False


async def _still_stands(claimed: Record, confirmations: Confirmations) -> bool:
    """Whether the claim is stored as it was made; else a worker took it over, and noted that as it should."""
    try:
        stored = await confirmations.get(claimed.id)
    except (Missing, Tampered):
        return True
    return stored.state is State.EXECUTING and not stored.intended and stored.claimed_at == claimed.claimed_at
