"""What a registry can't do with users: told by its configuration, or else by what it refused within the last day."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.model.plans import Refusal
from bot.model.seen_limits import SeenLimit
from bot.quay.answers import Json
from bot.quay.client import Quay
from bot.quay.errors import QuayError

KEY = "quaymaster:registry:refuses"
REMEMBERED = timedelta(hours=24)
"""After so long the registry is asked again: its configuration may have changed."""

log = structlog.get_logger()


class Limitation(StrEnum):
    """One thing that a registry may be configured not to do. The names are stored, the values are shown."""

    CREATION = "create users"
    PASSWORDS = "change passwords"
    ADDRESSES = "change email addresses"
    CREATION_WITHOUT_ADDRESS = "create users without an email address"


_ELSEWHERE = frozenset({Limitation.CREATION, Limitation.PASSWORDS})
"""What Quay refuses where its users come from LDAP, OIDC and the like (AUTHENTICATION_TYPE is not Database)."""


@dataclass(frozen=True)
class Limitations:
    """The limitations of one registry; what was refused is remembered in Redis, for all processes."""

    redis: Redis
    quay_url: str
    clock: Callable[[], datetime]

    async def require_none(self, quay: Quay, wanted: Collection[Limitation]) -> None:
        """Raise Refusal for the first of these that the registry is known not to do."""
        if not wanted:
            return
        configured = await _configured(quay)
        if configured is None:
            remembered = {Limitation(limit.what): limit.at for limit in await self.seen()}
            for limitation in wanted:
                if limitation in remembered:
                    raise Refusal(f"{_explained(limitation)} {_remembered(remembered[limitation])}")
            return
        for limitation in wanted:
            if limitation in configured:
                raise Refusal(_explained(limitation))

    async def remember(self, refused: QuayError) -> None:
        """Note what an error says that the registry doesn't do; most errors say nothing of that kind."""
        found = _said_by(refused.message)
        if not found:
            return
        now = int(self.clock().timestamp())
        async with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(KEY, mapping={self._field(limitation): now for limitation in found})
            pipeline.expire(KEY, REMEMBERED)
            try:
                await pipeline.execute()
            except RedisError as error:
                log.warning("limitation_not_remembered", kind=type(error).__name__)

    async def seen(self) -> tuple[SeenLimit, ...]:
        """What was refused within the last day."""
        since = self.clock() - REMEMBERED
        try:
            stored: dict[bytes, bytes] = await self.redis.hgetall(KEY)  # type: ignore[misc]
        except RedisError as error:
            log.warning("limitations_not_recalled", kind=type(error).__name__)
            return ()
        when = {field.decode(): datetime.fromtimestamp(int(at), UTC) for field, at in stored.items()}
        return tuple(
            SeenLimit(limitation.value, when[self._field(limitation)])
            for limitation in Limitation
            if when.get(self._field(limitation), since) > since
        )

    async def forget(self) -> None:
        """Have the registry asked again."""
        await self.redis.hdel(KEY, *(self._field(limitation) for limitation in Limitation))  # type: ignore[misc]

    def _field(self, limitation: Limitation) -> str:
        return f"{urlsplit(self.quay_url).netloc} {limitation.name}"


async def _configured(quay: Quay) -> frozenset[Limitation] | None:
    """What the configuration rules out; None where Quay doesn't show it."""
    try:
        return limitations_in((await quay.get_config_dump()).config)
    except QuayError as error:
        log.info("configuration_not_read", said=error.message)
        return None


def limitations_in(config: Json) -> frozenset[Limitation]:
    """What a configuration rules out."""
    kind = config.get("AUTHENTICATION_TYPE", "Database")
    found = set(_ELSEWHERE if kind != "Database" else ())
    if kind not in {"Database", "AppToken"}:
        found.add(Limitation.ADDRESSES)
    if config.get("FEATURE_MAILING") is True:
        found.add(Limitation.CREATION_WITHOUT_ADDRESS)
    return frozenset(found)


def _said_by(message: str) -> frozenset[Limitation]:
    """What Quay's own words rule out (endpoints/api/superuser.py and data/model/user.py)."""
    if "non-database auth" in message:
        return _ELSEWHERE | ({Limitation.ADDRESSES} if "mail" in message else set())
    if message.startswith("Invalid email address: None"):
        return frozenset({Limitation.CREATION_WITHOUT_ADDRESS})
    return frozenset()


def _explained(limitation: Limitation) -> str:
    if limitation is Limitation.CREATION_WITHOUT_ADDRESS:
        return "This Quay sends email (FEATURE_MAILING), so a new user needs an address. Add --email EMAIL."
    return (
        f"This Quay can't {limitation.value}: its users come from an identity provider (AUTHENTICATION_TYPE). "
        "Make the change there."
    )


def _remembered(at: datetime | None) -> str:
    when = f" on {at:%Y-%m-%d at %H:%M} UTC" if at else ""
    return f"Quay refused it{when}. To have it tried again: status --recheck"
