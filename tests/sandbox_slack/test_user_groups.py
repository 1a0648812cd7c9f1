"""User groups as Slack answers for them: all at once or one by one, disabled, removed, or no feature of the plan."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


async def members(web: AsyncWebClient, **args: Any) -> dict[str, list[str]]:
    """The users of each group, as one call tells them."""
    answer = await web.usergroups_list(include_users=True, **args)
    return {group["id"]: group["users"] for group in answer["usergroups"]}


async def test_one_call_tells_the_users_of_all_groups(slack: Any, web: AsyncWebClient) -> None:
    """However many there are; a group's own call tells the same."""
    for number in range(12):
        await slack.switch("group", id=f"S{number:02}", handle=f"team-{number}", users=["U01ALICE", "U02BOB"])
    found = await members(web)
    assert len(found) == 14
    assert found["S00"] == ["U01ALICE", "U02BOB"]
    assert found["S00"] == (await web.usergroups_users_list(usergroup="S00"))["users"]
    assert "users" not in (await web.usergroups_list())["usergroups"][0]


async def test_a_group_can_change_at_any_time(slack: Any, web: AsyncWebClient) -> None:
    """What is not named stays."""
    await slack.switch("group", id="S0SECURITY", users=["U03CAROL"])
    [group, _] = (await web.usergroups_list(include_users=True))["usergroups"]
    assert (group["handle"], group["users"]) == ("security", ["U03CAROL"])


async def test_a_disabled_group_is_shown_where_it_is_asked_for(slack: Any, web: AsyncWebClient) -> None:
    """With the date on which it ended; its own call is refused."""
    await slack.switch("group", id="S0SECURITY", is_disabled=True)
    assert set(await members(web)) == {"S0REGOPS"}
    [disabled, _] = (await web.usergroups_list(include_disabled=True))["usergroups"]
    assert (disabled["id"], disabled["date_delete"] > 0) == ("S0SECURITY", True)
    assert await error_of(web.usergroups_users_list(usergroup="S0SECURITY")) == "subteam_disabled"
    shown = await web.usergroups_users_list(usergroup="S0SECURITY", include_disabled=True)
    assert shown["users"] == ["U02BOB"]
    await slack.switch("group", id="S0SECURITY", is_disabled=False)
    assert set(await members(web)) == {"S0SECURITY", "S0REGOPS"}


async def test_a_group_that_is_gone_is_not_known_any_more(slack: Any, web: AsyncWebClient) -> None:
    """As one that never was."""
    await slack.switch("group", id="S0SECURITY", removed=True)
    for group in ("S0SECURITY", "S0NEVER"):
        assert await error_of(web.usergroups_users_list(usergroup=group)) == "no_such_subteam"
    assert set(await members(web, include_disabled=True)) == {"S0REGOPS"}


async def test_a_free_plan_has_no_groups(slack: Any, web: AsyncWebClient) -> None:
    """Whichever is asked for."""
    await slack.switch("workspace", has_user_groups=False)
    assert await error_of(web.usergroups_list()) == "plan_upgrade_required"
    assert await error_of(web.usergroups_users_list(usergroup="S0SECURITY")) == "plan_upgrade_required"
    await slack.switch("workspace", has_user_groups=True)
    assert (await web.usergroups_list())["ok"]
