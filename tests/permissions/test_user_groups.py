"""User groups come in one call, are refreshed while nobody waits, and one that Slack doesn't have concerns it alone."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.changes import Authorization
from bot.permissions import Actor, Policy, decide, may_use
from bot.slack.directory import Directory
from bot.slack.user_groups import BELIEVED, FRESH
from bot.storage.sealing import Sealer
from bot.storage.shared_value import SharedValue
from tests.support.world import ADMIN, TEAM, Clock, FakeWeb

POLICY = Policy.model_validate(
    {
        "version": 1,
        "workspace": TEAM,
        "groups": {"ops": ["S0OPS", "U0ALICE"], "contractors": ["S0CONTRACT"], "staff": ["*"]},
        "channels": {"admin": [ADMIN]},
        "rules": [
            {"name": "staff look", "who": ["staff"], "may": ["read"]},
            {"name": "ops delete", "who": ["ops"], "may": ["deleteOrganization", "freeze"]},
            {"name": "contractors delete nothing", "who": ["contractors"], "deny": ["deleteOrganization"]},
        ],
        "confirmations": [{"for": ["change"], "approvals": 1, "approvers": ["ops"]}],
    }
)


class Workspace:
    """One bot process and what its people can do."""

    def __init__(
        self, web: FakeWeb | None = None, clock: Clock | None = None, shared: SharedValue | None = None
    ) -> None:
        self.web, self.clock = web or FakeWeb(), clock or Clock()
        self.web.groups.setdefault("S0OPS", ["U0KIM"])
        self.web.groups.setdefault("S0CONTRACT", ["U0LEE"])
        self.directory = Directory(self.web, self.clock, shared)
        self.authorization = Authorization(lambda: POLICY, self.directory)

    async def can(self, user: str, operation: str) -> bool:
        place = await self.authorization.place(ADMIN)
        person = await self.authorization.person(Actor(TEAM, user))
        return not decide(POLICY, person, operation, {"name": "team-a"}, place).denied

    async def can_use_the_bot(self, user: str) -> bool:
        place = await self.authorization.place(ADMIN)
        return not may_use(POLICY, await self.authorization.person(Actor(TEAM, user)), place).denied

    async def settle(self) -> None:
        """Let what runs in the background end."""
        for _ in range(5):
            await asyncio.sleep(0)


def removed(web: FakeWeb, group: str) -> None:
    del web.groups[group]


def disabled(web: FakeWeb, group: str) -> None:
    del web.groups[group]
    web.disabled_groups.add(group)


@pytest.mark.parametrize(("lose", "word"), [(removed, "no_such_subteam"), (disabled, "subteam_disabled")])
async def test_a_group_that_slack_does_not_have_concerns_it_alone(
    lose: Callable[[FakeWeb, str], None], word: str
) -> None:
    """Nobody is in it any more; everyone else can do what they could, `status` and `freeze` included."""
    workspace = Workspace()
    lose(workspace.web, "S0OPS")
    assert not await workspace.can("U0KIM", "deleteOrganization")
    assert await workspace.can("U0KIM", "listServiceKeys")
    assert await workspace.can("U0ALICE", "freeze")
    assert await workspace.can_use_the_bot("U0DAVE")
    assert workspace.directory.groups.lost(["S0CONTRACT", "S0OPS"]) == {"S0OPS": word}


@pytest.mark.parametrize("lose", [removed, disabled])
async def test_a_deny_that_names_a_lost_group_holds_for_everyone(lose: Callable[[FakeWeb, str], None]) -> None:
    """Who was meant isn't known. The refusal says why."""
    workspace = Workspace()
    lose(workspace.web, "S0CONTRACT")
    assert not await workspace.can("U0ALICE", "deleteOrganization")
    person = await workspace.authorization.person(Actor(TEAM, "U0ALICE"))
    place = await workspace.authorization.place(ADMIN)
    reason = decide(POLICY, person, "deleteOrganization", {"name": "team-a"}, place).reason
    assert "user group that Slack doesn't have" in reason
    assert await workspace.can("U0ALICE", "freeze")


@pytest.mark.parametrize("word", ["plan_upgrade_required", "missing_scope", "a_word_of_next_year"])
async def test_slack_without_user_groups_locks_nobody_out(word: str) -> None:
    """Those whom the file names by id or as everybody keep their rights."""
    workspace = Workspace()
    workspace.web.groups_refused = word
    assert await workspace.can("U0ALICE", "freeze")
    assert await workspace.can_use_the_bot("U0DAVE")
    assert not await workspace.can("U0KIM", "freeze")
    assert workspace.directory.groups.lost(["S0OPS"]) == {"S0OPS": word}


@pytest.mark.parametrize("word", ["ratelimited", "internal_error", "service_unavailable"])
async def test_a_failure_that_passes_is_no_answer(word: str) -> None:
    """Then nothing is known of anybody, nor of any group."""
    workspace = Workspace()
    workspace.web.groups_refused = word
    assert not await workspace.can("U0ALICE", "freeze")
    assert workspace.directory.groups.lost(["S0OPS"]) is None
    workspace.web.groups_refused = None
    workspace.clock.forward(seconds=6)
    assert await workspace.can("U0ALICE", "freeze")


async def test_a_failure_is_not_repeated_for_each_command() -> None:
    """Slack is left alone for five seconds."""
    workspace = Workspace()
    workspace.web.groups_refused = "ratelimited"
    for _ in range(10):
        await workspace.can("U0ALICE", "freeze")
    assert workspace.web.group_requests == 1


async def test_twelve_groups_are_one_request_in_half_a_minute() -> None:
    """However many people ask."""
    workspace = Workspace()
    workspace.web.groups |= {f"S{number:02}": [f"U{number}"] for number in range(12)}
    for user in ("U0KIM", "U0LEE", "U0ALICE") * 20:
        await workspace.can(user, "freeze")
    assert workspace.web.group_requests == 1


class SlowWeb(FakeWeb):
    """User groups whose answer comes when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = asyncio.Event()
        self.answer.set()

    async def usergroups_list(self, **args: Any) -> AsyncSlackResponse:
        await self.answer.wait()
        return await super().usergroups_list(**args)


async def test_nobody_waits_while_the_answer_is_young_enough() -> None:
    """Between half a minute and a minute it is refreshed beside."""
    web = SlowWeb()
    workspace = Workspace(web)
    assert await workspace.can("U0KIM", "freeze")
    web.answer.clear()
    workspace.clock.now += FRESH
    assert await workspace.can("U0KIM", "freeze")
    web.groups["S0OPS"] = []
    web.answer.set()
    await workspace.settle()
    assert not await workspace.can("U0KIM", "freeze")


async def test_an_answer_of_a_minute_ago_decides_nothing() -> None:
    """Slack is down: it was known who Kim is, and now it isn't."""
    workspace = Workspace()
    assert await workspace.can("U0KIM", "freeze")
    workspace.web.groups_refused = "internal_error"
    workspace.clock.now += BELIEVED
    assert not await workspace.can("U0KIM", "freeze")


async def test_a_process_takes_the_answer_of_another(redis: Redis) -> None:
    """Sealed, and with its date: so any number of processes stay under Slack's 20 requests a minute."""
    shared = SharedValue(redis, Sealer(b"k" * 32), "quaymaster:user-groups", 60)
    web, clock = FakeWeb(), Clock()
    first, second = Workspace(web, clock, shared), Workspace(web, clock, shared)
    assert await first.can("U0KIM", "freeze")
    assert await second.can("U0KIM", "freeze")
    assert web.group_requests == 1
    clock.now += timedelta(seconds=26)
    third = Workspace(web, clock, shared)
    assert await third.can("U0KIM", "freeze")
    assert web.group_requests == 2


async def alter(redis: Redis) -> None:
    await redis.set("quaymaster:user-groups", b"x" + await redis.get("quaymaster:user-groups"))


async def forge(redis: Redis) -> None:
    stored = await redis.get("quaymaster:user-groups")
    await redis.set("quaymaster:user-groups", stored.replace(b"U0KIM", b"U0EVE"))


async def lose(redis: Redis) -> None:
    await redis.delete("quaymaster:user-groups")


@pytest.mark.parametrize("spoil", [alter, forge, lose])
async def test_a_shared_answer_without_its_seal_is_none(
    redis: Redis, spoil: Callable[[Redis], Awaitable[None]]
) -> None:
    """Who can write to Redis makes nobody a member."""
    shared = SharedValue(redis, Sealer(b"k" * 32), "quaymaster:user-groups", 60)
    web, clock = FakeWeb(), Clock()
    assert await Workspace(web, clock, shared).can("U0KIM", "freeze")
    await spoil(redis)
    other = Workspace(web, clock, shared)
    assert not await other.can("U0EVE", "freeze")
    assert web.group_requests == 2


async def test_the_background_refreshes_before_anybody_asks() -> None:
    """As the processes do for as long as they run."""
    workspace = Workspace()
    refreshing = asyncio.create_task(workspace.directory.groups.keep_fresh(lambda: ["S0OPS"]))
    await workspace.settle()
    refreshing.cancel()
    assert workspace.web.group_requests == 1
    assert workspace.directory.groups.remembered(["S0OPS"], FRESH)
