"""The service key that somebody names by its id or the first characters of it, and what became of one that is gone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bot.audit import Audit, Entry
from bot.confirmations import Confirmations, Missing, Record
from bot.model.plans import Refusal
from bot.quay.client import Quay
from bot.quay.errors import NotFound, QuayError
from bot.quay.models import ServiceKey
from bot.storage.sealing import Tampered

WHOLE_KID = 43
"""Ids that Quay makes have 43 characters (a base64url SHA-256), others that services choose often 64 (hexadecimal)."""
SHORTEST_PREFIX = 6
"""Fewer characters name a key only if they are its whole id, which its service may have chosen so short."""
LOOKED_THROUGH = 1000
"""So many of the latest audit entries may tell of a key that is gone: two round trips to Redis."""

log = structlog.get_logger()


class NoSuchKey(Exception):
    """No key in Quay has this id, or begins so."""


@dataclass(frozen=True)
class Found:
    """A key that was named, and all keys, where they were fetched on the way."""

    key: ServiceKey
    keys: Sequence[ServiceKey] | None = None


@dataclass(frozen=True)
class KeyFinder:
    """Finds keys in Quay, and in the bot's own memory."""

    quay: Quay
    confirmations: Confirmations
    audit: Audit

    async def find(self, typed: str, *, among_all: bool) -> Found:
        """Find the key that begins so; with `among_all` all keys are asked for at the same time, as far as they come.

        Raises NoSuchKey, Refusal where several begin so, or QuayError.
        """
        keys: Sequence[ServiceKey] | None = None
        if len(typed) >= WHOLE_KID:
            key, keys = await asyncio.gather(self._whole(typed), self._all(wanted=among_all))
            if key is not None:
                return Found(key, keys)
        if keys is None:
            keys = (await self.quay.list_service_keys()).items
        return Found(_only(typed, keys), keys)

    async def last_known(self, typed: str) -> Record | None:
        """What the bot last had to do with a key that begins so: its deletion rather than anything else."""
        latest: str | None = None
        try:
            async for entry in self.audit.entries(count=LOOKED_THROUGH):
                if not _is_named(_kid_of(entry), typed):
                    continue
                change = str(entry.details["change"])
                if (entry.event, entry.details.get("operation")) == ("change_intent", "deleteServiceKey"):
                    return await self.confirmations.get(change)
                latest = latest or change
            return await self.confirmations.get(latest) if latest else None
        except (Missing, Tampered) as error:
            log.warning("key_not_remembered", reason=type(error).__name__)
            return None

    async def _whole(self, kid: str) -> ServiceKey | None:
        try:
            return await self.quay.get_service_key(kid)
        except NotFound:
            log.info("key_not_found_whole", length=len(kid))
            return None

    async def _all(self, *, wanted: bool) -> Sequence[ServiceKey] | None:
        try:
            return (await self.quay.list_service_keys()).items if wanted else None
        except QuayError as error:
            log.warning("other_keys_not_read", said=error.message)
            return None


def _only(typed: str, keys: Sequence[ServiceKey]) -> ServiceKey:
    found = [key for key in keys if _is_named(key.kid, typed)]
    exact = [key for key in found if key.kid == typed]
    if len(found) == 1 or exact:
        return (exact or found)[0]
    if not found:
        raise NoSuchKey(typed)
    listed = ", ".join(f"{key.kid[: len(typed) + 6]}… ({key.service})" for key in found[:5])
    raise Refusal(f"{len(found)} service keys begin with {typed!r}: {listed}. Give more of the id.")


def no_such_key(typed: str) -> str:
    """What to say when neither Quay nor the bot's memory has the key."""
    if len(typed) < SHORTEST_PREFIX:
        return (
            f"No service key has the ID {typed!r}. Use the whole ID or its first {SHORTEST_PREFIX} characters or more."
        )
    return f"No service key in Quay starts with {typed!r}, and the bot doesn't remember one that did."


def _is_named(kid: str, typed: str) -> bool:
    return kid == typed or (len(typed) >= SHORTEST_PREFIX and kid.startswith(typed))


def _kid_of(entry: Entry) -> str:
    """The key of a change that an entry tells of; nothing where it tells of none."""
    arguments = entry.details.get("arguments")
    return str(arguments.get("kid", "")) if isinstance(arguments, dict) and "change" in entry.details else ""
