"""Where somebody is in a list: kept in Redis, so that pages can be turned after a restart, for a quarter of an hour."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, ValidationError
from redis.asyncio import Redis

from bot.permissions.people import Actor

LIFETIME = timedelta(minutes=15)


class Position(BaseModel):
    """Where a page begins: at the `offset`-th row of what Quay gives for a token, after `before` rows in all.

    `looked` counts the entries that Quay gave before that token, those that do not fit among them; `seen` are marks of
    the pages that it gave.
    """

    model_config = ConfigDict(frozen=True)

    token: str | None = None
    offset: int = 0
    before: int = 0
    looked: int = 0
    seen: tuple[str, ...] = ()


START = Position()


class Cursor(BaseModel):
    """A person's place in the answer to one command."""

    model_config = ConfigDict(frozen=True)

    owner: Actor
    channel: str
    text: str
    """The command as it was typed; it is read, and permission asked, again for each page."""
    asked_at: datetime
    """The moment from which the command's lengths of time count."""
    expires_at: datetime
    page: int = 0
    positions: tuple[Position, ...] = (START,)
    """Where each page begins that was seen so far, and the one after them."""

    def turned(self, by: int) -> "Cursor":
        """The page before or after; the one at which the list ends, if there is no such page."""
        return self.model_copy(update={"page": min(max(self.page + by, 0), len(self.positions) - 1)})

    def with_following(self, following: Position | None) -> "Cursor":
        """The same, knowing where the next page begins."""
        known = self.positions[: self.page + 1]
        return self.model_copy(update={"positions": (*known, following) if following else known})


class Ended(Exception):
    """The list is no longer kept."""


class CursorOfAnother(Exception):
    """The list was shown to somebody else."""


@dataclass(frozen=True)
class Cursors:
    """The cursors in Redis. Their end is judged by the application's clock; Redis only clears up."""

    redis: Redis
    clock: Callable[[], datetime]

    def begin(self, owner: Actor, channel: str, text: str, asked_at: datetime) -> Cursor:
        """The first page of a list; it is not kept yet."""
        ends = self.clock() + LIFETIME
        return Cursor(owner=owner, channel=channel, text=text, asked_at=asked_at, expires_at=ends)

    async def keep(self, id_: str, cursor: Cursor) -> None:
        """Note where somebody is."""
        await self.redis.set(_key(id_), cursor.model_dump_json(), ex=2 * LIFETIME)

    async def find(self, id_: str, actor: Actor) -> Cursor:
        """Look a cursor up for the person to whom it belongs. Raises Ended or SomebodyElses."""
        stored = await self.redis.get(_key(id_))
        try:
            cursor = Cursor.model_validate_json(stored or b"")
        except ValidationError:
            raise Ended(id_) from None
        if cursor.owner != actor:
            raise CursorOfAnother(id_)
        if self.clock() >= cursor.expires_at:
            raise Ended(id_)
        return cursor


def new_id() -> str:
    """An id that nobody guesses."""
    return secrets.token_urlsafe(12)


def _key(id_: str) -> str:
    return f"quaymaster:page:{id_}"
