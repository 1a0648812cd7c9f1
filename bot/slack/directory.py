"""Who people are, as Slack says: asked again every half minute, kept in the process alone, closed on failure.

What must be answered before Slack could be asked, what a field suggests, is answered from memory: nothing else is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.permissions.people import ADDRESS, Actor, Membership, Person, Place
from bot.slack.messages import HOME
from bot.slack.messenger import FAILURES, reason_of
from bot.slack.user_groups import Groups, SharedAnswer, UserGroups

FRESH = timedelta(seconds=30)
"""How long an answer of Slack's is believed: so long may somebody who was removed still act."""

REMEMBERED = timedelta(minutes=5)
"""How long an answer of Slack's is remembered for what nobody can act with."""

log = structlog.get_logger()
Answer = TypeVar("Answer")


@dataclass
class Directory:
    """People, user groups and channels of the workspace.

    Every look-up fails closed: if Slack doesn't answer, for user groups that matter too, a person is unknown, and so
    is a channel; nothing is allowed to either. A group that Slack definitely doesn't have concerns that group alone.
    """

    web: AsyncWebClient
    clock: Callable[[], datetime]
    shared: SharedAnswer | None = None
    """Where processes share what Slack says of user groups."""
    workspace: Callable[[], str] = str
    """The workspace's id, which Slack wants to hear from an app that is installed for a whole organization."""
    groups: UserGroups = field(init=False)
    _asked: dict[str, tuple[datetime, "asyncio.Task[Any]"]] = field(default_factory=dict)
    _told: dict[str, tuple[datetime, Any]] = field(default_factory=dict)
    _people: dict[Actor, tuple[Membership, str]] = field(default_factory=dict)
    """What somebody and their address were when Slack was last asked; for the log alone."""
    _ids: dict[str, str] = field(default_factory=dict)
    """The ids in the organization of users that a policy names."""

    def __post_init__(self) -> None:
        self.groups = UserGroups(self.web, self.clock, self.shared, self.workspace)

    async def person(self, actor: Actor, questions: Collection[str] = ()) -> Person:
        """Say who an actor is; only the questions of a policy are asked: user groups, users, and maybe ADDRESS.

        Asked for an address that Slack withholds, somebody is unknown. Slack: users.info (tier 4), at most once in
        FRESH for each id, and the user groups as `UserGroups` has them. Of an Enterprise Grid, users.info once more
        for each user that is asked about, in the life of the process: it tells their id in the organization.
        """
        user, groups = await asyncio.gather(
            self._once(f"user {actor.user}", partial(self._user, actor)), self.groups.now(_groups(questions))
        )
        if user and (own := _organization_id(user)):
            await asyncio.gather(*(self._learn_id(named) for named in _users(questions)))
            return self._in_grid(_person(actor, user, groups, frozenset(questions)), own)
        return _person(actor, user, groups, frozenset(questions))

    def remembered_person(self, actor: Actor, questions: Collection[str] = ()) -> Person | None:
        """Say at once who an actor was within REMEMBERED, for nothing that anybody can act with; None if not known.

        What is older than FRESH is asked for anew in the background.
        """
        user = self._remembered(f"user {actor.user}", partial(self._user, actor))
        groups = self.groups.remembered(_groups(questions), REMEMBERED)
        if user is None or groups is None:
            return None
        person, own = _person(actor, user, groups, frozenset(questions)), _organization_id(user)
        return self._in_grid(person, own) if own else person

    async def place(self, channel: str) -> Place:
        """Say what a channel is. Slack: conversations.info (tier 3)."""
        if plain := _plain_place(channel):
            return plain
        shared = await self._once(f"channel {channel}", partial(self._is_shared, channel))
        return Place(channel, unknown=True) if shared is None else Place(channel, shared=shared)

    def remembered_place(self, channel: str) -> Place | None:
        """Say at once what a channel was within REMEMBERED; None if not known."""
        if plain := _plain_place(channel):
            return plain
        shared = self._remembered(f"channel {channel}", partial(self._is_shared, channel))
        return None if shared is None else Place(channel, shared=shared)

    async def _user(self, actor: Actor) -> dict[str, Any]:
        answer = await self.web.users_info(user=actor.user)
        found = answer.get("user")
        if not isinstance(found, dict) or not isinstance(found.get("profile", {}), dict):
            raise TimeoutError("users.info answered nothing about the user")
        self._note_person(actor, _membership(found, actor.team), found.get("profile", {}).get("email") or "")
        return found

    def _note_person(self, actor: Actor, membership: Membership, email: str) -> None:
        """Log that somebody is no longer what they were. The address makes members, and stays out of the log."""
        was, other = self._people.get(actor, (membership, email))
        if (was, other) != (membership, email):
            log.warning("person_changed", user=actor.user, was=was, now=membership, other_address=other != email)
        self._people[actor] = (membership, email)

    def _in_grid(self, person: Person, own: str) -> Person:
        """A member of an organization with those of the asked ids that are theirs; unknown if that isn't known."""
        asked = _users(person.asked or ())
        if any(named not in self._ids for named in asked):
            return replace(person, membership="unknown")
        return replace(person, other_ids=person.other_ids | {named for named in asked if self._ids[named] == own})

    async def _learn_id(self, user: str) -> None:
        """Learn a user's id in the organization, which never changes; somebody unknown to Slack has none but this."""
        if user not in self._ids:
            found = await self._once(f"id {user}", partial(self._ask_id, user))
            self._ids |= {user: found} if found else {}

    async def _ask_id(self, user: str) -> str:
        try:
            answer = await self.web.users_info(user=user)
        except SlackApiError as error:
            if reason_of(error) in {"user_not_found", "user_not_visible"}:
                return user
            raise
        return _organization_id(answer["user"]) or user

    async def _is_shared(self, channel: str) -> bool:
        answer = await self.web.conversations_info(channel=channel)
        found = answer["channel"]
        return bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared"))

    async def _once(self, key: str, ask: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """Ask Slack once for all who want to know; believe the answer for a while, and a failure for no time."""
        answer: Answer | None = await asyncio.shield(self._asking(key, ask))
        return answer

    def _remembered(self, key: str, ask: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """What Slack told within REMEMBERED; asked anew for the next time where that is not fresh."""
        told = self._told.get(key)
        if told is None or self.clock() - told[0] >= REMEMBERED:
            return None
        self._asking(key, ask)
        answer: Answer = told[1]
        return answer

    def _asking(self, key: str, ask: Callable[[], Awaitable[Answer]]) -> "asyncio.Task[Answer | None]":
        now = self.clock()
        asked = self._asked.get(key)
        if asked is None or not timedelta(0) <= now - asked[0] < FRESH:
            self._forget_old(now)
            self._asked[key] = asked = (now, asyncio.create_task(self._ask(key, ask, now)))
        return asked[1]

    async def _ask(self, key: str, ask: Callable[[], Awaitable[Answer]], now: datetime) -> Answer | None:
        try:
            answer = await ask()
        except FAILURES as error:
            self._asked.pop(key, None)
            log.warning("slack_lookup_failed", what=key, reason=reason_of(error))
            return None
        self._told[key] = (now, answer)
        return answer

    def _forget_old(self, now: datetime) -> None:
        if len(self._asked) > 1000:
            self._asked = {key: asked for key, asked in self._asked.items() if now - asked[0] < FRESH}
        if len(self._told) > 1000:
            self._told = {key: told for key, told in self._told.items() if now - told[0] < REMEMBERED}


def _groups(questions: Collection[str]) -> list[str]:
    return sorted(question for question in questions if question.startswith("S"))


def _users(questions: Collection[str]) -> list[str]:
    return sorted(question for question in questions if question[0] in "UW")


def _organization_id(user: dict[str, Any]) -> str | None:
    """Somebody's one id in an Enterprise Grid; None outside of one."""
    return (user.get("enterprise_user") or {}).get("id")


def _person(actor: Actor, user: dict[str, Any] | None, groups: Groups | None, questions: frozenset[str]) -> Person:
    """Somebody as Slack describes them and the user groups; unknown if it doesn't say either."""
    if user is None or groups is None:
        return Person(actor, "unknown", label=actor.user, asked=questions)
    told = {id_ for id_ in (user.get("id"), _organization_id(user)) if id_}
    profile = user.get("profile", {})
    membership = _membership(user, actor.team)
    if ADDRESS in questions and membership != "outsider" and not profile.get("email"):
        membership = "unknown"
    return Person(
        actor=actor,
        membership=membership,
        user_groups=groups.of(frozenset({actor.user, *told})),
        lost_groups=frozenset(groups.lost(_groups(questions))),
        email=profile.get("email"),
        label=user.get("real_name") or profile.get("display_name") or user.get("name") or actor.user,
        asked=questions,
        other_ids=frozenset(told - {actor.user}),
    )


def _plain_place(channel: str) -> Place | None:
    """A place that Slack need not be asked about."""
    if channel == HOME:
        return Place(channel, kind="home")
    return Place(channel, kind="dm") if channel.startswith("D") else None


def _membership(user: dict[str, Any], team: str) -> Membership:
    """What somebody is to a workspace. In an Enterprise Grid they may have signed up in another one, and be in ours."""
    teams = {user.get("team_id"), *((user.get("enterprise_user") or {}).get("teams") or ())}
    if user.get("deleted") or user.get("is_bot") or user.get("is_stranger") or team not in teams:
        return "outsider"
    return "guest" if user.get("is_restricted") or user.get("is_ultra_restricted") else "member"
