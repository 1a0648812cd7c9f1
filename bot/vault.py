"""Secrets for one person: encrypted in Redis for a while, shown once, then gone.

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

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.permissions.people import Actor

INDEX = "quaymaster:secrets"
"""Ids of secrets that nobody has seen, by the time at which they expire."""
REMEMBERED = timedelta(days=30)
"""So long it is known of a secret that there was one."""
TELLING_SECONDS = 30
"""So long one process has for telling somebody that their secret expired before another may."""

_REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if ARGV[5] ~= '' then redis.call('ZREM', KEYS[2], ARGV[4]) end
return 1
"""

Fate = Literal["waits", "seen", "expired"]


@dataclass(frozen=True)
class Kept:
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

    @property
    def waits(self) -> bool:
        """Whether its owner can still see it."""
        return self.fate == "waits"


class NotKept(Exception):
    """The secret is not there any more; `kept` says what became of it, None where nothing is known."""

    def __init__(self, kept: Kept | None) -> None:
        super().__init__(kept.fate if kept else "unknown")
        self.kept = kept


class NotYours(Exception):
    """The secret is for somebody else."""


@dataclass(frozen=True)
class Vault:
    """The secrets in Redis. `lifetime` counts from the moment at which the change was done."""

    redis: Redis
    key: bytes
    lifetime: timedelta
    clock: Callable[[], datetime]

    async def keep(self, id_: str, owner: Actor, channel: str, label: str, way_out: str, secret: SecretStr) -> Kept:
        """Keep a secret for its owner. `id_` is the id of the change that made it."""
        kept = Kept(id_, owner, channel, label, way_out, self.clock() + self.lifetime)
        await self._put(kept, secret)
        return kept

    async def reveal(self, id_: str, actor: Actor) -> tuple[Kept, SecretStr]:
        """Take a secret out for its owner; of two calls one gets it. Raises NotKept or NotYours."""
        stored: bytes | None = await self.redis.get(_key(id_))
        kept, secret = self._open(id_, stored)
        if kept is None:
            raise NotKept(None)
        if kept.owner != actor:
            raise NotYours(id_)
        if not kept.waits or secret is None:
            raise NotKept(kept)
        if self.clock() >= kept.expires_at:
            raise NotKept(replace(kept, fate="expired"))
        seen = replace(kept, fate="seen")
        if not await self._replace(stored or b"", seen, forget=True):
            raise NotKept(seen)
        return kept, secret

    async def put_back(self, kept: Kept, secret: SecretStr) -> None:
        """Keep a secret again that was taken out and could not be shown, until it would have expired anyway."""
        await self._put(kept, secret)

    async def find(self, id_: str) -> Kept | None:
        """What is known of the secret of a change."""
        return self._open(id_, await self.redis.get(_key(id_)))[0]

    async def expire(self) -> list[Kept]:
        """Destroy what nobody has seen in time; returns each whose owner is to be told, to one caller at a time.

        Whoever has told them says so with `told`, or it is returned again.
        """
        over = await self.redis.zrangebyscore(INDEX, "-inf", self.clock().timestamp())
        owed = []
        for id_ in (member.decode() for member in over):
            stored = await self.redis.get(_key(id_))
            kept, _ = self._open(id_, stored)
            if kept is None or kept.fate == "seen":
                await self.redis.zrem(INDEX, id_)
                continue
            expired = replace(kept, fate="expired")
            if kept.waits and not await self._replace(stored or b"", expired, forget=False):
                continue
            if await self.redis.set(f"{_key(id_)}:telling:expired", b"1", nx=True, ex=TELLING_SECONDS):
                owed.append(expired)
        return owed

    async def told(self, kept: Kept) -> None:
        """Note that somebody knows that their secret expired."""
        await self.redis.zrem(INDEX, kept.id)

    async def unseen_of(self, actor: Actor) -> list[Kept]:
        """What waits for somebody to see it."""
        now = self.clock()
        ids = [member.decode() for member in await self.redis.zrangebyscore(INDEX, f"({now.timestamp()}", "+inf")]
        values = await self.redis.mget(map(_key, ids)) if ids else []
        found = [self._open(id_, value)[0] for id_, value in zip(ids, values, strict=True)]
        return [kept for kept in found if kept is not None and kept.waits and kept.owner == actor]

    async def _put(self, kept: Kept, secret: SecretStr) -> None:
        async with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.set(_key(kept.id), self._sealed(kept, secret), px=self.lifetime + REMEMBERED)
            pipeline.zadd(INDEX, {kept.id: kept.expires_at.timestamp()})
            await pipeline.execute()

    async def _replace(self, stored: bytes, kept: Kept, *, forget: bool) -> bool:
        """Put what is known of a secret in the place of the secret, unless somebody else was first."""
        remembered = int(REMEMBERED.total_seconds() * 1000)
        arguments = (stored, self._sealed(kept, None), remembered, kept.id, "forget" if forget else "")
        return bool(await self.redis.eval(_REPLACE, 2, _key(kept.id), INDEX, *arguments))  # type: ignore[misc]

    def _sealed(self, kept: Kept, secret: SecretStr | None) -> bytes:
        facts = {**asdict(kept), "expires_at": kept.expires_at.isoformat()}
        value = secret.get_secret_value() if secret else None
        return self._fernet().encrypt(json.dumps([facts, value]).encode())

    def _open(self, id_: str, stored: bytes | None) -> tuple[Kept | None, SecretStr | None]:
        """Read what is stored; nothing where it does not come from this deployment, or was kept under another id."""
        if stored is None:
            return None, None
        try:
            facts, value = json.loads(self._fernet().decrypt(stored))
        except InvalidToken:
            return None, None
        if facts["id"] != id_:
            return None, None
        facts |= {"owner": Actor(**facts["owner"]), "expires_at": datetime.fromisoformat(facts["expires_at"])}
        return Kept(**facts), None if value is None else SecretStr(value)

    def _fernet(self) -> Fernet:
        return Fernet(urlsafe_b64encode(self.key))


def _key(id_: str) -> str:
    return f"quaymaster:secret:{id_}"
