"""Enterprise Grid: payloads without a team, members of several workspaces, two ids for one person."""

import json
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.request.internals import extract_enterprise_id, extract_is_enterprise_install, extract_team_id
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

RECORDED = [json.loads(line) for line in (Path(__file__).parent / "payloads.jsonl").read_text().splitlines()]
GRID = next(one for one in RECORDED if one.get("type") == "block_actions" and "enterprise_id" in one["team"])
ERIN = {"id": "U08ERIN", "name": "erin", "team_id": "T0OTHER", "enterprise_user_id": "W08ERIN"}


async def a_card(slack: Any, shapes: Any) -> dict[str, Any]:
    posted = await slack.api("chat.postMessage", channel="C0REGADMIN", text="card", blocks=shapes.card())
    place = {"channel": "C0REGADMIN", "ts": posted["ts"], "block_id": "card"}
    return {**place, "action": {"action_id": "change_approve"}}


async def test_a_workspace_of_a_grid_names_its_organization(slack: Any, bot: Any, shapes: Any) -> None:
    """As recorded from an app installed in one workspace."""
    await slack.switch("workspace", enterprise_id="E0SANDBOX")
    await slack.do("act", **await a_card(slack, shapes))
    payload = bot.got[0].payload
    assert set(payload["team"]) == set(GRID["team"])
    assert payload["enterprise"] == {"id": "E0SANDBOX", "name": "Sandbox Org"}
    assert payload["is_enterprise_install"] is False
    await slack.command("/quay help")
    assert (bot.got[1].fields["enterprise_id"], bot.got[1].fields["is_enterprise_install"]) == ("E0SANDBOX", "false")


async def test_interactions_of_an_org_wide_app_have_no_team(
    slack: Any, web: AsyncWebClient, bot: Any, shapes: Any
) -> None:
    """A view has app_installed_team_id; commands and events still have a team_id."""
    await slack.switch("workspace", enterprise_id="E0SANDBOX", is_org_install=True)
    assert (await web.auth_test())["is_enterprise_install"] is True
    await slack.do("act", **await a_card(slack, shapes))
    click = bot.got[0].payload
    assert click["team"] is None
    assert (extract_enterprise_id(click), extract_team_id(click)) == ("E0SANDBOX", click["user"]["team_id"])
    assert extract_is_enterprise_install(click)
    await slack.command("/quay form")
    command = bot.got[1].fields
    assert (command["team_id"], command["is_enterprise_install"]) == ("T0SANDBOX", "true")
    opened = await web.views_open(trigger_id=command["trigger_id"], view=shapes.modal(shapes.text_input()))
    entered = {"name": {"v": {"type": "plain_text_input", "value": "x"}}}
    await slack.do("submit", view_id=opened["view"]["id"], values=entered)
    submission = bot.got[2].payload
    assert submission["team"] is None
    assert submission["view"]["app_installed_team_id"] == "T0SANDBOX"
    await slack.do("open_home")
    [authorization] = bot.got[3].event["authorizations"]
    assert (authorization["enterprise_id"], authorization["team_id"]) == ("E0SANDBOX", None)


async def test_an_org_wide_token_needs_a_team_id(slack: Any, web: AsyncWebClient) -> None:
    """In methods that list things of a workspace."""
    await slack.switch("workspace", enterprise_id="E0SANDBOX", is_org_install=True)
    for call in (web.usergroups_list(), web.users_list(), web.conversations_list()):
        with pytest.raises(SlackApiError, match="missing_argument"):
            await call
    assert (await web.usergroups_list(team_id="T0SANDBOX"))["ok"]


@pytest.mark.parametrize("teams", [["T0OTHER", "T0SANDBOX"], ["T0OTHER"]])
async def test_users_info_lists_the_workspaces_of_a_member(
    slack: Any, web: AsyncWebClient, bot: Any, teams: list[str]
) -> None:
    """The team of their own is another one; `enterprise_user.teams` may contain ours, and then a command names it."""
    await slack.switch("workspace", enterprise_id="E0SANDBOX")
    await slack.switch("person", **ERIN, teams=teams)
    await slack.switch("channel", id="C0REGADMIN", join=["U08ERIN"])
    await slack.command("/quay help", "U08ERIN")
    assert (bot.got[0].fields["team_id"], bot.got[0].fields["user_id"]) == (teams[-1], "U08ERIN")
    user = (await web.users_info(user="U08ERIN"))["user"]
    assert (user["team_id"], user["enterprise_user"]["teams"]) == ("T0OTHER", teams)
    assert user["enterprise_user"]["id"] == "W08ERIN"


async def test_one_person_has_two_ids(slack: Any, web: AsyncWebClient, bot: Any, shapes: Any) -> None:
    """Payloads and user groups use one of them; every method accepts both."""
    await slack.switch("workspace", enterprise_id="E0SANDBOX")
    await slack.switch("person", id="U01ALICE", enterprise_user_id="W01ALICE", acts_as="W01ALICE")
    await slack.switch("group", id="S0REGOPS", users=["W01ALICE"])
    await slack.command("/quay help")
    assert bot.got[0].fields["user_id"] == "W01ALICE"
    for user in ("U01ALICE", "W01ALICE"):
        shown = (await web.users_info(user=user))["user"]
        assert (shown["id"], shown["enterprise_user"]["id"]) == (user, "W01ALICE")
        assert (await web.conversations_open(users=user))["channel"]["id"] == "D01ALICE"
        assert (await web.chat_postMessage(channel=user, text="x"))["channel"] == "D01ALICE"
        assert (await web.chat_postEphemeral(channel="C0ML", user=user, text="x"))["ok"]
        assert (await web.views_publish(user_id=user, view={"type": "home", "blocks": []}))["ok"]
    assert (await web.usergroups_users_list(usergroup="S0REGOPS"))["users"] == ["W01ALICE"]


async def test_people_can_be_added_changed_and_removed(slack: Any, web: AsyncWebClient) -> None:
    """At run time."""
    await slack.switch("person", id="U08ERIN", name="erin")
    assert (await web.users_info(user="U08ERIN"))["user"]["team_id"] == "T0SANDBOX"
    await slack.switch("person", id="U08ERIN", is_restricted=True)
    assert (await web.users_info(user="U08ERIN"))["user"]["is_restricted"]
    await slack.switch("person", id="U08ERIN", deleted=True)
    assert (await web.users_info(user="U08ERIN"))["user"]["deleted"]
    await slack.switch("person", id="U08ERIN", is_stranger=True, team_id="T0OTHER", deleted=False)
    assert (await web.users_info(user="U08ERIN"))["user"]["is_stranger"]
    await slack.switch("person", id="U08ERIN", removed=True)
    with pytest.raises(SlackApiError, match="user_not_found"):
        await web.users_info(user="U08ERIN")
    assert (await slack.http.post("/sandbox/slack/person", json={"id": "U09NOBODY"})).status_code == 400


@pytest.mark.parametrize(
    "info", [{}, {"user": None}, {"user": []}, {"user": {"id": "U02BOB"}}, {"user": {"team_id": 7}}]
)
async def test_users_info_can_be_malformed(slack: Any, web: AsyncWebClient, info: dict[str, Any]) -> None:
    """Slack's `ok` is all that's left."""
    await slack.switch("person", id="U02BOB", info=info)
    answer = (await web.users_info(user="U02BOB")).data
    assert answer == {"ok": True, **info}
    await slack.switch("person", id="U02BOB", info=None)
    assert (await web.users_info(user="U02BOB"))["user"]["name"] == "bob"
