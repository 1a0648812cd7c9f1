"""The one path of every change: propose → confirm or approve → claim → execute → verify → record → tell."""

from bot.changes.arrivals import Arrivals
from bot.changes.deciding import Changes
from bot.changes.executing import JOB_TIMEOUT, Executor
from bot.changes.freezing import Freezing
from bot.changes.gate import Denied, Gate, NotKnown
from bot.changes.measuring import Measuring
from bot.changes.reminding import Reminders
from bot.changes.secrets import Expiry
from bot.changes.telling import Telling

__all__ = [
    "JOB_TIMEOUT",
    "Arrivals",
    "Changes",
    "Denied",
    "Executor",
    "Expiry",
    "Freezing",
    "Gate",
    "Measuring",
    "NotKnown",
    "Reminders",
    "Telling",
]
