"""What somebody put back: sealed by the bot and whole, but older than what the audit tells of it.

A seal proves who wrote a value, not that it is the last one. The audit cannot be put back with it unnoticed. So it
decides who sends: of all that a change has ever come to, its first intent must be the only thing.
"""

from bot.audit import Audit
from bot.confirmations import Record
from bot.storage.sealing import Tampered

PUT_BACK = "By the audit this change was over before. Somebody put an older record of it back."
UNFROZEN = "By the audit changes are frozen. Somebody took the freeze out, or put an older one back."
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
_SWITCHES = frozenset({"changes_frozen", "changes_thawed"})


async def contradiction(intended: Record, audit: Audit) -> str | None:
    """What the audit tells against sending a change whose intent was just recorded; None where it is nothing.

    Reads back to the proposal: 500 entries a round trip. Asked after the intent was recorded, so that of two workers
    with one put-back record at most one is told nothing. Raises Tampered where an entry is altered or missing.
    """
    told, switch = 0, ""
    async for entry in audit.unbroken():
        if told and not switch and entry.event in _SWITCHES:
            switch = entry.event
        if entry.details.get("change") != intended.id:
            continue
        if entry.event in _BEGUN:
            if told != 1:
                return PUT_BACK
            return UNFROZEN if switch == "changes_frozen" else None
        told += entry.event in _OVER
    raise Tampered("it does not tell who asked for this change")
