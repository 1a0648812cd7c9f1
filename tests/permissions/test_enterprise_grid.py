"""Enterprise Grid: members of several workspaces, and one person with two ids. Slack says who they are."""

from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError

from bot.changes import Authorization, Denied, audit_entries
from bot.confirmations import Refused, State, approve
from bot.permissions import Actor, Place, Policy, decide
from bot.slack.directory import Directory
from tests.support.world import ADMIN, POLICY, TEAM, Clock, FakeWeb, World, text_of


def grid(*teams: str, id_: str = "W0KIM") -> dict[str, Any]:
    return {"enterprise_user": {"id": id_, "enterprise_id": "E1", "teams": list(teams)}}


@pytest.mark.parametrize(
    ("told", "membership"),
    [
        ({"team_id": TEAM}, "member"),
        ({"team_id": "T2"}, "outsider"),
        ({"team_id": "T2", **grid("T2", TEAM)}, "member"),
        ({"team_id": "T2", **grid("T2", "T3")}, "outsider"),
        ({"team_id": TEAM, **grid("T2", TEAM)}, "member"),
        ({"team_id": None, **grid(TEAM)}, "member"),
        ({"team_id": "T2", "enterprise_user": None}, "outsider"),
        ({"team_id": "T2", "enterprise_user": {"id": "W0KIM", "teams": None}}, "outsider"),
        ({"team_id": "T2", "is_restricted": True, **grid("T2", TEAM)}, "guest"),
        ({"team_id": "T2", "is_stranger": True, **grid("T2", TEAM)}, "outsider"),
        ({"team_id": "T2", "deleted": True, **grid("T2", TEAM)}, "outsider"),
        ({"team_id": "T2", "is_bot": True, **grid("T2", TEAM)}, "outsider"),
    ],
)
async def test_slack_says_who_is_a_member(told: dict[str, Any], membership: str) -> None:
    """By where they signed up, or by the list of their workspaces."""
    web = FakeWeb()
    web.users["U0KIM"] = told
    person = await Directory(web, Clock()).person(Actor(TEAM, "U0KIM"))
    assert person.membership == membership


def in_grid(named: str, answered: str = "") -> tuple[FakeWeb, Authorization]:
    """Kim, whom Slack knows by two ids, and a policy that names one of them."""
    web = FakeWeb()
    for id_ in ("U0KIM", "W0KIM"):
        web.users[id_] = {"id": answered or id_, **grid(TEAM)}
    web.groups["S0OPS"] = ["W0KIM"]
    policy = Policy.model_validate(POLICY | {"groups": {**POLICY["groups"], "managers": [named, "U0GONE"]}})
    return web, Authorization(lambda: policy, Directory(web, Clock()))


async def may_set_quotas(authorization: Authorization, user: str) -> bool:
    person = await authorization.person(Actor(TEAM, user))
    arguments: dict[str, Any] = {"namespace": "a", "limit": 1}
    return not decide(authorization.policy(), person, "createUserQuotaSuperUser", arguments, Place(ADMIN)).denied


@pytest.mark.parametrize("asked", ["U0KIM", "W0KIM"])
@pytest.mark.parametrize("named", ["U0KIM", "W0KIM", "S0OPS"])
@pytest.mark.parametrize("answered", ["", "U0KIM", "W0KIM"], ids=["as asked", "always U", "always W"])
async def test_a_group_names_a_person_by_either_id(asked: str, named: str, answered: str) -> None:
    """Whichever a delivery has, and whichever Slack answers with."""
    _, authorization = in_grid(named, answered)
    assert await may_set_quotas(authorization, asked)
    assert not await may_set_quotas(authorization, "U0LEE")


async def test_who_is_named_by_an_id_that_slack_does_not_explain_is_not_known() -> None:
    """A deny may name them by it. Somebody whom Slack doesn't have is nobody; what Slack explained it explained."""
    web, authorization = in_grid("U0KIM")
    web.silent_about = {"U0GONE"}
    assert (await authorization.person(Actor(TEAM, "W0KIM"))).membership == "unknown"
    assert (await authorization.person(Actor(TEAM, "U0LEE"))).membership == "member", "of no organization"
    web.silent_about = set()
    web.nobody = {"U0GONE"}
    assert (await authorization.person(Actor(TEAM, "W0KIM"))).membership == "member"
    web.silent_about = {"U0GONE", "U0KIM"}
    assert await may_set_quotas(authorization, "W0KIM")


@pytest.fixture(params=["as asked", "always the same"])
def world(world: World, request: pytest.FixtureRequest) -> World:
    """Bob and Carol have two ids each; asked for one, Slack answers with that one, or always with the same."""
    for name in ("BOB", "CAROL"):
        for letter in "UW":
            answered = f"U0{name}" if request.param == "always the same" else f"{letter}0{name}"
            world.web.users[f"{letter}0{name}"] = {"id": answered, **grid(TEAM, id_=f"W0{name}")}
    everyone = {"approvers": ["U0BOB", "W0BOB", "U0EVE"], "managers": ["U0CAROL", "W0CAROL"]}
    rules = [*POLICY["rules"], {"name": "approvers ask", "who": ["approvers"], "may": ["change"]}]
    world.policy = Policy.model_validate(POLICY | {"groups": {**POLICY["groups"], **everyone}, "rules": rules})
    return world


async def test_nobody_approves_their_own_request_by_another_id(world: World) -> None:
    """Approvers they are by both."""
    record = await world.propose("U0BOB", "quota set", namespace="team-alpha", limit=1024**4)
    said = await world.click("W0BOB", "change_approve", record.id)
    assert said is not None
    assert "somebody else has to approve it" in text_of(said.message)
    assert (await world.confirmations.get(record.id)).approvals == ()


async def test_nobody_approves_twice_by_two_ids(world: World) -> None:
    """Two approvals are two people's."""
    record = await world.propose("U0ALICE", "quota set", namespace="team-alpha", limit=1024**4)
    assert record.offers[0].needed == 2
    await world.click("U0BOB", "change_approve", record.id)
    with pytest.raises(Refused):
        await world.changes.approve(record.id, await world.person("W0BOB"))
    assert (await world.confirmations.get(record.id)).state is State.PENDING


async def test_two_approvals_of_one_person_do_not_pass_the_claim(world: World) -> None:
    """However they came into the record: an older version would have taken them."""
    record = await world.propose("U0ALICE", "quota set", namespace="team-alpha", limit=1024**4)
    offer = record.offers[0]
    for bob in (Actor(TEAM, "U0BOB"), Actor(TEAM, "W0BOB")):
        agreed = await world.confirmations.advance(
            record.id,
            partial(approve, actor=bob, label="Bob", offer=offer, now=world.clock()),
            partial(audit_entries.approved, operation=offer.operation, actor=bob),
        )
    assert agreed.state is State.APPROVED
    with pytest.raises(Denied, match="needs 2 approvals, and has 1"):
        await world.authorization.require_still_agreed(agreed)


async def test_a_request_is_withdrawn_by_either_id(world: World) -> None:
    """It is theirs."""
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=100 * 1024**3)
    await world.click("W0CAROL", "change_cancel", record.id)
    assert (await world.confirmations.get(record.id)).state is State.CANCELLED


async def test_an_app_of_the_whole_organization_asks_for_the_groups_of_a_workspace(world: World) -> None:
    """Without its id Slack refuses, and everybody would be in no group."""
    world.web.is_org_install, world.web.groups["S0OPS"] = True, ["U0DAVE"]
    world.policy = Policy.model_validate(POLICY | {"groups": {**POLICY["groups"], "managers": ["S0OPS"]}})
    assert (await world.person("U0DAVE")).user_groups == {"S0OPS"}


def test_the_id_of_an_organization_is_no_workspace() -> None:
    """It never matched anyone, and denied everything in silence."""
    with pytest.raises(ValidationError, match="Use the workspace's id, which starts with T"):
        Policy.model_validate(POLICY | {"workspace": "E0123456789"})
