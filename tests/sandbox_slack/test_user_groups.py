"""User groups: all in one call or one by one; disabled, removed, or not part of the plan."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


async def members(web: AsyncWebClient, **args: Any) -> dict[str, list[str]]:
    """The users of each group, from one call."""
    answer = await web.usergroups_list(include_users=True, **args)
    return {group["id"]: group["users"] for group in answer["usergroups"]}


async def test_one_call_lists_the_users_of_all_groups(slack: Any, web: AsyncWebClient) -> None:
    """The same users as one call per group."""
    for number in range(12):
        await slack.switch("group", id=f"S{number:02}", handle=f"team-{number}", users=["U01ALICE", "U02BOB"])
    found = await members(web)
    assert len(found) == 14
    assert found["S00"] == ["U01ALICE", "U02BOB"]
    assert found["S00"] == (await web.usergroups_users_list(usergroup="S00"))["users"]
    assert "users" not in (await web.usergroups_list())["usergroups"][0]


async def test_a_group_can_change_at_any_time(slack: Any, web: AsyncWebClient) -> None:
    """Fields left out stay as they are."""
    await slack.switch("group", id="S0SECURITY", users=["U03CAROL"])
    [group, _] = (await web.usergroups_list(include_users=True))["usergroups"]
    assert (group["handle"], group["users"]) == ("security", ["U03CAROL"])


async def test_a_disabled_group_is_listed_only_on_request(slack: Any, web: AsyncWebClient) -> None:
    """With the date it was disabled; usergroups.users.list refuses it by default."""
    await slack.switch("group", id="S0SECURITY", is_disabled=True)
    assert set(await members(web)) == {"S0REGOPS"}
    [disabled, _] = (await web.usergroups_list(include_disabled=True))["usergroups"]
    assert (disabled["id"], disabled["date_delete"] > 0) == ("S0SECURITY", True)
    assert await error_of(web.usergroups_users_list(usergroup="S0SECURITY")) == "subteam_disabled"
    shown = await web.usergroups_users_list(usergroup="S0SECURITY", include_disabled=True)
    assert shown["users"] == ["U02BOB"]
    await slack.switch("group", id="S0SECURITY", is_disabled=False)
    assert set(await members(web)) == {"S0SECURITY", "S0REGOPS"}


async def test_a_removed_group_is_unknown(slack: Any, web: AsyncWebClient) -> None:
    """Like one that never existed."""
    await slack.switch("group", id="S0SECURITY", removed=True)
    for group in ("S0SECURITY", "S0NEVER"):
        assert await error_of(web.usergroups_users_list(usergroup=group)) == "no_such_subteam"
    assert set(await members(web, include_disabled=True)) == {"S0REGOPS"}


async def test_a_free_plan_has_no_groups(slack: Any, web: AsyncWebClient) -> None:
    """Both methods refuse."""
    await slack.switch("workspace", has_user_groups=False)
    assert await error_of(web.usergroups_list()) == "plan_upgrade_required"
    assert await error_of(web.usergroups_users_list(usergroup="S0SECURITY")) == "plan_upgrade_required"
    await slack.switch("workspace", has_user_groups=True)
    assert (await web.usergroups_list())["ok"]
