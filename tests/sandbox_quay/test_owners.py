"""Who owns an organization, and what becomes of one whose owner goes."""

import httpx
import pytest

from sandbox.quay.state import Organization, Registry

LIBRARY = "/api/v1/organization/library"


@pytest.fixture(autouse=True)
def library(lab: Registry) -> Organization:
    """Owned by one person in one team and by two in another of that role."""
    organization = lab.organization("library")
    assert organization is not None
    organization.teams = {
        "owners": ["reader"],
        "leads": ["reader", "devtable"],
        "readers": ["freshuser", "library+bot"],
    }
    organization.team_roles = {"owners": "admin", "leads": "admin"}
    return organization


async def team(quay: httpx.AsyncClient, name: str) -> list[str]:
    return [one["name"] for one in (await quay.get(f"{LIBRARY}/team/{name}/members")).json()["members"]]


async def test_owners_are_in_any_team_of_role_admin(quay: httpx.AsyncClient) -> None:
    """Whatever it is called: the organization says each team's role, the team who is in it."""
    teams = (await quay.get(LIBRARY)).json()["teams"]
    admin_teams = [name for name, one in teams.items() if one["role"] == "admin"]
    assert {name: await team(quay, name) for name in admin_teams} == {
        "owners": ["reader"],
        "leads": ["reader", "devtable"],
    }


async def test_a_team_shows_robots_and_the_organizations_members_do_not(quay: httpx.AsyncClient) -> None:
    """A robot of the team says that it is one."""
    members = (await quay.get(f"{LIBRARY}/team/readers/members")).json()["members"]
    assert [(one["name"], one["is_robot"], one["avatar"]["kind"]) for one in members] == [
        ("freshuser", False, "user"),
        ("library+bot", True, "robot"),
    ]
    everybody = (await quay.get(f"{LIBRARY}/members")).json()["members"]
    assert [one["name"] for one in everybody] == ["reader", "devtable", "freshuser"]


async def test_a_deleted_user_is_in_no_team_any_more(quay: httpx.AsyncClient) -> None:
    """Also where nobody else was: nothing keeps a sole owner from being deleted."""
    for name in ("reader", "freshuser"):
        assert (await quay.delete(f"/api/v1/superuser/users/{name}")).status_code == 204
    assert await team(quay, "owners") == []
    assert await team(quay, "leads") == ["devtable"]
    assert await team(quay, "readers") == ["library+bot"]
    assert [one["name"] for one in (await quay.get(f"{LIBRARY}/members")).json()["members"]] == ["devtable"]
    assert (await quay.get(f"{LIBRARY}/members/reader")).status_code == 404


async def test_an_owner_with_a_token_for_it_may_do_without_full_access(
    lab: Registry, library: Organization, quay: httpx.AsyncClient
) -> None:
    """But for writing quotas and limits, which only full access allows; in no other organization at all."""
    lab.features.superusers_full_access = False
    library.teams["leads"].append("quayadmin")
    quay.headers["Authorization"] = "Bearer superuser-all-scopes"
    for path in (f"{LIBRARY}/members", f"{LIBRARY}/logs", f"{LIBRARY}/quota", f"{LIBRARY}/applications"):
        assert (await quay.get(path)).status_code == 200, path
    assert (await quay.get(LIBRARY)).json()["is_admin"] is True
    assert (await quay.post(f"{LIBRARY}/quota", json={"limit_bytes": 1})).status_code == 403
    assert (await quay.get("/api/v1/organization/buynlarge/members")).status_code == 403
    quay.headers["Authorization"] = "Bearer superuser"
    assert (await quay.get(f"{LIBRARY}/members")).status_code == 403
