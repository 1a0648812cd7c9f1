"""Who is in a group is asked of Slack; that it changed is logged, and an unanswered question allows nothing."""

from typing import Any

import pytest
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from structlog.testing import capture_logs

from bot.changes import Authorization
from bot.permissions import Actor, Person, Policy, decide
from bot.slack.directory import Directory
from tests.support.world import ADMIN, TEAM, Clock, FakeWeb

POLICY = Policy.model_validate(
    {
        "version": 1,
        "workspace": TEAM,
        "groups": {"ops": ["S0OPS", "kim@example.com"], "staff": ["*"]},
        "channels": {"admin": [ADMIN]},
        "rules": [{"name": "ops read", "who": ["ops"], "may": ["read"]}],
    }
)


class Question:
    """May Kim read the registry's size, asked again after a minute."""

    def __init__(self) -> None:
        self.web, self.clock = FakeWeb(), Clock()
        self.web.groups["S0OPS"] = []
        self.web.users["U0KIM"] = {"profile": {"email": "someone@example.com"}}
        self.authorization = Authorization(lambda: POLICY, Directory(self.web, self.clock))

    async def person(self) -> Person:
        self.clock.forward(seconds=61)
        return await self.authorization.person(Actor(TEAM, "U0KIM"))

    async def allowed(self) -> bool:
        place = await self.authorization.place(ADMIN)
        return not decide(POLICY, await self.person(), "getRegistrySize", {}, place).denied


async def test_joining_and_leaving_a_user_group_counts_and_is_logged() -> None:
    """Within a minute."""
    question = Question()
    assert not await question.allowed()
    question.web.groups["S0OPS"] = ["U0KIM", "U0LEE"]
    with capture_logs() as logs:
        assert await question.allowed()
    assert {"event": "group_changed", "group": "S0OPS", "joined": ["U0KIM", "U0LEE"], "left": []}.items() <= logs[
        0
    ].items()
    question.web.groups["S0OPS"] = []
    with capture_logs() as logs:
        assert not await question.allowed()
    assert logs[0]["left"] == ["U0KIM", "U0LEE"]


async def test_an_address_makes_a_member_and_stays_out_of_the_log() -> None:
    """What is logged is that it is another one."""
    question = Question()
    assert not await question.allowed()
    question.web.users["U0KIM"] = {"profile": {"email": "Kim@Example.com"}}
    with capture_logs() as logs:
        assert await question.allowed()
    assert logs[0]["event"] == "person_changed"
    assert logs[0]["other_address"] is True
    assert "kim@example.com" not in str(logs).casefold()


@pytest.mark.parametrize(
    ("described", "now"),
    [({"deleted": True}, "outsider"), ({"is_restricted": True}, "guest"), ({"is_bot": True}, "outsider")],
)
async def test_whoever_is_no_full_member_any_more_is_logged(described: dict[str, Any], now: str) -> None:
    """A guest keeps what a group with their id or address gives; nobody else keeps anything."""
    question = Question()
    question.web.groups["S0OPS"] = ["U0KIM"]
    assert await question.allowed()
    question.web.users["U0KIM"] |= described
    with capture_logs() as logs:
        assert await question.allowed() is (now == "guest")
    assert (logs[0]["event"], logs[0]["was"], logs[0]["now"]) == ("person_changed", "member", now)


async def test_where_slack_does_not_answer_nobody_is_a_member() -> None:
    """Not even who was one a minute ago."""
    question = Question()
    question.web.groups["S0OPS"] = ["U0KIM"]
    assert await question.allowed()
    question.web.unreachable = True
    assert (await question.person()).membership == "unknown"
    assert not await question.allowed()


async def test_an_address_that_slack_withholds_is_a_question_without_answer() -> None:
    """A deny by address would else not be seen."""
    question = Question()
    question.web.groups["S0OPS"] = ["U0KIM"]
    question.web.users["U0KIM"] = {"profile": {}}
    assert not await question.allowed()


@pytest.mark.parametrize(
    ("described", "membership"),
    [
        ({}, "member"),
        ({"is_restricted": True}, "guest"),
        ({"is_restricted": True, "is_ultra_restricted": True}, "guest"),
        ({"is_ultra_restricted": True}, "guest"),
        ({"is_stranger": True}, "outsider"),
        ({"team_id": "T0ELSEWHERE"}, "outsider"),
        ({"team_id": None}, "outsider"),
        ({"deleted": True}, "outsider"),
        ({"is_bot": True}, "outsider"),
        ({"is_bot": True, "is_restricted": True}, "outsider"),
    ],
)
async def test_what_slack_says_makes_a_standing(described: dict[str, Any], membership: str) -> None:
    """One sign of an outsider is enough, and so is one of a guest."""
    question = Question()
    question.web.users["U0KIM"] |= described
    assert (await question.person()).membership == membership


class _Channels(FakeWeb):
    """Channels as they are described."""

    def __init__(self, **described: bool) -> None:
        super().__init__()
        self.described = described

    async def conversations_info(self, *, channel: str, **_: Any) -> AsyncSlackResponse:
        return self._answer({"ok": True, "channel": {"id": channel, **self.described}})


@pytest.mark.parametrize(
    ("described", "shared"),
    [
        ({}, False),
        ({"is_org_shared": True, "is_shared": True}, False),
        ({"is_ext_shared": True}, True),
        ({"is_pending_ext_shared": True}, True),
    ],
)
async def test_a_channel_is_shared_as_soon_as_another_company_is_invited(
    described: dict[str, bool], *, shared: bool
) -> None:
    """Other workspaces of the same organization are no other company; of their people none may do anything."""
    place = await Directory(_Channels(**described), Clock()).place(ADMIN)
    assert place.shared is shared
