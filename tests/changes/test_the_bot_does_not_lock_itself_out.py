"""The owner of a token, and the organization whose application issued it, are not disabled, deleted or renamed."""

import dataclasses
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from sandbox.quay.oauth import Application
from sandbox.quay.seed import APPLICATION, AUDITOR, AUTOMATION
from sandbox.quay.state import Organization
from tests.support.world import TOKEN, World, open_world, text_of

DELETE, RENAME = f"orgs delete {AUTOMATION} --type-the-name {AUTOMATION}", f"orgs update {AUTOMATION} --rename robots"
ANOTHER = SecretStr("sandbox-readonly")
UNKNOWN = "set QUAY_TOKEN_NAMESPACES"


async def answered(world: World, command: str, delivery: str = "d1") -> str:
    """What Alice is answered, or the card that is posted."""
    answer = await world.type("U0ALICE", command, delivery=delivery)
    return text_of(answer) if answer else text_of(list(world.slack.messages.values())[-1])


async def is_planned(world: World) -> bool:
    return bool(await world.confirmations.waiting())


def give_application(world: World, organization: str) -> None:
    """Let an organization have an application that the bot has nothing to do with."""
    found = world.registry.organization(organization)
    assert isinstance(found, Organization)
    found.applications.append(Application("OTHERCLIENT", "dashboards"))


@pytest.fixture
async def told(redis: Redis) -> AsyncIterator[World]:
    """A bot that is told what its tokens depend on."""
    names = frozenset({AUTOMATION, AUDITOR})
    async with open_world(redis, quay_token_namespaces=names, quay_read_token=ANOTHER) as world:
        yield world


@pytest.fixture
async def reading_apart(redis: Redis) -> AsyncIterator[World]:
    """A bot that reads with another user's token."""
    async with open_world(redis, quay_read_token=ANOTHER) as world:
        yield world


@pytest.mark.parametrize(
    "command",
    [
        DELETE,
        RENAME,
        f"users delete {AUDITOR} --type-the-name {AUDITOR}",
        f"users update {AUDITOR} --disable",
        f"users update {AUDITOR} --disable --email new@example.com",
    ],
)
async def test_what_the_setting_names_is_refused_at_the_plan(told: World, command: str) -> None:
    """Users and organizations alike."""
    said = await answered(told, command)
    assert "could lock the bot out: QUAY_TOKEN_NAMESPACES says that its tokens depend on it" in said
    assert not await is_planned(told)


async def test_what_locks_nobody_out_is_planned(told: World) -> None:
    """A new address of the owner; another organization with applications: with the setting, all is known."""
    assert "lock the bot out" not in await answered(told, f"users update {AUDITOR} --email new@example.com")
    give_application(told, "team-beta")
    card = await answered(told, "orgs delete team-beta --type-the-name team-beta", "d2")
    assert "Delete the organization team-beta" in card
    assert "lock the bot out" not in card
    assert UNKNOWN not in card


@pytest.mark.parametrize("command", [DELETE, RENAME])
async def test_the_application_of_the_token_is_learned_from_quays_log(world: World, command: str) -> None:
    """After any change that Quay logs; the token itself is nowhere."""
    await world.carry_out("users create kim --email kim@example.com", "first")
    said = await answered(world, command)
    assert f"its application {APPLICATION.name} issued QUAY_TOKEN" in said
    assert not await is_planned(world)
    stored = [await world.redis.hgetall(key) for key in await world.redis.keys("quaymaster:registry:token")]  # type: ignore[misc]
    assert stored
    assert TOKEN not in str(stored)


@pytest.mark.parametrize("command", [DELETE, RENAME])
async def test_what_is_learned_after_the_plan_stops_it_before_the_call(world: World, command: str) -> None:
    """A plan from before the application was known is not carried out with what is known now."""
    await answered(world, command, "early")
    early = await world.agree()
    await world.type("U0ALICE", "users create kim --email kim@example.com", delivery="learns")
    (learns,) = [record for record in await world.confirmations.waiting() if record.id != early.id]
    for user in ("U0BOB", "U0EVE")[: learns.offers[0].needed]:
        await world.click(user, "change_approve", learns.id)
    await world.executor.execute(learns.id)
    assert await world.memory.own_tokens.origin() is not None
    ended = await world.executor.execute(early.id)
    assert ended is not None
    assert ended.state == "stale"
    assert f"its application {APPLICATION.name} issued QUAY_TOKEN" in ended.note


async def test_once_the_application_is_known_other_organizations_are_not_warned_of(world: World) -> None:
    """Though they have applications, and it is not asked for again."""
    give_application(world, "team-beta")
    await world.carry_out("users create kim --email kim@example.com", "first")
    assert UNKNOWN not in await answered(world, "orgs delete team-beta --type-the-name team-beta")


async def test_another_token_is_not_taken_for_the_one_that_was_learned(world: World) -> None:
    """After QUAY_TOKEN was changed, nothing is known of it."""
    await world.carry_out("users create kim --email kim@example.com", "first")
    assert await world.memory.own_tokens.origin() is not None
    assert await dataclasses.replace(world.memory.own_tokens, token="another").origin() is None


@pytest.mark.parametrize("command", [DELETE, RENAME])
async def test_an_organization_with_applications_is_warned_of_as_long_as_nothing_is_known(
    world: World, command: str
) -> None:
    """By name, with the setting that would tell."""
    card = await answered(world, command)
    assert f"{AUTOMATION} has OAuth applications: {APPLICATION.name}." in card
    assert "issued a token of the bot" in card
    assert UNKNOWN in card
    assert await is_planned(world)


async def test_an_organization_without_applications_is_not_warned_of(world: World) -> None:
    """It issued nothing."""
    assert UNKNOWN not in await answered(world, "orgs delete team-beta --type-the-name team-beta")


async def test_applications_that_quay_does_not_show_are_warned_of(world: World) -> None:
    """Without superusers' full access."""
    world.registry.features = dataclasses.replace(world.registry.features, superusers_full_access=False)
    card = await answered(world, "orgs delete team-beta --type-the-name team-beta")
    assert "Quay doesn't show whether team-beta has OAuth applications." in card
    assert UNKNOWN in card


@pytest.mark.parametrize(
    "command", [f"users delete {AUDITOR} --type-the-name {AUDITOR}", f"users update {AUDITOR} --disable"]
)
async def test_a_read_only_superuser_may_be_the_owner_of_the_read_token(reading_apart: World, command: str) -> None:
    """Quay never says whose it is."""
    card = await answered(reading_apart, command)
    assert f"{AUDITOR} is a read-only superuser. If QUAY_READ_TOKEN belongs to this user" in card
    assert UNKNOWN in card


async def test_without_a_read_token_a_read_only_superuser_is_a_user_like_others(world: World) -> None:
    """QUAY_TOKEN belongs to a superuser, whom Quay itself protects."""
    assert UNKNOWN not in await answered(world, f"users update {AUDITOR} --disable")


async def test_the_application_that_quay_logs_for_somebody_elses_change_is_not_taken_for_the_bots(world: World) -> None:
    """Where two tokens did the same at that time, nobody can tell them apart."""
    record = await world.carry_out("users create kim --email kim@example.com", "first")
    entry = next(entry for entry in reversed(world.registry.logs) if entry.kind == "user_create")
    theirs = {**entry.metadata, "oauth_token_application_id": "OTHERCLIENT"}
    world.registry.logs.append(dataclasses.replace(entry, id=world.registry.next_id(), metadata=theirs))
    await world.redis.delete("quaymaster:registry:token")
    await world.memory.own_tokens.learn(world.quay, record)
    assert await world.memory.own_tokens.origin() is None
