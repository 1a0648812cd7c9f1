"""One user or organization: how full it is, who is in it, and its page in the registry."""

import dataclasses
from collections.abc import Sequence
from uuid import UUID

import pytest

from bot.permissions import Policy
from sandbox.quay.state import Organization, Quota, User
from tests.support.answers import asked, forget_requests, requests_to_quay
from tests.support.world import POLICY, World, text_of


async def test_an_organization_is_shown_with_its_use_and_teams(world: World) -> None:
    """The use first."""
    answer = await asked(world, "orgs show team-alpha")
    assert answer.text.startswith("team-alpha: 96.9 % of its quota, 77.5 GiB of 80 GiB")
    assert "Teams: owners (admin, 1), developers (member, 4)" in text_of(answer)
    assert "<https://quay.test/organization/team-alpha|Open in Quay>" in text_of(answer)


async def test_an_organization_is_shown_with_its_people(world: World) -> None:
    """Owners first, each person once, and no robot among them; with one more request beside the organization's own.

    The registry's settings for quotas are asked for once in some minutes.
    """
    teams = {"owners": ["zoe", "jrivera"], "developers": ["jrivera", "abe", "team-alpha+deploy"]}
    _fill(world, teams, extra=["zoe", "abe"])
    await asked(world, "orgs show team-alpha")
    await forget_requests(world)
    shown = text_of(await asked(world, "orgs show team-alpha"))
    assert "Members: 3 people, robots not counted: jrivera (owner), zoe (owner), abe\\nTeams:" in shown
    one = "GET /api/v1/organization/team-alpha"
    assert sorted(await requests_to_quay(world)) == [one, f"{one}/members"]


@pytest.mark.parametrize("command", ["users show jrivera", "orgs show team-alpha"])
async def test_the_uuid_that_quay_makes_up_is_no_email_address(world: World, command: str) -> None:
    """Quay puts one where a user or an organization was created without an address."""
    placeholder = str(UUID(int=7))
    for name in ("jrivera", "team-alpha"):
        world.registry.namespaces[name].email = placeholder
    answer = text_of(await asked(world, command))
    assert placeholder not in answer
    assert "E-mail" not in answer


async def test_of_many_members_the_first_are_named(world: World) -> None:
    """The rest as a number; nobody at all is said, too."""
    names = [f"dev{number:02}" for number in range(13)]
    _fill(world, {"owners": names[-1:], "developers": names}, extra=names)
    shown = text_of(await asked(world, "orgs show team-alpha"))
    assert "Members: 13 people, robots not counted: dev12 (owner), dev00, dev01" in shown
    assert "dev08, and 3 more" in shown
    _fill(world, {"owners": []})
    assert "Members: none" in text_of(await asked(world, "orgs show team-alpha"))


async def test_without_full_access_an_organization_is_shown_as_the_list_has_it(world: World) -> None:
    """A superuser sees it from outside then: quota and use stand in the list, its people nowhere."""
    world.registry.features = dataclasses.replace(world.registry.features, superusers_full_access=False)
    answer = await asked(world, "orgs show team-alpha")
    assert answer.text.startswith("team-alpha: 96.9 % of its quota, 77.5 GiB of 80 GiB")
    assert "Quay doesn't show its members and teams: FEATURE_SUPERUSERS_FULL_ACCESS is off" in text_of(answer)


async def test_an_organization_beyond_the_first_thousand_is_shown_without_its_use(world: World) -> None:
    """The list can't be asked for one name, and looking through it has an end."""
    world.registry.features = dataclasses.replace(world.registry.features, superusers_full_access=False)
    for number in range(1000):
        world.registry.add(Organization(world.registry.next_id(), f"more-{number}", ""))
    last = Organization(world.registry.next_id(), "last", "", quota=Quota(world.registry.next_id(), 5 * 1024**3))
    world.registry.add(last)
    assert (await asked(world, "orgs show last")).text == "last: its quota is 5 GiB; Quay doesn't show its usage"


async def test_an_organization_without_anybody_is_said_to_have_nobody(world: World) -> None:
    """Nothing is hidden there."""
    _fill(world, {})
    shown = text_of(await asked(world, "orgs show team-alpha"))
    assert "Members: none" in shown
    assert "Teams: none" in shown
    assert "doesn't show" not in shown


def _fill(world: World, teams: dict[str, list[str]], extra: Sequence[str] = ()) -> None:
    """Put these people into the teams of team-alpha; `extra` are new to the registry."""
    for name in extra:
        world.registry.add(User(world.registry.next_id(), name, f"{name}@example.com"))
    organization = world.registry.organization("team-alpha")
    assert organization is not None
    organization.teams = teams


async def test_a_user_is_shown_with_what_is_unusual(world: World) -> None:
    """Whether they may log in, whether they are a superuser."""
    answer = await asked(world, "users show quayadmin")
    assert answer.text == "quayadmin may log in: superuser"
    assert "<https://quay.test/user/quayadmin|Open in Quay>" in text_of(answer)


async def test_a_disabled_user_is_said_to_be_disabled(world: World) -> None:
    """In the first line."""
    user = next(user for user in world.registry.users() if not user.super_user)
    user.enabled = False
    assert "is disabled and cannot log in" in (await asked(world, f"users show {user.name}")).text


async def test_what_does_not_exist_is_said_not_to(world: World) -> None:
    """With the way to the other kind of namespace."""
    assert "'users show nosuch'" in (await asked(world, "orgs show nosuch")).text
    assert "'orgs show team-alpha'" in (await asked(world, "users show team-alpha")).text


async def test_figures_that_quay_is_still_counting_are_not_shown(world: World) -> None:
    """They would be too small."""
    world.registry.namespaces["team-alpha"].backfill = "running"
    answer = await asked(world, "orgs show team-alpha")
    assert "Quay is still counting its use" in answer.text
    assert "77.5" not in text_of(answer)


async def test_whoever_may_list_may_look(world: World) -> None:
    """There is no superuser operation for one of them: the permission is the list's."""
    rule = {"name": "users only", "who": ["staff"], "may": ["listAllUsers"]}
    world.policy = Policy.model_validate({**POLICY, "rules": [rule]})
    assert "may log in" in (await asked(world, "users show quayadmin")).text
    assert "You may not do this here" in (await asked(world, "orgs show team-alpha")).text


async def test_keys_and_quotas_lead_to_their_pages_too(world: World) -> None:
    """Service keys have only the superusers' list."""
    shown = await asked(world, f"keys show {world.waiting_key()}")
    assert "https://quay.test/superuser?tab=servicekeys" in text_of(shown)
    assert "https://quay.test/organization/team-alpha" in text_of(await asked(world, "quota show team-alpha"))
    assert "https://quay.test/user/quayadmin" in text_of(await asked(world, "quota show user:quayadmin"))
    assert await requests_to_quay(world)
