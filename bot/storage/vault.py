"""Secrets for one person: encrypted in Redis for a while, offered to them, shown once, then gone.

The clear text exists in the worker that made it and in the modal that shows it, nowhere else. The key of the
encryption is derived from the deployment's secret and is not in Redis. What a secret was and what became of it
outlives it, so that a late click is answered truly.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.permissions.people import Actor
from bot.storage.sealing import Keys

INDEX = "quaymaster:secrets"
"""Ids of secrets that nobody has seen, by the time at which they are destroyed."""
UNOFFERED = "quaymaster:secrets:unoffered"
"""Ids of secrets of which their owners have not been told."""
SHOWING = timedelta(minutes=2)
"""So long a secret that was taken out is still there, in case its owner never got to see it."""
REMEMBERED = timedelta(days=30)
"""So long it is known of a secret that there was one."""
CLAIM_SECONDS = 30
"""So long one process has for telling somebody of their secret before another may."""

_REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if ARGV[5] == 'forget' then redis.call('ZREM', KEYS[2], ARGV[4])
elseif ARGV[5] ~= '' then redis.call('ZADD', KEYS[2], ARGV[5], ARGV[4]) end
return 1
"""

Fate = Literal["waits", "showing", "seen", "expired", "lapsed"]
"""Of a secret that `lapsed` nobody knows whether it was seen: it was taken out, and then nothing was heard of it."""


@dataclass(frozen=True)
class StoredSecret:
    """What is known of a secret, without the secret."""

    id: str
    """The id of the change that brought it forth."""
    owner: Actor
    channel: str
    label: str
    """What it is: `the password of kim`."""
    way_out: str
    """What to do when it was never seen: `users update kim --reset-password`."""
    expires_at: datetime
    fate: Fate = "waits"
    shown_until: datetime | None = None
    """When a secret that is being shown is destroyed."""

    @property
    def waits(self) -> bool:
        """Whether its owner can still see it, until `ends_at`."""
        return self.fate in {"waits", "showing"}

    @property
    def ends_at(self) -> datetime:
        """When it is destroyed if nothing is heard of it."""
        return self.shown_until or self.expires_at


class SecretGone(Exception):
    """The secret is not there any more; `kept` says what became of it, None where nothing is known."""

    def __init__(self, kept: StoredSecret | None) -> None:
        super().__init__(kept.fate if kept else "unknown")
        self.kept = kept


class SecretOfAnother(Exception):
    """The secret is for somebody else."""


@dataclass(frozen=True)
class Vault:
    """The secrets in Redis. `lifetime` counts from the moment at which the change was done."""

    redis: Redis
    keys: Keys
    lifetime: timedelta
    clock: Callable[[], datetime]

    async def keep(
        self, id_: str, owner: Actor, channel: str, label: str, way_out: str, secret: SecretStr
    ) -> StoredSecret:
        """Keep a secret for its owner. `id_` is the id of the change that made it."""
        kept = StoredSecret(id_, owner, channel, label, way_out, self.clock() + self.lifetime)
        async with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.set(_key(id_), self._sealed(kept, secret), px=self._remembered)
            pipeline.zadd(INDEX, {id_: kept.ends_at.timestamp()})
            pipeline.zadd(UNOFFERED, {id_: kept.ends_at.timestamp()})
            await pipeline.execute()
        return kept

    async def reveal(self, id_: str, actor: Actor) -> tuple[StoredSecret, SecretStr]:
        """Take a secret out for its owner, to be shown. Raises NotKept or NotYours.

        Whoever showed it says so with `seen`, and it is gone; whoever could not, with `put_back`. Until then its owner
        may take it out again for as long as SHOWING, since an answer of Redis or of Slack may get lost: so two clicks
        at the same moment may both show it, to the same person.
        """
        while True:
            stored: bytes = await self.redis.get(_key(id_)) or b""
            kept, secret = self._open(id_, stored)
            if kept is None:
                raise SecretGone(None)
            if kept.owner != actor:
                raise SecretOfAnother(id_)
            if not kept.waits or secret is None:
                raise SecretGone(kept)
            if self.clock() >= kept.ends_at:
                raise SecretGone(_over(kept))
            if kept.fate == "showing":
                return kept, secret
            showing = replace(kept, fate="showing", shown_until=self.clock() + SHOWING)
            if await self._replace(stored, showing, secret):
                return showing, secret

    async def seen(self, kept: StoredSecret) -> None:
        """Destroy a secret: its owner has it."""
        await self._move(kept.id, replace(kept, fate="seen", shown_until=None), keeps=False)

    async def put_back(self, kept: StoredSecret) -> None:
        """Let a secret that could not be shown wait on, unless another click showed it; its time is not longer."""
        await self._move(kept.id, replace(kept, fate="waits", shown_until=None), keeps=True)

    async def unoffered(self) -> list[StoredSecret]:
        """Secrets that wait, and whose owners are to be told so; each is returned to one caller at a time.

        Whoever has told them says so with `offered`, or it is returned again.
        """
        claimed = []
        for id_ in (member.decode() for member in await self.redis.zrange(UNOFFERED, 0, -1)):
            kept = await self.find(id_)
            if kept is None or not kept.waits or self.clock() >= kept.ends_at:
                await self.redis.zrem(UNOFFERED, id_)
            elif await self._claim_notice(id_, "offer"):
                claimed.append(kept)
        return claimed

    async def offered(self, kept: StoredSecret) -> None:
        """Note that its owner knows that a secret waits."""
        await self.redis.zrem(UNOFFERED, kept.id)

    async def find(self, id_: str) -> StoredSecret | None:
        """What is known of the secret of a change."""
        return self._open(id_, await self.redis.get(_key(id_)))[0]

    async def expire(self) -> list[StoredSecret]:
        """Destroy what nobody has seen in time; returns each whose owner is to be told, to one caller at a time.

        Whoever has told them says so with `told`, or it is returned again.
        """
        over = await self.redis.zrangebyscore(INDEX, "-inf", self.clock().timestamp())
        claimed = []
        for id_ in (member.decode() for member in over):
            stored: bytes = await self.redis.get(_key(id_)) or b""
            kept, _ = self._open(id_, stored)
            if kept is None or kept.fate == "seen":
                await self.redis.zrem(INDEX, id_)
                continue
            if kept.waits and self.clock() < kept.ends_at:
                continue
            gone = _over(kept)
            if kept.waits and not await self._replace(stored, gone, None):
                continue
            if await self._claim_notice(id_, "expired"):
                claimed.append(gone)
        return claimed

    async def told(self, kept: StoredSecret) -> None:
        """Note that somebody knows that their secret was destroyed."""
        await self.redis.zrem(INDEX, kept.id)

    async def unseen_of(self, actor: Actor) -> list[StoredSecret]:
        """What waits for somebody to see it."""
        now = self.clock()
        ids = [member.decode() for member in await self.redis.zrangebyscore(INDEX, f"({now.timestamp()}", "+inf")]
        values = await self.redis.mget(map(_key, ids)) if ids else []
        found = [self._open(id_, value)[0] for id_, value in zip(ids, values, strict=True)]
        return [kept for kept in found if kept is not None and kept.waits and kept.owner == actor]

    @property
    def _remembered(self) -> timedelta:
        return self.lifetime + REMEMBERED

    async def _claim_notice(self, id_: str, what: str) -> bool:
        return bool(await self.redis.set(f"{_key(id_)}:telling:{what}", b"1", nx=True, ex=CLAIM_SECONDS))

    async def _move(self, id_: str, following: StoredSecret, *, keeps: bool) -> None:
        """Go from showing to what follows, with the secret or without; nothing where it is not shown any more."""
        while True:
            stored: bytes = await self.redis.get(_key(id_)) or b""
            kept, secret = self._open(id_, stored)
            if kept is None or not kept.waits or (keeps and kept.fate != "showing"):
                return
            if await self._replace(stored, following, secret if keeps else None):
                return

    async def _replace(self, stored: bytes, kept: StoredSecret, secret: SecretStr | None) -> bool:
        """Store how a secret stands, with it or without it, unless somebody else was first."""
        when = "forget" if kept.fate == "seen" else str(kept.ends_at.timestamp()) if kept.waits else ""
        remembered = int(self._remembered.total_seconds() * 1000)
        arguments = (stored, self._sealed(kept, secret), remembered, kept.id, when)
        return bool(await self.redis.eval(_REPLACE, 2, _key(kept.id), INDEX, *arguments))  # type: ignore[misc]

    def _sealed(self, kept: StoredSecret, secret: SecretStr | None) -> bytes:
        until = kept.shown_until.isoformat() if kept.shown_until else None
        facts = {**asdict(kept), "expires_at": kept.expires_at.isoformat(), "shown_until": until}
        value = secret.get_secret_value() if secret else None
        return self._box().encrypt(json.dumps([facts, value]).encode())

    def _open(self, id_: str, stored: bytes | None) -> tuple[StoredSecret | None, SecretStr | None]:
        """Read what is stored; nothing where it does not come from this deployment, or was kept under another id."""
        if stored is None:
            return None, None
        try:
            facts, value = json.loads(self._box().decrypt(stored))
        except InvalidToken:
            return None, None
        if facts["id"] != id_:
            return None, None
        until = facts.get("shown_until")
        facts |= {
            "owner": Actor(**facts["owner"]),
            "expires_at": datetime.fromisoformat(facts["expires_at"]),
            "shown_until": datetime.fromisoformat(until) if until else None,
        }
        return StoredSecret(**facts), None if value is None else SecretStr(value)

    def _box(self) -> MultiFernet:
        """Encrypts with the first key; decrypts with any."""
        return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in self.keys])


def _over(kept: StoredSecret) -> StoredSecret:
    """What a secret is when its time is over."""
    return replace(kept, fate="lapsed" if kept.fate in {"showing", "lapsed"} else "expired")


def _key(id_: str) -> str:
    return f"quaymaster:secret:{id_}"
