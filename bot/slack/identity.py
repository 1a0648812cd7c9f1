"""Which Slack app the bot is, told by Slack itself."""

from slack_sdk.web.async_client import AsyncWebClient


class NoApp(Exception):
    """Slack doesn't say which app the bot token belongs to."""


async def app_id_of(web: AsyncWebClient, workspace: str) -> str:
    """The id of the app that the bot token belongs to, such as A0123ABCD.

    `auth.test` tells a bot token's bot, and `bots.info` (scope `users:read`) that bot's app. `workspace` is used by
    tokens of an organization alone. Raises NoApp, or what a call to Slack may raise.
    https://docs.slack.dev/reference/methods/bots.info
    """
    bot = (await web.auth_test()).get("bot_id")
    if not bot:
        raise NoApp
    found = (await web.bots_info(bot=bot, team_id=workspace)).get("bot") or {}
    if not found.get("app_id"):
        raise NoApp
    return str(found["app_id"])
