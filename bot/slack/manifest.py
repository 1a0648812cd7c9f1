"""The Slack app's manifest: what to paste where Slack asks for one."""

from typing import Any

BOT_SCOPES = (
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "files:write",
    "groups:read",
    "im:write",
    "usergroups:read",
    "users:read",
    "users:read.email",
)


def manifest(command: str, url: str) -> dict[str, Any]:
    """The manifest of an app that is reached at `url` (scheme and host of the bot)."""
    endpoint = f"{url.rstrip('/')}/slack/events"
    return {
        "display_information": {
            "name": "Quaymaster",
            "description": "Runs a Quay registry from Slack, through a gate",
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
                    "url": endpoint,
                    "description": "Keys, quotas and namespaces of the registry",
                    "usage_hint": "keys list | quota show NAMESPACE | help",
                    "should_escape": True,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(BOT_SCOPES)}},
        "settings": {
            "event_subscriptions": {"request_url": endpoint, "bot_events": ["app_home_opened"]},
            "interactivity": {
                "is_enabled": True,
                "request_url": endpoint,
                "message_menu_options_url": endpoint,
            },
            "org_deploy_enabled": False,
            "socket_mode_enabled": False,
        },
    }
