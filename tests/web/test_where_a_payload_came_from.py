"""The person, the channel and the way back are read from every kind of payload, also where something is missing."""

import json
from typing import Any

import pytest

from bot.permissions import Actor
from bot.slack.messages import HOME
from bot.web.edge import Edge
from bot.web.origin import origin_of
from tests.web.conftest import ADMIN, TEAM, Bot

CAROL = {"team": {"id": "T1"}, "user": {"id": "U1"}}
FORM = {"type": "modal", "private_metadata": json.dumps({"command": "quota set", "channel": "C5"})}
URL = "https://hooks.slack.com/actions/1"
BY_MESSAGE = {"type": "message", "channel_id": "C6", "is_ephemeral": True}


@pytest.mark.parametrize(
    ("body", "channel", "url", "private"),
    [
        ({"team_id": "T1", "user_id": "U1", "channel_id": "C1", "response_url": URL}, "C1", URL, False),
        ({**CAROL, "channel": {"id": "C1"}, "response_url": URL}, "C1", URL, False),
        ({**CAROL, "channel": {"id": "D1"}, "response_url": URL}, "D1", URL, True),
        ({**CAROL, "channel": {"id": "C1"}, "container": BY_MESSAGE}, "C1", "", True),
        ({**CAROL, "channel": {"id": ""}, "container": BY_MESSAGE}, "C6", "", True),
        ({**CAROL, "container": BY_MESSAGE}, "C6", "", True),
        ({**CAROL, "channel": {"id": ""}}, "", "", False),
        ({**CAROL, "channel": {}, "container": {"type": "message"}}, "", "", False),
        ({**CAROL, "view": FORM}, "C5", "", False),
        ({**CAROL, "view": {"type": "home", "private_metadata": ""}}, HOME, "", False),
        ({"team_id": "T1", "event": {"type": "app_home_opened", "user": "U1"}}, HOME, "", False),
    ],
)
def test_the_origin_of_a_payload(body: dict[str, Any], channel: str, url: str, *, private: bool) -> None:
    """A channel that Slack doesn't name is none: never the Home tab, where other rules hold."""
    origin = origin_of(body, "T1")
    assert (origin.actor, origin.channel, origin.response_url) == (Actor("T1", "U1"), channel, url)
    assert origin.private is private


async def test_a_click_without_a_channel_is_answered(bot: Bot) -> None:
    """By a direct message, since nobody knows where else; no rule holds in no channel."""
    action = {"action_id": "menu:keys list", "block_id": "b", "type": "button", "value": "keys list"}
    answer = await bot.interaction("U03CAROL", "block_actions", actions=[action], channel={"id": ""})
    assert answer.status_code == 200
    await bot.sees("U03CAROL", "You may not do this here", channel=await bot.direct_messages("U03CAROL"))


async def test_look_again_names_nothing_to_those_who_cannot_read_it(bot: Bot) -> None:
    """Whoever has a change's id and no rights learns neither the command nor its target."""
    await bot.person("say", "U03CAROL", text="/quay quota set team-alpha 2TiB")
    card = await bot.sees("U03CAROL", "change_approve")
    record_id = card["blocks"][-1]["elements"][0]["value"]
    action = {"action_id": "look_again", "block_id": "b", "type": "button", "value": record_id}
    where = {"channel": {"id": ADMIN}, "container": {"type": "message", "channel_id": ADMIN}}
    await bot.interaction("U05GUEST", "block_actions", actions=[action], **where)
    assert "team-alpha" not in str((await bot.sees("U05GUEST", "You may not do this here"))["blocks"])
    await bot.interaction("U04DAVE", "block_actions", actions=[action], **where)
    await bot.sees("U04DAVE", "77.5 GiB")


async def test_details_of_what_is_no_key_say_so(bot: Bot, edge: Edge) -> None:
    """A record of another kind: the button's value is whatever was sent."""
    await bot.person("say", "U03CAROL", text="/quay quota set team-alpha 2TiB")
    card = await bot.sees("U03CAROL", "change_approve")
    person = await edge.keys.authorization.person(Actor(TEAM, "U02BOB"))
    said = await edge.keys.key_details.show(card["blocks"][-1]["elements"][0]["value"], person)
    assert "has no service key to show" in said.text
