"""Real processes in an Enterprise Grid: clicks that name no workspace, members of several, people with two ids."""

import pytest

from tests.system.conftest import ADMIN, PERMISSIONS, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def permissions() -> str:
    """Erin and Omar are named by ids that no delivery uses."""
    return PERMISSIONS.replace("approvers: [S0SECURITY", "approvers: [U08ERIN, U09OMAR, S0SECURITY")


async def move_in(town: Town, name: str, number: str, *teams: str) -> str:
    """Let somebody of another workspace into the admin channel of an app that is installed for the organization."""
    await town.switch("workspace", enterprise_id="E0SANDBOX", is_org_install=True)
    id_ = f"U{number}{name.upper()}"
    ids = {"id": id_, "enterprise_user_id": f"W{id_[1:]}", "acts_as": f"W{id_[1:]}"}
    about = {"name": name, "real_name": name.title(), "email": f"{name}@example.com"}
    await town.switch("person", **ids, **about, team_id="T0OTHER", teams=[*teams])
    await town.switch("channel", id=ADMIN, join=[id_])
    return id_


async def test_a_member_of_several_workspaces_approves_where_nothing_names_one(town: Town) -> None:
    """By the other of their ids; a command works too."""
    erin = await move_in(town, "erin", "08", "T0OTHER", "T0SANDBOX")
    await town.say(erin, "/quay keys list")
    assert (await town.sees(erin, "mirror_worker", "builders us"))["ephemeral"]
    card = await town.sees(erin, "quay_builder", "waits for approval")
    await town.press(erin, card, "key_approve")
    await town.sees("U02BOB", "✅", "*Approved* by Erin")


async def test_a_member_of_other_workspaces_alone_is_refused(town: Town) -> None:
    """Though the click names no workspace, and the file names them."""
    omar = await move_in(town, "omar", "09", "T0OTHER")
    card = await town.sees(omar, "clair_scanner", "waits for approval")
    await town.press(omar, card, "key_approve")
    assert (await town.sees(omar, "people of other companies"))["ephemeral"]
    assert "clair_scanner" in {key.service for key in town.registry.keys.values() if key.approval is None}
