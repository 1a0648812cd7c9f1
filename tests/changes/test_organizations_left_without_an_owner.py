"""Before a user can no longer act, the organizations that nobody else owns are named."""

import dataclasses
from typing import Any

import pytest

from sandbox.quay.faults import Failure
from sandbox.quay.state import Organization
from tests.support.answers import forget_requests, requests_to_quay
from tests.support.world import World

DELETE = "users delete jrivera --type-the-name jrivera"
DISABLE = "users update jrivera --disable"


def own(world: World, organization: str, *owners: str, **teams: list[str]) -> Organization:
    """Give an organization these owners and no other teams than these."""
    found = world.registry.organization(organization)
    assert found is not None
    found.teams = {"owners": list(owners), **teams}
    return found


@pytest.fixture
def settled(world: World) -> World:
    """A registry in which jrivera is in no organization."""
    for organization in world.registry.organizations():
        for members in organization.teams.values():
            members[:] = (member for member in members if member != "jrivera")
    return world


async def card(world: World, command: str = DELETE) -> str:
    assert await world.type("U0ALICE", command) is None
    return world.only_card()


@pytest.mark.parametrize("command", [DELETE, DISABLE])
async def test_organizations_of_one_owner_are_named(settled: World, command: str) -> None:
    """Not those with another one, nor those in which the user is but a member."""
    own(settled, "team-alpha", "jrivera", developers=["ada.berg"])
    own(settled, "team-beta", "jrivera", "ada.berg")
    own(settled, "platform", "ada.berg", developers=["jrivera"])
    assert "jrivera is the only owner of team-alpha. Nobody else can manage" in await card(settled, command)


async def test_owner_is_who_is_in_a_team_of_role_admin(settled: World) -> None:
    """Whatever it is called: the team owners may have become one of members."""
    led = own(settled, "team-alpha", "ada.berg", leads=["jrivera"])
    led.team_roles = {"owners": "member", "leads": "admin"}
    shared = own(settled, "team-beta", "jrivera", leads=["ada.berg"])
    shared.team_roles = {"owners": "admin", "leads": "admin"}
    assert "jrivera is the only owner of team-alpha." in await card(settled)


async def test_nothing_is_said_of_a_user_who_owns_nothing(settled: World) -> None:
    """And all organizations were looked at, once each, before the card and not again before the call."""
    await forget_requests(settled)
    assert "owner" not in await card(settled)
    asked = [each for each in await requests_to_quay(settled) if each.endswith("/members")]
    assert len(asked) == len(set(asked)) == len(settled.registry.organizations())
    await settled.agree()
    await settled.work()
    assert len([each for each in await requests_to_quay(settled) if each.endswith("/members")]) == len(asked)


async def test_of_very_many_organizations_the_first_hundred_are_looked_at(settled: World) -> None:
    """And the plan says so."""
    for number in range(100):
        settled.registry.add(Organization(settled.registry.next_id(), f"more-{number}", f"{number}@example.com"))
    assert "Only 100 organizations were checked for having no other owner" in await card(settled)


@pytest.mark.parametrize(
    ("features", "failures", "why"),
    [
        ({"superusers_full_access": False}, [], "FEATURE_SUPERUSERS_FULL_ACCESS is off"),
        ({}, [Failure("500", path="/api/v1/organization/*/members", remaining=None)], "reading their owners failed"),
    ],
)
async def test_what_cannot_be_found_out_is_said(
    settled: World, features: dict[str, Any], failures: list[Failure], why: str
) -> None:
    """The change can still be requested: locking somebody out may be urgent."""
    settled.registry.features = dataclasses.replace(settled.registry.features, **features)
    settled.faults.failures.extend(failures)
    shown = await card(settled, DISABLE)
    assert "Organizations that jrivera alone owns are left without an owner" in shown
    assert why in shown


async def test_enabling_a_user_looks_at_no_organization(settled: World) -> None:
    """Nor does a new address."""
    await forget_requests(settled)
    await card(settled, "users update jrivera --email new@example.com")
    assert not [each for each in await requests_to_quay(settled) if each.endswith("/members")]
