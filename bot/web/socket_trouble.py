"""Why a connection of Socket Mode can't be opened, and what somebody has to do about it."""

from datetime import timedelta
from typing import Literal

from bot.slack.messenger import reason_of, retry_after

Setting = Literal["SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"]
_REFUSALS = frozenset(
    {"invalid_auth", "not_authed", "not_allowed_token_type", "account_inactive", "token_revoked", "token_expired"}
)
_GET: dict[Setting, str] = {
    "SLACK_APP_TOKEN": "On the app's Basic Information page, generate an app-level token with connections:write",
    "SLACK_BOT_TOKEN": "Copy the bot token from the app's Install App page",
}
_LACKS: dict[Setting, str] = {
    "SLACK_APP_TOKEN": "It has no scope connections:write. Generate an app-level token that has it, and restart.",
    "SLACK_BOT_TOKEN": "It has no scope users:read. Add the scope, reinstall the app, and restart.",
}
_DISCONNECTED = {
    "link_disabled": "Socket Mode is off for this Slack app. Turn it on in the app's settings, under Socket Mode.",
    "too_many_websockets": "The Slack app has ten connections open, its limit. Each process needs two; run fewer.",
}


class Unavailable(Exception):
    """A connection can't be opened now. Says why and, if somebody has to do something, what."""

    def __init__(self, sentence: str, reason: str, wait: timedelta = timedelta(0)) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.wait = wait
        """How long Slack wants to be left alone."""


def failed(setting: Setting, failure: Exception) -> Unavailable:
    """A call to Slack with the token of a setting failed, or its connection did."""
    reason = reason_of(failure)
    if wait := retry_after(failure):
        return Unavailable(f"Slack asks the bot to wait {wait.total_seconds():.0f} s.", "ratelimited", wait)
    if reason in _REFUSALS:
        return Unavailable(f"Slack refuses {setting} ({reason}). {_GET[setting]}, and restart.", reason)
    if reason == "missing_scope":
        return Unavailable(f"Slack refuses {setting} (missing_scope). {_LACKS[setting]}", reason)
    return Unavailable(f"Slack can't be reached ({reason}). The bot keeps trying.", reason)


def disconnected(reason: str) -> Unavailable:
    """Slack said no instead of hello."""
    told = f"Slack closed the connection before it was ready ({reason[:40]}). The bot keeps trying."
    return Unavailable(_DISCONNECTED.get(reason, told), reason[:40])


def insecure() -> Unavailable:
    """Slack's Web API is reached with TLS, and the address for the connection has none."""
    return Unavailable("Slack gave an address without TLS. Check SLACK_API_URL and any proxy.", "insecure_address")


def no_app() -> Unavailable:
    """Slack doesn't say what the bot's own app is, so nothing could be told apart from what is for another one."""
    return Unavailable(f"Slack doesn't say which app SLACK_BOT_TOKEN is from. {_GET['SLACK_BOT_TOKEN']}.", "no_app")


def other_app(of_app_token: str, of_bot_token: str) -> Unavailable:
    """The two tokens are not from one app."""
    said = f"SLACK_APP_TOKEN is from app {of_app_token}, SLACK_BOT_TOKEN from {of_bot_token}. Take both from one app."
    return Unavailable(said, "other_app")
