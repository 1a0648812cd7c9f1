"""The Slack app's manifest: what to paste where Slack asks for one, and the link that opens its form with it."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

REASONS: Mapping[str, str] = {
    "channels:read": "see whether a public channel exists, is archived or is shared with another company",
    "chat:write": "post cards, alerts and answers, and edit them",
    "chat:write.public": "post in public channels that nobody has invited it to",
    "commands": "have the slash command and the message shortcut",
    "files:write": "send a list or a build log as a file",
    "groups:read": "see the same of private channels that it is in",
    "im:write": "open a direct message with the requester of a change",
    "usergroups:read": "know the members of the user groups that permissions.yaml names",
    "users:read": "tell full members from guests, bots and people of other companies",
    "users:read.email": "find the members that permissions.yaml names by email address",
}
"""Every scope that the bot needs, and what for."""
BOT_SCOPES = tuple(REASONS)
_FORM = "https://api.slack.com/apps?new_app=1&manifest_json="


def manifest(command: str, url: str | None) -> dict[str, Any]:
    """The manifest of an app that Slack reaches at `url` (scheme and host of the bot), or by Socket Mode without one.

    Its fields: https://docs.slack.dev/reference/app-manifest
    """
    endpoint = None if url is None else f"{url.rstrip('/')}/slack/events"

    def reached_at(*names: str) -> dict[str, str]:
        return dict.fromkeys(names, endpoint) if endpoint else {}

    return {
        "display_information": {
            "name": "Quaymaster",
            "description": "Runs a Quay registry from Slack, with approvals",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Quaymaster", "always_online": True},
            "shortcuts": [
                {
                    "name": "Ask about this key",
                    "type": "message",
                    "callback_id": "ask_about_key",
                    "description": "Shows the service key that a message names",
                }
            ],
            "slash_commands": [
                {
                    "command": command,
                    **reached_at("url"),
                    "description": "Keys, quotas and namespaces of the registry",
                    "usage_hint": "keys list | quota show NAMESPACE | help",
                    "should_escape": True,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(BOT_SCOPES)}},
        "settings": {
            "event_subscriptions": {**reached_at("request_url"), "bot_events": ["app_home_opened"]},
            "interactivity": {"is_enabled": True, **reached_at("request_url", "message_menu_options_url")},
            "org_deploy_enabled": False,
            "socket_mode_enabled": endpoint is None,
            "token_rotation_enabled": False,
        },
    }


def form_link(made: Mapping[str, Any]) -> str:
    """The address that opens Slack's form for a new app with this manifest filled in."""
    return _FORM + quote(json.dumps(made, separators=(",", ":")), safe="")
