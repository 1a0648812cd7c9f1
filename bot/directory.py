"""Who people are, as Slack tells it: asked again every half minute, kept in the process alone, closed on failure."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.messages import HOME
from bot.permissions.people import Actor, Person, Place, Standing
from bot.slack import FAILURES, reason_of

FRESH = timedelta(seconds=30)
"""How long an answer of Slack's is believed: so long may somebody who was removed still act."""

log = structlog.get_logger()
Answer = TypeVar("Answer")


@dataclass
class Directory:
    """People, user groups and channels of the workspace.

    Every look-up fails closed: where Slack does not answer, for a group that matters as well, a person is unknown,
    and so is a channel; nothing is allowed to either.
    """

    web: AsyncWebClient
    clock: Callable[[], datetime]
    _asked: dict[str, tuple[datetime, "asyncio.Task[Any]"]] = field(default_factory=dict)

    async def person(self, actor: Actor, groups: Collection[str] = (), *, by_email: bool = False) -> Person:
        """Say who an actor is; of the user groups only those named are looked at.

        With `by_email`, somebody whose address Slack withholds is unknown. Slack: users.info (tier 4) and
        usergroups.users.list (tier 2), at most once in FRESH for each id.
        """
        user, members = await asyncio.gather(
            self._once(f"user {actor.user}", partial(self._user, actor.user)),
            asyncio.gather(*(self._once(f"group {group}", partial(self._members, group)) for group in groups)),
        )
        if user is None or any(ids is None for ids in members):
            return Person(actor, "unknown", label=actor.user)
        profile = user.get("profile", {})
        standing = _standing(user, actor.team)
        if by_email and standing == "member" and not profile.get("email"):
            standing = "unknown"
        return Person(
            actor=actor,
            standing=standing,
            user_groups=frozenset(
                group for group, ids in zip(groups, members, strict=True) if actor.user in (ids or ())
            ),
            email=profile.get("email"),
            label=user.get("real_name") or profile.get("display_name") or user.get("name") or actor.user,
        )

    async def place(self, channel: str) -> Place:
        """Say what a channel is. Slack: conversations.info (tier 3)."""
        if channel == HOME:
            return Place(channel, kind="home")
        if channel.startswith("D"):
            return Place(channel, kind="dm")
        shared = await self._once(f"channel {channel}", partial(self._is_shared, channel))
        return Place(channel, unknown=True) if shared is None else Place(channel, shared=shared)

    async def _user(self, user: str) -> dict[str, Any]:
        answer = await self.web.users_info(user=user)
        found: dict[str, Any] = answer["user"]
        return found

    async def _members(self, group: str) -> frozenset[str]:
        answer = await self.web.usergroups_users_list(usergroup=group)
        return frozenset(answer["users"])

    async def _is_shared(self, channel: str) -> bool:
        answer = await self.web.conversations_info(channel=channel)
        found = answer["channel"]
        return bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared"))

    async def _once(self, key: str, ask: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """Ask Slack once for all who want to know; believe the answer for a while, and a failure for no time."""
        now = self.clock()
        asked = self._asked.get(key)
        if asked is None or not timedelta(0) <= now - asked[0] < FRESH:
            self._forget_old(now)
            self._asked[key] = asked = (now, asyncio.ensure_future(ask()))
        try:
            answer: Answer = await asyncio.shield(asked[1])
        except FAILURES as error:
            self._asked.pop(key, None)
            log.warning("slack_lookup_failed", what=key, reason=reason_of(error))
            return None
        return answer

    def _forget_old(self, now: datetime) -> None:
        if len(self._asked) > 1000:
            self._asked = {key: asked for key, asked in self._asked.items() if now - asked[0] < FRESH}


def _standing(user: dict[str, Any], team: str) -> Standing:
    if user.get("deleted") or user.get("is_bot") or user.get("is_stranger") or user.get("team_id") != team:
        return "outsider"
    return "guest" if user.get("is_restricted") or user.get("is_ultra_restricted") else "member"
