"""Direct messages and mentions as events, with subscription and scope."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

ADMIN, DIRECT = "C0REGADMIN", "D01ALICE"


@pytest.fixture
async def subscribed(slack: Any) -> None:
    """The app has the subscriptions and scopes for direct messages and mentions."""
    await slack.switch("subscriptions", events=["app_home_opened", "message.im", "app_mention"])
    await slack.http.post("/sandbox/slack/scopes", json={"add": ["im:history", "app_mentions:read"]})


async def events(bot: Any, count: int) -> list[dict[str, Any]]:
    return [one.event["event"] for one in await bot.got_so_many(count)]


async def test_messages_need_a_subscription_and_a_scope(slack: Any, bot: Any) -> None:
    """One alone isn't enough."""
    await slack.do("say", channel=DIRECT, text="hello")
    await slack.http.post("/sandbox/slack/scopes", json={"add": ["im:history"]})
    await slack.do("say", channel=DIRECT, text="hello?")
    await slack.switch("subscriptions", events=["message.im", "app_mention"])
    await slack.do("say", channel=ADMIN, text="@quaymaster hello")
    await slack.do("open_home")
    await slack.do("say", channel=DIRECT, text="at last")
    [event] = await events(bot, 1)
    assert event["text"] == "at last"


async def test_a_direct_message_is_an_event(slack: Any, bot: Any, subscribed: None) -> None:
    """With the text as Slack escapes it."""
    await slack.do("say", channel=DIRECT, text="quota of team-ml & @bob")
    [delivery] = await bot.got_so_many(1)
    assert delivery.event["type"] == "event_callback"
    assert delivery.event["team_id"] == "T0SANDBOX"
    event = delivery.event["event"]
    assert (event["type"], event["channel_type"], event["channel"]) == ("message", "im", DIRECT)
    assert (event["user"], event["team"]) == ("U01ALICE", "T0SANDBOX")
    assert event["text"] == "quota of team-ml &amp; <@U02BOB|bob>"
    assert event["event_ts"] == event["ts"]
    assert "bot_id" not in event


async def test_the_bots_own_messages_are_events_too(
    slack: Any, web: AsyncWebClient, bot: Any, subscribed: None
) -> None:
    """So are edits and deletions; ephemeral messages aren't."""
    ts = str((await web.chat_postMessage(channel="U01ALICE", text="one"))["ts"])
    await bot.got_so_many(1)
    await web.chat_update(channel=DIRECT, ts=ts, text="two")
    await bot.got_so_many(2)
    await web.chat_postEphemeral(channel=DIRECT, user="U01ALICE", text="for you")
    await slack.switch("delete_message", channel=DIRECT, ts=ts)
    posted, changed, deleted = await events(bot, 3)
    assert (posted["user"], posted["bot_id"], posted["text"]) == ("U0BOT", "B0BOT", "one")
    assert (changed["subtype"], changed["message"]["text"], changed["previous_message"]["text"]) == (
        "message_changed",
        "two",
        "one",
    )
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", ts)


async def test_a_mention_is_an_event_in_channels_the_bot_is_in(slack: Any, bot: Any, subscribed: None) -> None:
    """Other messages there aren't events. In a DM a mention is an ordinary message."""
    await slack.do("say", channel=ADMIN, text="nothing for the bot")
    await slack.do("say", channel="C0GENERAL", text="@quaymaster here?")
    await slack.do("say", channel=ADMIN, text="@quaymaster quota show team-ml")
    [mention] = await events(bot, 1)
    assert (mention["type"], mention["channel"]) == ("app_mention", ADMIN)
    assert mention["text"] == "<@U0BOT|quaymaster> quota show team-ml"
    assert "channel_type" not in mention
    await slack.do("say", channel=DIRECT, text="@quaymaster hello")
    _, message = await events(bot, 2)
    assert message["type"] == "message"


async def test_the_bot_can_mention_itself(slack: Any, web: AsyncWebClient, bot: Any, subscribed: None) -> None:
    """That is an event, too."""
    await web.chat_postMessage(channel=ADMIN, text="ask <@U0BOT> for help")
    [mention] = await events(bot, 1)
    assert (mention["type"], mention["user"], mention["bot_id"]) == ("app_mention", "U0BOT", "B0BOT")


async def test_a_mention_by_an_external_user_names_their_team(slack: Any, bot: Any, subscribed: None) -> None:
    """In a Slack Connect channel."""
    await slack.do("say", "U07STRANGER", channel="C0SHARED", text="@quaymaster help")
    [delivery] = await bot.got_so_many(1)
    assert delivery.event["is_ext_shared_channel"]
    assert (delivery.event["team_id"], delivery.event["event"]["team"]) == ("T0SANDBOX", "T0OTHER")


async def test_a_message_without_acknowledgement_is_retried(slack: Any, bot: Any, subscribed: None) -> None:
    """The same event id, with the number of the retry."""
    await slack.switch("irregularities", how="late", of="message")
    await slack.do("say", channel=DIRECT, text="hello")
    first, again = await bot.got_so_many(2)
    assert again.headers["x-slack-retry-num"] == "1"
    assert again.event["event_id"] == first.event["event_id"]
