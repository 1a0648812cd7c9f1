"""Organizations: what Quay documents, what it ignores, and what the bot does about it."""

from typing import Any

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis

from bot.permissions import Policy
from bot.quay import models
from bot.quay.client import Quay
from sandbox.quay.faults import Failure
from sandbox.quay.state import Organization, Registry
from tests.support.world import POLICY, World, open_world, text_of

DOCUMENTED = "PUT /api/v1/superuser/organizations/team-alpha"
OWN_SETTINGS = "PUT /api/v1/organization/team-alpha"


def organization(world: World, name: str = "team-alpha") -> Organization:
    found = world.registry.organization(name)
    assert found is not None
    return found


async def writes(world: World) -> list[str]:
    async with AsyncClient(base_url=world.quay_url) as client:
        requests = (await client.get("/sandbox/quay/requests")).json()["requests"]
        await client.delete("/sandbox/quay/requests")
    return [f"{one['method']} {one['path']}" for one in requests if one["method"] != "GET"]


async def test_the_plan_says_exactly_what_will_change(world: World) -> None:
    """Before and after, in the words in which it was typed."""
    await world.type(
        "U0ALICE", "orgs update team-alpha --email new@example.com --tag-expiration 7d --invoice-email yes"
    )
    card = world.only_card()
    assert "team-alpha@example.com → *new@example.com*" in card
    assert "14 d → *7 d*" in card
    assert "no → *yes*" in card


async def test_what_quay_ignores_goes_to_the_organizations_own_settings(world: World) -> None:
    """The documented write first; it changes nothing, so the other one; each once, each noted."""
    done = await world.carry_out("orgs update team-alpha --email new@example.com --tag-expiration 7d")
    assert (done.state, organization(world).email, organization(world).tag_expiration_s) == (
        "done",
        "new@example.com",
        604800,
    )
    assert await writes(world) == [DOCUMENTED, OWN_SETTINGS]
    assert (await world.events()).count("change_intent") == 2


async def test_a_registry_that_was_seen_to_ignore_a_write_is_spared_it(world: World) -> None:
    """Remembered for this registry; the name is still changed in the documented way."""
    await world.carry_out("orgs update team-alpha --email new@example.com", "one")
    await writes(world)
    done = await world.carry_out("orgs update team-alpha --email newer@example.com", "two")
    assert done.state == "done"
    assert await writes(world) == [OWN_SETTINGS]
    assert await world.redis.ttl("quaymaster:registry:ignores") > 0
    done = await world.carry_out("orgs update team-alpha --rename team-omega --email newest@example.com", "three")
    assert done.state == "done"
    assert organization(world, "team-omega").email == "newest@example.com"


async def test_what_this_quay_cannot_do_is_said_plainly(world: World) -> None:
    """Without full access for superusers there is no way; the next one who asks is told at once."""
    world.registry.features.superusers_full_access = False
    done = await world.carry_out("orgs update team-alpha --email new@example.com", "one")
    assert done.state == "failed"
    assert "it cannot be done with this Quay" in done.note
    assert organization(world).email == "team-alpha@example.com"
    answer = await world.type("U0ALICE", "orgs update team-alpha --email new@example.com", delivery="two")
    assert answer is not None
    assert "it cannot be done with this Quay" in text_of(answer)


class HonoursTheDocumentation(Quay):
    """A registry that does what its documentation says of an organization's settings."""

    registry: Registry

    async def change_organization(self, name: str, **fields: Any) -> models.Organization:
        answer = await super().change_organization(name, **fields)
        found = self.registry.organization(fields.get("rename") or name)
        assert found is not None
        found.tag_expiration_s = fields.get("tag_expiration_s", found.tag_expiration_s)
        return answer


@pytest.mark.parametrize("kind", [Quay, HonoursTheDocumentation])
async def test_what_nobody_can_see_is_unknown(redis: Redis, kind: type[Quay]) -> None:
    """Quay took the documented write, refuses the other way and shows no settings: both may be so."""
    async with open_world(redis, kind) as world:
        world.quay.registry = world.registry  # type: ignore[attr-defined]
        world.registry.features.superusers_full_access = False
        done = await world.carry_out("orgs update team-alpha --tag-expiration 7d")
        assert done.state == "unknown"
        assert "Quay took the documented write" in done.note
        assert "look at team-alpha's settings in Quay's own pages" in done.note
        assert "cannot be done" not in done.note


async def test_beside_what_was_seen_to_be_ignored_the_rest_is_open(world: World) -> None:
    """The e-mail address is in Quay's answer, the rest is not: failed, and the rest is said to be open."""
    world.registry.features.superusers_full_access = False
    done = await world.carry_out("orgs update team-alpha --email new@example.com --tag-expiration 7d")
    assert done.state == "failed"
    assert "nobody can tell from here what became of them" in done.note


async def test_a_rename_that_went_through_beside_settings_that_did_not(world: World) -> None:
    """Told field by field."""
    world.registry.features.superusers_full_access = False
    done = await world.carry_out("orgs update team-alpha --rename team-omega --email new@example.com")
    assert done.state == "failed"
    assert "Quay has the organization team-omega" in done.note
    assert "cannot be done with this Quay" in done.note


async def test_a_rename(world: World) -> None:
    """With a warning about everybody who uses the old name."""
    await world.type("U0ALICE", "orgs update team-alpha --rename team-omega")
    assert "team-alpha → *team-omega*" in world.only_card()
    assert "Whoever pulls or pushes has to use the new name" in world.only_card()
    await world.agree()
    (done,) = await world.work()
    assert done.state == "done"
    assert organization(world, "team-omega")


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (Failure("500", method="PUT"), "failed"),
        (Failure("500", after_effect=True, method="PUT"), "done"),
        (Failure("closed", method="PUT"), "unknown"),
        (Failure("closed", after_effect=True, method="PUT"), "done"),
    ],
)
async def test_what_quay_shows_decides_about_a_rename(world: World, failure: Failure, state: str) -> None:
    """Not what it answered; nothing is sent twice."""
    await world.type("U0ALICE", "orgs update team-alpha --rename team-omega")
    await world.agree()
    world.faults.failures.append(failure)
    (done,) = await world.work()
    assert done.state == state
    assert len(await writes(world)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("orgs update nowhere --rename team-x", "There is no organization 'nowhere'"),
        ("orgs update team-alpha", "Say what is to change"),
        ("orgs update team-alpha --rename team-alpha", "is called team-alpha already"),
        ("orgs update team-alpha --rename team-beta", "is taken: there is an organization"),
        ("orgs update team-alpha --rename jrivera", "is taken: there is a user"),
        ("orgs update team-alpha --rename Team", "cannot be a name"),
        ("orgs update team-alpha --email team-alpha@example.com", "has these settings already"),
        ("orgs update team-alpha --tag-expiration 3d", "one of these times alone: 0s, 1d, 1w, 2w, 4w"),
        ("orgs update team-alpha --invoice-email perhaps", "perhaps"),
        ("orgs delete nowhere --type-the-name nowhere", "There is no organization 'nowhere'"),
    ],
)
async def test_what_quay_would_refuse_or_fail_at_is_refused_before(world: World, text: str, said: str) -> None:
    """An unknown organization and a name that is taken would be 500s."""
    answer = await world.type("U0ALICE", text)
    assert answer is not None
    assert said in text_of(answer)
    assert await world.confirmations.waiting() == []
    assert await writes(world) == []


async def test_an_organization_is_deleted(world: World) -> None:
    """For good, after its name was typed once more and somebody else agreed."""
    done = await world.carry_out("orgs delete team-beta --type-the-name team-beta")
    assert (done.state, world.registry.organization("team-beta")) == ("done", None)
    assert "no longer has it" in done.note


async def test_until_quay_has_finished_a_deleted_name_can_be_had_by_a_rename_alone(world: World) -> None:
    """So the plan says that nothing can be created under the name, and no more than that."""
    await world.type("U0ALICE", "orgs delete team-beta --type-the-name team-beta")
    assert "Until then nothing new can be created under this name." in world.only_card()
    await world.agree()
    await world.work()
    created = await world.carry_out("users create team-beta", "create")
    assert (created.state, "kept by a deletion" in created.note) == ("failed", True)
    renamed = await world.carry_out("orgs update team-alpha --rename team-beta", "rename")
    assert (renamed.state, world.registry.organization("team-alpha")) == ("done", None)


async def test_a_rename_needs_the_right_for_both_names(world: World) -> None:
    """A deny on the new name holds as well."""
    deny = {"name": "hands off", "who": ["staff"], "deny": ["changeOrganization"], "where": {"name": ["team-omega"]}}
    world.policy = Policy.model_validate(POLICY | {"rules": [deny, *POLICY["rules"]]})
    answer = await world.type("U0ALICE", "orgs update team-alpha --rename team-omega")
    assert answer is not None
    assert "hands off" in text_of(answer)
