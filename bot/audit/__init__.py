"""The append-only, hash-chained record of what was asked for, decided and done.

Each entry of the Redis stream carries the hash of the one before it and a seal (an HMAC with a key that is not in
Redis), so whoever can write to Redis can destroy the record but not rewrite it unnoticed. What a chain cannot show
by itself is that its end was cut off: for that, the head (sequence and hash) is published daily, and given to
`Audit.verify`. Old months may be trimmed once their last head is sealed (`segments`).
"""

from bot.audit.chain import AuditVerification
from bot.audit.entry import BEGINNING, JSON, Entry, Event, Head, audit_keys
from bot.audit.store import Audit, Contended, Published
from bot.audit.stream import APPEND, HEAD, PAGE, STREAM

__all__ = [
    "APPEND",
    "BEGINNING",
    "HEAD",
    "JSON",
    "PAGE",
    "STREAM",
    "Audit",
    "AuditVerification",
    "Contended",
    "Entry",
    "Event",
    "Head",
    "Published",
    "audit_keys",
]
