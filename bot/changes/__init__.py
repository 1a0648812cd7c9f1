"""The one path of every change: propose → confirm or approve → claim → execute → verify → record → tell."""

from bot.changes.approvals import Changes
from bot.changes.authorization import Authorization, Denied, NotKnown
from bot.changes.executor import Executor
from bot.changes.freeze_notices import FreezeNotices
from bot.changes.key_requests import KeyRequests
from bot.changes.measurement import Measurement
from bot.changes.outbox import CardNotPosted, Outbox
from bot.changes.reminders import Reminders
from bot.changes.secret_delivery import SecretExpiry

__all__ = [
    "Authorization",
    "CardNotPosted",
    "Changes",
    "Denied",
    "Executor",
    "FreezeNotices",
    "KeyRequests",
    "Measurement",
    "NotKnown",
    "Outbox",
    "Reminders",
    "SecretExpiry",
]
