"""Who caused a payload, and where an answer to it goes. Slack's payloads: https://docs.slack.dev/interactivity/

A body here was checked by `bot.web.payloads`. What it says of people is a name at best: whether somebody is a member of
our workspace is told by Slack when it is asked (`bot.slack.directory`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.permissions import Actor
from bot.slack.messages import HOME
from bot.storage.dedupe import DedupeKey

Body = Mapping[str, Any]
"""A payload's fields: those of a command's form, or the JSON of an interaction or an event."""


@dataclass(frozen=True)
class Origin:
    """Where a payload came from."""

    actor: Actor
    channel: str
    """The channel's id, HOME for the Home tab, or nothing where Slack doesn't name the channel: no rule holds there."""
    response_url: str = ""
    """Where an answer can be sent; empty for forms, the Home tab and events, which have none."""
    ephemeral: bool = False
    """Whether the message whose button they pressed is an ephemeral one."""

    @property
    def private(self) -> bool:
        """Whether the person alone sees the message whose button they pressed."""
        return self.ephemeral or self.channel.startswith("D")


@dataclass(frozen=True)
class Payload:
    """Something that Slack delivered."""

    body: Body
    origin: Origin
    once: DedupeKey
    """The right to handle it, which is taken once."""

    @property
    def id(self) -> str:
        """What is the same when a person does the same thing once more: a form's window, else the trigger."""
        return str(self.body["view"]["id"] if self.body.get("type") == "view_submission" else self.body["trigger_id"])

    @property
    def value(self) -> str:
        """What the pressed button carries, or the chosen option of a menu; empty if it carries nothing."""
        action = self.body["actions"][0]
        return str(action.get("selected_option", action).get("value", ""))


def origin_of(body: Body, workspace: str) -> Origin:
    """Read the origin of any payload; `workspace` is ours."""
    ephemeral = bool(body.get("container", {}).get("is_ephemeral"))
    return Origin(actor_of(body, workspace), channel_of(body), body.get("response_url", ""), ephemeral)


def actor_of(body: Body, workspace: str) -> Actor:
    """Read who caused any payload.

    Every team that a payload names has to be the workspace; else the actor is of the other team, and may do nothing.
    If it names none, as clicks do in an app that was installed for a whole organization, that proves nothing: the
    actor is taken for somebody of the workspace, and Slack is asked whether they are. The team that a user is said to
    be of is not looked at: a member of several workspaces has the one where they signed up.
    """
    user = body.get("user_id") or body.get("user", {}).get("id") or body["event"]["user"]
    named = (body.get("team_id"), body.get("team", {}).get("id"), body.get("view", {}).get("app_installed_team_id"))
    return Actor(next((team for team in named if team not in {None, workspace}), workspace), user)


def channel_of(body: Body) -> str:
    """Read the channel of any payload: HOME for the Home tab, nothing where Slack doesn't name one.

    A form carries the channel in which it was asked for.
    """
    if "channel_id" in body:
        return str(body["channel_id"])
    view = body.get("view", {})
    if "event" in body or view.get("type") == "home":
        return HOME
    if carried := view.get("private_metadata"):
        return _carried_channel(carried)
    return str(body.get("channel", {}).get("id") or body.get("container", {}).get("channel_id") or "")


def _carried_channel(metadata: str) -> str:
    try:
        carried = json.loads(metadata)
    except ValueError:
        return ""
    channel = carried.get("channel") if isinstance(carried, dict) else None
    return channel if isinstance(channel, str) else ""
