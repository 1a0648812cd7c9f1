"""What Slack hands out with a delivery and takes back for a while: trigger ids, response URLs, links."""

import uuid
from dataclasses import dataclass, field
from math import inf

from sandbox.slack.errors import SlackError
from sandbox.slack.model import StoredMessage, View
from sandbox.slack.workspace import Workspace

TRIGGER_SECONDS = 3
RESPONSE_SECONDS = 30 * 60
RESPONSE_USES = 5


@dataclass
class Trigger:
    """The right to open one view for a person; `view` is the view in which it arose."""

    user: str
    issued: float
    view: View | None = None
    used: bool = False


@dataclass
class ResponseUrl:
    """The right to answer in a channel; `message` is the message whose click it came with."""

    channel: str
    user: str
    issued: float
    message: StoredMessage | None = None
    uses: int = 0


@dataclass
class Tickets:
    """All trigger ids and response URLs of a workspace."""

    workspace: Workspace
    _triggers: dict[str, Trigger] = field(default_factory=dict)
    _responses: dict[str, ResponseUrl] = field(default_factory=dict)
    _links: set[str] = field(default_factory=set)

    def new_trigger(self, user: str, view: View | None = None) -> str:
        """Issue a trigger id."""
        trigger_id = f"{len(self._triggers) + 1}.{int(self.workspace.now())}.{uuid.uuid4().hex}"
        self._triggers[trigger_id] = Trigger(user, self.workspace.now(), view)
        return trigger_id

    def exchange(self, trigger_id: str) -> Trigger:
        """Take a trigger id back. It works once, for 3 s.

        Raises SlackError: invalid_trigger_id, exchanged_trigger_id, expired_trigger_id.
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self.workspace.now() - trigger.issued > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_response(self, channel: str, user: str, message: StoredMessage | None = None) -> str:
        """Issue the id of a response URL."""
        response_id = uuid.uuid4().hex
        self._responses[response_id] = ResponseUrl(channel, user, self.workspace.now(), message)
        return response_id

    def find_response(self, response_id: str) -> ResponseUrl | None:
        """Look up a response URL, valid or not."""
        return self._responses.get(response_id)

    def response(self, response_id: str) -> ResponseUrl:
        """Look at a response URL that still works: five times, for half an hour.

        Raises SlackError: expired_url, used_url.
        """
        found = self._responses.get(response_id)
        if found is None or self.workspace.now() - found.issued > RESPONSE_SECONDS:
            raise SlackError("expired_url")
        if found.uses >= RESPONSE_USES:
            raise SlackError("used_url")
        return found

    def new_link(self) -> str:
        """Issue a ticket for one WebSocket."""
        ticket = uuid.uuid4().hex
        self._links.add(ticket)
        return ticket

    def use_link(self, ticket: str) -> bool:
        """Redeem a WebSocket ticket; False if it is unknown or used."""
        known = ticket in self._links
        self._links.discard(ticket)
        return known

    def expire(self) -> None:
        """Expire all trigger ids and response URLs issued so far."""
        for trigger in self._triggers.values():
            trigger.issued = -inf
        for response in self._responses.values():
            response.issued = -inf
