"""Events: app_home_opened, messages and app_mention. The bot's own messages are events, too."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sandbox.slack.deliveries import Deliveries
from sandbox.slack.model import APP_ID, BOT_USER, Channel, Json, Person, StoredMessage
from sandbox.slack.objects import message_object, view_object
from sandbox.slack.payloads import TOKEN, acting
from sandbox.slack.simulation import Simulation
from sandbox.slack.workspace import Happening

_MESSAGES: Mapping[str, tuple[str, str]] = {
    "im": ("message.im", "im:history"),
    "group": ("message.groups", "groups:history"),
    "channel": ("message.channels", "channels:history"),
}
"""Subscription and scope for messages, by type of channel."""
_MENTIONS = ("app_mention", "app_mentions:read")


def home_opened(slack: Simulation, person: Person) -> Json:
    """The event app_home_opened, with the published view if there is one."""
    workspace = slack.workspace
    view = workspace.homes.get(person.id)
    event = {
        "type": "app_home_opened",
        "user": acting(person),
        "channel": workspace.direct_messages(person.id).id,
        "tab": "home",
        "event_ts": workspace.new_ts(),
        **({"view": view_object(workspace, view)} if view else {}),
    }
    return envelope(slack, event)


def envelope(slack: Simulation, event: Json, *, shared: bool = False) -> Json:
    """The outer payload of an event."""
    workspace = slack.workspace
    bot = {
        "enterprise_id": workspace.enterprise_id or None,
        "team_id": None if workspace.is_org_install else workspace.id,
        "user_id": BOT_USER,
        "is_bot": True,
        "is_enterprise_install": workspace.is_org_install,
    }
    return {
        "token": TOKEN,
        "team_id": workspace.id,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": workspace.new_id("Ev"),
        "event_time": int(workspace.now()),
        "authorizations": [bot],
        "is_ext_shared_channel": shared,
        **({"enterprise_id": workspace.enterprise_id} if workspace.enterprise_id else {}),
    }


@dataclass
class MessageEvents:
    """Delivers messages of the bot's conversations as events, if the app has the subscription and the scope."""

    slack: Simulation
    deliveries: Deliveries

    def heard(self, what: Happening, message: StoredMessage, before: StoredMessage) -> None:
        """Deliver the events of a message in the background. Ephemeral messages have none."""
        channel = self.slack.workspace.channels.get(message.channel)
        if channel is None or message.only_for is not None or BOT_USER not in channel.members:
            return
        for event in self._events(channel, what, message, before):
            payload = envelope(self.slack, event, shared=channel.is_ext_shared)
            self.deliveries.event_later(payload)

    def _events(
        self, channel: Channel, what: Happening, message: StoredMessage, before: StoredMessage
    ) -> Iterator[Json]:
        kind = "im" if channel.is_im else "group" if channel.is_private else "channel"
        if self._subscribed(*_MESSAGES[kind]):
            yield {**self._about(what, message, before), "channel_type": kind}
        named = f"<@{BOT_USER}>" in message.text or f"<@{BOT_USER}|" in message.text
        if what == "posted" and kind != "im" and named and self._subscribed(*_MENTIONS):
            yield {**self._shown(message), "type": "app_mention", "event_ts": message.ts}

    def _subscribed(self, event: str, scope: str) -> bool:
        return event in self.slack.settings.events and scope in self.slack.settings.scopes

    def _about(self, what: Happening, message: StoredMessage, before: StoredMessage) -> Json:
        if what == "posted":
            return {**self._shown(message), "event_ts": message.ts}
        changed: Json = {"message": self._shown(message)} if what == "changed" else {"deleted_ts": message.ts}
        ts = self.slack.workspace.new_ts()
        return {
            "type": "message",
            "subtype": f"message_{what}",
            "hidden": True,
            "channel": message.channel,
            "previous_message": self._shown(before),
            **changed,
            "ts": ts,
            "event_ts": ts,
        }

    def _shown(self, message: StoredMessage) -> Json:
        """A message as events show it: with its author's team, and a client_msg_id unless the bot wrote it."""
        person = self.slack.workspace.people.get(message.user)
        own = {"client_msg_id": str(uuid.uuid4())} if message.user != BOT_USER else {}
        return {
            **message_object(message),
            **({"user": acting(person), "team": person.team_id} if person else {}),
            **({"subtype": "file_share"} if message.file else {}),
            **own,
        }
