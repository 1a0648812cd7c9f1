"""Who caused a payload, and where an answer to it goes. Slack's payloads: https://docs.slack.dev/interactivity/"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.permissions import Actor
from bot.slack.messages import HOME

Body = Mapping[str, Any]
"""A payload as Slack delivers it: a command's form fields, or the JSON of an interaction or an event."""


@dataclass(frozen=True)
class Origin:
    """Where a payload came from."""

    actor: Actor
    channel: str
    """The channel's id, HOME for the Home tab, or nothing where Slack does not name the channel."""
    response_url: str = ""
    """Where an answer can be sent; empty for forms, the Home tab and events, which have none."""
    ephemeral: bool = False
    """Whether the message whose button they pressed is an ephemeral one."""

    @property
    def private(self) -> bool:
        """Whether the person alone sees the message whose button they pressed."""
        return self.ephemeral or self.channel.startswith("D")


def origin_of(body: Body) -> Origin:
    """Read the origin of any payload."""
    ephemeral = bool(body.get("container", {}).get("is_ephemeral"))
    return Origin(actor_of(body), channel_of(body), str(body.get("response_url") or ""), ephemeral)


def actor_of(body: Body) -> Actor:
    """Read who caused any payload."""
    if "event" in body:
        return Actor(body["team_id"], body["event"]["user"])
    if "user_id" in body:
        return Actor(body["team_id"], body["user_id"])
    return Actor(body["team"]["id"], body["user"]["id"])


def channel_of(body: Body) -> str:
    """Read the channel of any payload. A form carries the channel in which it was asked for."""
    if "channel_id" in body:
        return str(body["channel_id"])
    if body.get("channel"):
        return str(body["channel"].get("id") or body.get("container", {}).get("channel_id") or "")
    carried = body.get("view", {}).get("private_metadata")
    return str(json.loads(carried)["channel"]) if carried else HOME


def value_of(body: Body) -> str:
    """Read what the pressed button carries, or the chosen option of a menu."""
    action = body["actions"][0]
    return str(action["selected_option"]["value"] if "selected_option" in action else action["value"])
