"""The one path of every change: propose → confirm or approve → claim → execute → verify → record → tell."""

from bot.changes.approvals import Changes
from bot.changes.authorization import Denied, Gate, NotKnown
from bot.changes.executor import JOB_TIMEOUT, Executor
from bot.changes.freeze_notices import Freezing
from bot.changes.key_requests import Arrivals
from bot.changes.measurement import Measuring
from bot.changes.outbox import Telling
from bot.changes.reminders import Reminders
from bot.changes.secret_delivery import Expiry

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
