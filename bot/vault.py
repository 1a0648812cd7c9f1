"""Secrets for one person: encrypted in Redis for a while, shown once, then gone.

The clear text exists in the worker that made it and in the modal that shows it, nowhere else. The key of the
encryption is derived from the deployment's secret and is not in Redis.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.permissions.people import Actor

INDEX = "quaymaster:secrets"
"""Ids of secrets that nobody has seen, by the time at which they expire."""
_TAKE = """
local stored = redis.call('GET', KEYS[1]) or ''
if stored ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[2])
return 1
"""


@dataclass(frozen=True)
class Kept:
    """What is known of a kept secret, without the secret."""

    id: str
    owner: Actor
    channel: str
    label: str
    """What it is: `the password of kim`."""
    way_out: str
    """What to do when it was never seen: `users update kim --reset-password`."""
    expires_at: datetime


class NotKept(Exception):
    """There is no such secret: it was seen already, or has expired."""


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
        sealed = self._fernet().encrypt(json.dumps([_plain(kept), secret.get_secret_value()]).encode())
        async with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.set(_key(id_), sealed, px=2 * self.lifetime)
            pipeline.zadd(INDEX, {id_: kept.expires_at.timestamp()})
            await pipeline.execute()
        return kept

    async def reveal(self, id_: str, actor: Actor) -> tuple[Kept, SecretStr]:
        """Take a secret out for its owner; of two calls one gets it. Raises NotKept or NotYours."""
        stored: bytes | None = await self.redis.get(_key(id_))
        kept, secret = self._open(id_, stored)
        if kept.owner != actor:
            raise NotYours(id_)
        if self.clock() >= kept.expires_at or not await self._take(id_, stored or b""):
            raise NotKept(id_)
        return kept, secret

    async def expire(self) -> list[Kept]:
        """Destroy what nobody has seen in time, and return what it was, each to one caller."""
        over = await self.redis.zrangebyscore(INDEX, "-inf", self.clock().timestamp())
        destroyed = []
        for member in over:
            id_ = member.decode()
            stored = await self.redis.get(_key(id_))
            try:
                kept, _ = self._open(id_, stored)
            except NotKept:
                await self.redis.zrem(INDEX, id_)
                continue
            if await self._take(id_, stored or b""):
                destroyed.append(kept)
        return destroyed

    async def unseen_of(self, actor: Actor) -> list[Kept]:
        """What waits for somebody to see it."""
        ids = [member.decode() for member in await self.redis.zrange(INDEX, 0, -1)]
        values = await self.redis.mget(map(_key, ids)) if ids else []
        found = [self._open(id_, value)[0] for id_, value in zip(ids, values, strict=True) if value is not None]
        return [kept for kept in found if kept.owner == actor and self.clock() < kept.expires_at]

    async def _take(self, id_: str, stored: bytes) -> bool:
        return bool(await self.redis.eval(_TAKE, 2, _key(id_), INDEX, stored, id_))  # type: ignore[misc]

    def _open(self, id_: str, stored: bytes | None) -> tuple[Kept, SecretStr]:
        if stored is None:
            raise NotKept(id_)
        try:
            facts, secret = json.loads(self._fernet().decrypt(stored))
        except InvalidToken:
            raise NotKept(id_) from None
        if facts["id"] != id_:
            raise NotKept(id_)
        owner = Actor(facts["team"], facts["user"])
        expires_at = datetime.fromisoformat(facts["expires_at"])
        return Kept(id_, owner, facts["channel"], facts["label"], facts["way_out"], expires_at), SecretStr(secret)

    def _fernet(self) -> Fernet:
        return Fernet(urlsafe_b64encode(self.key))


def _key(id_: str) -> str:
    return f"quaymaster:secret:{id_}"


def _plain(kept: Kept) -> dict[str, str]:
    return {
        "id": kept.id,
        "team": kept.owner.team,
        "user": kept.owner.user,
        "channel": kept.channel,
        "label": kept.label,
        "way_out": kept.way_out,
        "expires_at": kept.expires_at.isoformat(),
    }
