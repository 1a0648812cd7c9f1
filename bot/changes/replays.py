"""Records that somebody put back: sealed by the bot and whole, but older than what the audit tells of them.

A seal proves who wrote a record, not that it is the last one. The audit cannot be put back with it unnoticed. So it
decides who sends: of all that a change has ever come to, its first intent must be the only thing.
"""

from bot.audit import Audit
from bot.confirmations import Record
from bot.sealing import Tampered

_BEGUN = frozenset({"change_proposed", "key_arrived"})
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


async def is_first_intent(record: Record, audit: Audit) -> bool:
    """Whether the intent that was just recorded is all that the audit tells of a call, or of an end, of a change.

    Reads back to its proposal: 500 entries a round trip. Asked after the intent was recorded, so that of two workers
    with one put-back record at most one is told yes. Raises Tampered where an entry is altered or missing.
    """
    told = 0
    async for entry in audit.unbroken():
        if entry.details.get("change") != record.id:
            continue
        if entry.event in _BEGUN:
            return told == 1
        told += entry.event in _OVER
    raise Tampered("the audit does not tell who asked for it")
