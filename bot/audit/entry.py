"""An entry of the record: what it says, and how it is bound to the one before it."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from bot.model.roots import Root
from bot.storage.sealing import Keys, Tampered, derive_keys

JSON: TypeAlias = "str | int | float | bool | Sequence[JSON] | Mapping[str, JSON] | None"

Event = Literal[
    "command_allowed",
    "command_denied",
    "denials_counted",
    "reads_counted",
    "change_proposed",
    "change_approved",
    "change_rejected",
    "change_cancelled",
    "change_expired",
    "change_stale",
    "change_intent",
    "change_outcome",
    "key_arrived",
    "key_noted",
    "secret_shown",
    "secret_withheld",
    "secret_expired",
    "policy_loaded",
    "policy_refused",
    "alerts_loaded",
    "alerts_refused",
    "alert_acknowledged",
    "alert_snoozed",
    "record_tampered",
    "changes_frozen",
    "changes_thawed",
    "segment_sealed",
    "segment_trimmed",
    "audit_verified",
    "audit_exported",
]

NO_SEAL = "does not carry our seal"
_SECRETS = ("password", "token", "secret", "private_key")

Head: TypeAlias = tuple[int, str]
"""The sequence and the hash of an entry, which together stand for everything up to it."""

BEGINNING: Head = (0, "0" * 64)
"""The head of a record without entries."""


@dataclass(frozen=True)
class Entry:
    """One entry as it was recorded."""

    sequence: int
    """Counts from 1."""
    at: datetime
    event: str
    actor: str | None
    """`TEAM/USER`, or None for the bot itself."""
    details: Mapping[str, JSON]
    previous: str
    """The hash of the entry before."""
    hash: str
    seal: str
    registry: str | None = None
    """Which registry the entry speaks of; None where there is one alone, and then its body doesn't name one."""

    @property
    def head(self) -> Head:
        """The entry as the head of the record up to it."""
        return self.sequence, self.hash


def audit_keys(root: Root) -> Keys:
    """The keys of the seals, derived from the deployment's secrets."""
    return derive_keys(root, "audit")


def following(
    before: Head,
    at: datetime,
    event: str,
    actor: str | None,
    details: Mapping[str, JSON],
    key: bytes,
    registry: str | None = None,
) -> tuple[Entry, bytes]:
    """The entry that follows a head, and its body. Raises ValueError or TypeError for what JSON lacks."""
    sequence, previous = before[0] + 1, before[1]
    at = at.astimezone(UTC)
    content = {
        "sequence": sequence,
        "at": at.isoformat(),
        "event": event,
        "actor": actor,
        "details": details,
        "previous": previous,
        **({} if registry is None else {"registry": registry}),
    }
    body = body_of(content)
    hash_ = hashlib.sha256(body).hexdigest()
    return Entry(sequence, at, event, actor, details, previous, hash_, seal_of(hash_, key), registry), body


def body_of(content: Mapping[str, Any]) -> bytes:
    """The one way in which an entry is written; its SHA-256 is the entry's hash. Raises ValueError or TypeError."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def seal_of(hash_: str, key: bytes) -> str:
    """What nobody can make who lacks the key."""
    return hmac.digest(key, hash_.encode(), "sha256").hex()


def read_entry(body: bytes, hash_: str, seal: str, keys: Keys | None) -> Entry:
    """Read an entry. Raises Tampered, saying what is wrong with it, before anything in it is believed.

    Without keys its seal is not looked at: its hash then is worth as much as the head that it leads to.
    """
    if hashlib.sha256(body).hexdigest() != hash_:
        raise Tampered("was changed after it was recorded")
    if keys is not None and not any(hmac.compare_digest(seal_of(hash_, key).encode(), seal.encode()) for key in keys):
        raise Tampered(NO_SEAL)
    try:
        content: dict[str, Any] = json.loads(body)
        return Entry(**(content | {"at": datetime.fromisoformat(content["at"])}), hash=hash_, seal=seal)
    except (ValueError, TypeError, KeyError):
        raise Tampered("is no entry") from None


def refuse_secrets(details: JSON) -> None:
    """A flag may be called `reset_password`; anything with content under such a name is refused with ValueError."""
    if isinstance(details, Mapping):
        for name, value in details.items():
            if name.casefold().endswith(_SECRETS) and not isinstance(value, bool | None):
                raise ValueError(f"{name} does not belong in the audit")
            refuse_secrets(value)
    elif isinstance(details, Sequence) and not isinstance(details, str):
        for value in details:
            refuse_secrets(value)
