"""Whatever Slack delivers is acknowledged with status 200: what is left over or unknown is explained to the person."""

from typing import Any

import pytest

from tests.web.conftest import ADMIN, Bot

BUTTON = {"actions": [{"action_id": "change_undo", "block_id": "b", "type": "button", "value": "x"}]}
IN_CHANNEL = {"channel": {"id": ADMIN}, "container": {"type": "message", "channel_id": ADMIN}}
VIEW = {"id": "V1", "type": "modal", "callback_id": "old_form", "private_metadata": "", "state": {"values": {}}}


async def test_a_button_of_an_earlier_version_is_explained(bot: Bot) -> None:
    """To the person alone, where they pressed it."""
    answer = await bot.interaction("U03CAROL", "block_actions", **BUTTON, **IN_CHANNEL)
    assert (answer.status_code, answer.text) == (200, "")
    assert (await bot.sees("U03CAROL", "no longer has this button"))["ephemeral"]


async def test_a_shortcut_that_only_slack_has_is_explained(bot: Bot) -> None:
    """Somebody added it to the app by hand."""
    more = {"callback_id": "ask_about_pod", "message": {"text": "pod"}, "channel": {"id": ADMIN}}
    assert (await bot.interaction("U03CAROL", "message_action", **more)).status_code == 200
    await bot.sees("U03CAROL", "doesn't have this shortcut")


async def test_another_slash_command_is_explained(bot: Bot) -> None:
    """SLACK_COMMAND and the app's own settings differ."""
    assert (await bot.command("U03CAROL", "keys list", command="/registry")).status_code == 200
    await bot.sees("U03CAROL", "answers /quay, not /registry")


async def test_a_form_of_an_earlier_version_is_explained_in_its_place(bot: Bot) -> None:
    """The window stays open and says so."""
    answer = (await bot.interaction("U03CAROL", "view_submission", view=VIEW)).json()
    assert answer["response_action"] == "update"
    assert "no longer has this form" in str(answer["view"])


async def test_a_field_of_an_earlier_version_offers_nothing(bot: Bot) -> None:
    """Slack says by itself that there is nothing."""
    asked = {"action_id": "find:pods", "block_id": "b", "value": "a", "view": VIEW}
    assert (await bot.interaction("U03CAROL", "block_suggestion", **asked)).json() == {"options": []}


@pytest.mark.parametrize(
    ("type_", "more"),
    [
        ("view_closed", {"view": VIEW, "is_cleared": False}),
        ("interactive_message", {"callback_id": "x", "actions": [{"name": "yes", "type": "button"}]}),
        ("dialog_cancellation", {"callback_id": "x", "channel": {"id": ADMIN}}),
    ],
)
async def test_kinds_of_deliveries_that_the_bot_does_not_know_are_acknowledged(
    bot: Bot, type_: str, more: dict[str, Any]
) -> None:
    """An empty answer: over a socket Slack would deliver anything else again."""
    answer = await bot.interaction("U03CAROL", type_, **more)
    assert (answer.status_code, answer.text) == (200, "")


async def test_errors_of_a_form_travel_in_the_acknowledgement(bot: Bot) -> None:
    """At the field; what is right closes the form."""
    await bot.person("say", "U03CAROL", text="/quay quota set team-alpha")
    view = await bot.modal("U03CAROL")
    values = {"field:limit": {"value": {"value": "100"}}}
    answer = await bot.person("submit", "U03CAROL", view_id=view["id"], values=values)
    assert "A size needs a unit" in answer["errors"]["field:limit"]
