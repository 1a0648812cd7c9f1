"""The Slack app's manifest: what to paste where Slack asks for one."""

from typing import Any

BOT_SCOPES = (
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "groups:read",
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
            "bot_user": {"display_name": "Quaymaster", "always_online": True},
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
            "interactivity": {"is_enabled": True, "request_url": endpoint},
            "org_deploy_enabled": False,
            "socket_mode_enabled": False,
        },
    }
