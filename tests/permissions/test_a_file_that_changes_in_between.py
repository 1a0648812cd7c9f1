"""Who somebody is was asked for one file, and another one decides: what it asks and nobody answered allows nothing."""

from collections.abc import Sequence

import pytest

from bot.changes import Authorization, NotKnown
from bot.confirmations import State
from bot.permissions import Actor, Person, Policy, decide
from bot.slack.directory import Directory
from tests.support.world import ADMIN, POLICY, TEAM, Clock, FakeWeb, World

KIM = Actor(TEAM, "U0KIM")


def file(*denied: str, channels: Sequence[str] = (ADMIN,)) -> Policy:
    """Everybody may read in the channels; whoever is named may not."""
    rules = [{"name": "read", "who": ["staff"], "may": ["read"]}, {"name": "not", "who": ["out"], "deny": ["read"]}]
    return Policy.model_validate(
        {**POLICY, "groups": {**POLICY["groups"], "out": denied}, "rules": rules, "channels": {"admin": channels}}
    )


@pytest.mark.parametrize("denied", [["S0OUT"], ["kim@example.com"]])
async def test_what_was_not_asked_is_no_no(denied: list[str]) -> None:
    """A deny of a user group or an address that the file before did not name would else not be seen."""
    web, force = FakeWeb(), [file()]
    web.groups["S0OUT"] = ["U0KIM"]
    web.users["U0KIM"] = {"profile": {"email": "kim@example.com"}}
    authorization = Authorization(lambda: force[0], Directory(web, Clock()))

    async def reads(person: Person) -> str:
        return decide(force[0], person, "getRegistrySize", {}, await authorization.place(ADMIN)).reason

    before = await authorization.person(KIM)
    assert "allows it" in await reads(before)
    force[0] = file(*denied)
    assert "has just changed" in await reads(before)
    assert "forbids it" in await reads(await authorization.person(KIM))
    force[0] = file()
    assert "allows it" in await reads(await authorization.person(KIM))


async def test_a_channel_that_was_not_asked_about_is_no_admin_channel_yet() -> None:
    """It may be shared with another company."""
    web, force = FakeWeb(), [file()]
    web.shared.add("C0NEW")
    authorization = Authorization(lambda: force[0], Directory(web, Clock()))
    person, place = await authorization.person(KIM), await authorization.place("C0NEW")
    assert "not in this channel" in decide(force[0], person, "getRegistrySize", {}, place).reason
    force[0] = file(channels=[ADMIN, "C0NEW"])
    assert "has just changed" in decide(force[0], person, "getRegistrySize", {}, place).reason
    assert "shared" in decide(force[0], person, "getRegistrySize", {}, await authorization.place("C0NEW")).reason


async def test_an_address_that_slack_withholds_leaves_a_guest_unknown_too() -> None:
    """A guest may be named by id, and denied by address."""
    web = FakeWeb()
    web.users["U0KIM"] = {"is_restricted": True, "profile": {}}
    authorization = Authorization(lambda: file("kim@example.com"), Directory(web, Clock()))
    assert (await authorization.person(KIM)).membership == "unknown"


class _Swaps:
    """A policy that another one replaces the third time that it is asked for."""

    def __init__(self, old: Policy, new: Policy) -> None:
        self.left = [old, old]
        self.new = new

    def __call__(self) -> Policy:
        return self.left.pop() if self.left else self.new


async def test_an_approval_is_judged_by_one_file(world: World) -> None:
    """The one in force when everything was asked; people who were asked about for another one are asked again."""
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=600 * 1024**3)
    new = Policy.model_validate(
        {**POLICY, "groups": {**POLICY["groups"], "more": ["S0MORE"], "approvers": ["U0ERIN", "U0FAY"]}}
    )
    world.web.groups["S0MORE"] = []
    authorization = Authorization(_Swaps(world.policy, new), world.authorization.directory)
    with pytest.raises(NotKnown):
        await authorization.require_approver(record, record.offer, Actor(TEAM, "U0BOB"))
    assert (await world.confirmations.get(record.id)).state is State.PENDING
    assert (await authorization.require_approver(record, record.offer, Actor(TEAM, "U0ERIN"))).approvals == 2
