"""Slack's user groups: all of them in one call, refreshed in the background, never while somebody waits.

A group that Slack says doesn't exist, is disabled or isn't part of the plan is a definite answer: nobody is in it, and
its name is kept so that rules which deny it stay closed. No answer at all is no answer: who is in a group isn't known.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.messages import is_passing
from bot.slack.messenger import FAILURES, reason_of

FRESH = timedelta(seconds=30)
"""An answer younger than this is used as it is; an older one is refreshed in the background."""
BELIEVED = timedelta(seconds=60)
"""An answer older than this decides nothing."""
PAUSE = timedelta(seconds=5)
"""After a failure, the time before Slack is asked again, unless its Retry-After is longer."""
PATIENCE = 2.5
"""Seconds for which a decision waits for Slack when no answer young enough is there."""

_NO_ACCESS = "team_access_not_granted"
"""What Slack says of the workspace, and of no group."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Groups:
    """Slack's answer at one moment."""

    at: datetime
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """User ids by group id, of every group that is in use."""
    disabled: frozenset[str] = frozenset()
    refused: str | None = None
    """Slack's word if it refuses user groups altogether (`plan_upgrade_required`, `missing_scope`)."""

    def lost(self, wanted: Sequence[str]) -> dict[str, str]:
        """The groups of which Slack definitely says that nobody is in them, each with its word for why."""
        return {group: self._word(group) for group in wanted if group not in self.members}

    def of(self, user_ids: frozenset[str]) -> frozenset[str]:
        """The groups in which somebody with these ids is."""
        return frozenset(group for group, users in self.members.items() if users & user_ids)

    def _word(self, group: str) -> str:
        return self.refused or ("subteam_disabled" if group in self.disabled else "no_such_subteam")

    def stored(self) -> dict[str, Any]:
        """The answer as JSON."""
        return {
            "at": self.at.isoformat(),
            "members": {group: sorted(users) for group, users in self.members.items()},
            "disabled": sorted(self.disabled),
            "refused": self.refused,
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Groups":
        """The answer that another process stored."""
        members = {group: frozenset(users) for group, users in stored["members"].items()}
        return cls(datetime.fromisoformat(stored["at"]), members, frozenset(stored["disabled"]), stored.get("refused"))


class SharedAnswer(Protocol):
    """Where processes share Slack's last answer, sealed. Fails softly: no answer is shared then."""

    async def load(self) -> Mapping[str, Any] | None: ...

    async def store(self, value: Mapping[str, Any]) -> None: ...


@dataclass
class UserGroups:
    """The workspace's user groups.

    Slack: usergroups.list (tier 2, 20 a minute for the whole app) with include_users; one process asks for all.
    """

    web: AsyncWebClient
    clock: Callable[[], datetime]
    shared: SharedAnswer | None = None
    workspace: Callable[[], str] = str
    """As in `Directory`."""
    _groups: Groups | None = None
    _refreshing: "asyncio.Task[None] | None" = None
    _not_before: datetime | None = None

    async def now(self, wanted: Sequence[str]) -> Groups | None:
        """Who is in the groups, from an answer that is at most BELIEVED old; None where Slack gives none.

        Nothing is asked where no group is wanted.
        """
        if not wanted:
            return Groups(self.clock())
        if not self._is_younger(FRESH):
            refreshing = self._refresh()
            if not self._is_younger(BELIEVED):
                await asyncio.wait({refreshing}, timeout=PATIENCE)
        return self._groups if self._is_younger(BELIEVED) else None

    def remembered(self, wanted: Sequence[str], age: timedelta) -> Groups | None:
        """The last answer without waiting for any, if it is younger than `age`; for no decision about an act."""
        if not wanted:
            return Groups(self.clock())
        if not self._is_younger(FRESH):
            self._refresh()
        return self._groups if self._is_younger(age) else None

    def lost(self, wanted: Sequence[str]) -> dict[str, str] | None:
        """The wanted groups that Slack's last answer definitely doesn't have, each with Slack's word.

        None before the first answer, unless no group is wanted.
        """
        if not wanted:
            return {}
        return self._groups.lost(wanted) if self._groups else None

    async def keep_fresh(self, wanted: Callable[[], Sequence[str]]) -> None:
        """Refresh for ever, well before an answer is too old; ends when it is cancelled."""
        while True:
            try:
                if wanted() and not self._is_younger(FRESH - PAUSE):
                    await asyncio.shield(self._refresh())
            except Exception:
                log.exception("user_groups_not_refreshed")
            await asyncio.sleep(PAUSE.total_seconds())

    def _is_younger(self, age: timedelta) -> bool:
        return self._groups is not None and timedelta(0) <= self.clock() - self._groups.at < age

    def _refresh(self) -> "asyncio.Task[None]":
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._ask())
        return self._refreshing

    async def _ask(self) -> None:
        if self._not_before is not None and self.clock() < self._not_before:
            return
        if self.shared and (stored := await self.shared.load()):
            groups = Groups.read(stored)
            if timedelta(0) <= self.clock() - groups.at < FRESH - PAUSE:
                self._learn(groups)
                return
        now = self.clock()
        try:
            answer = await self.web.usergroups_list(
                include_users=True, include_disabled=True, team_id=self.workspace() or None
            )
            groups = _groups_in(now, answer)
        except FAILURES as error:
            reason = reason_of(error)
            log.warning("user_groups_not_read", reason=reason)
            if is_passing(reason) or reason == _NO_ACCESS:
                self._not_before = now + _pause(error)
                return
            groups = Groups(now, refused=reason)
        self._not_before = None
        self._learn(groups)
        if self.shared:
            await self.shared.store(groups.stored())

    def _learn(self, groups: Groups) -> None:
        """Believe an answer, and log who joined or left."""
        before = self._groups.members if self._groups else {}
        for group in sorted(before.keys() & groups.members.keys()):
            was, now = before[group], groups.members[group]
            if was != now:
                log.warning("group_changed", group=group, joined=sorted(now - was), left=sorted(was - now))
        self._groups = groups


def _groups_in(now: datetime, answer: AsyncSlackResponse) -> Groups:
    members: dict[str, frozenset[str]] = {}
    disabled = set()
    for group in answer["usergroups"]:
        if group.get("date_delete"):
            disabled.add(group["id"])
        else:
            members[group["id"]] = frozenset(group.get("users") or ())
    return Groups(now, members, frozenset(disabled))


def _pause(error: Exception) -> timedelta:
    """How long Slack wants to be left alone."""
    if isinstance(error, SlackApiError):
        asked = str(getattr(error.response, "headers", {}).get("Retry-After", ""))
        if asked.isdigit():
            return max(PAUSE, timedelta(seconds=int(asked)))
    return PAUSE
