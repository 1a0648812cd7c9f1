"""User groups that permissions.yaml names and Slack doesn't have."""

from collections.abc import Mapping

from bot.slack.messages import Message
from bot.views.blocks import context, message, section
from bot.views.text import code, escape

_REASONS = {
    "no_such_subteam": "doesn't exist in Slack",
    "subteam_disabled": "is disabled in Slack",
    "plan_upgrade_required": "can't be used: this Slack plan has no user groups",
    "missing_scope": "can't be read: the app lacks the scope usergroups:read",
}


def sentence(group: str, word: str) -> str:
    """What is wrong with a group, and what follows."""
    return (
        f"User group {group} {_reason(word)}. Nobody gets rights from it, and a deny that names it applies to everyone."
    )


def _reason(word: str) -> str:
    return _REASONS.get(word, f"can't be read: Slack says {word}")


def lost(groups: Mapping[str, str]) -> Message:
    """Which groups are lost, for the admin channel."""
    listed = [f"• {code(group)} {escape(_reason(word))}" for group, word in sorted(groups.items())]
    said = "permissions.yaml names user groups that Slack doesn't have"
    follows = "Nobody gets rights from them, and a deny that names one applies to everyone. Fix the file or the group."
    return message(said, (section("\n".join([f"⚠️ *{said}*", *listed])), context(follows)))


def all_found() -> Message:
    """Every group is there again."""
    said = "All user groups in permissions.yaml are available again."
    return message(said, (section(f"✅ {said}"),))
