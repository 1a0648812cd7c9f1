"""A simulated Slack workspace: who is in it, what was said in it, and which views are open."""

import random
import string
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from sandbox.slack.feed import Feed
from sandbox.slack.model import (
    BOT_USER,
    INTERACTIVE,
    Channel,
    Json,
    Person,
    StoredFile,
    StoredMessage,
    UserGroup,
    View,
    action_ids,
)

Clock = Callable[[], datetime]
Happening = Literal["posted", "changed", "deleted"]
Listener = Callable[[Happening, StoredMessage, StoredMessage], None]
"""Called with what happened, the message as it is now and as it was before."""


@dataclass
class Workspace:
    """A whole workspace. `clock` gives the current time, timezone-aware and in UTC.

    `stacks` holds each person's open modals, the last one on top; `homes` each one's Home tab.
    User groups are a feature of paid plans. With an `enterprise_id` the workspace is part of an Enterprise Grid, and
    with `is_org_install` the app was installed for all of that. `listeners` hear of every message.
    """

    id: str = "T0SANDBOX"
    name: str = "Sandbox"
    domain: str = "sandbox"
    clock: Clock = lambda: datetime.now(UTC)
    people: dict[str, Person] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    groups: dict[str, UserGroup] = field(default_factory=dict)
    messages: dict[str, list[StoredMessage]] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    stacks: dict[str, list[View]] = field(default_factory=dict)
    homes: dict[str, View] = field(default_factory=dict)
    has_user_groups: bool = True
    enterprise_id: str = ""
    enterprise_name: str = "Sandbox Org"
    is_org_install: bool = False
    listeners: list[Listener] = field(default_factory=list)
    feed: Feed = field(default_factory=Feed)
    _random: random.Random = field(default_factory=lambda: random.Random(1))
    _last_ts: int = 0

    def now(self) -> float:
        """Tell the time as seconds since the epoch."""
        return self.clock().timestamp()

    def new_ts(self) -> str:
        """Make a timestamp that names a message: always later than the last one."""
        self._last_ts = max(self._last_ts + 1, int(self.now() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06}"

    def new_id(self, prefix: str, length: int = 10) -> str:
        """Make an id such as Slack's: a letter that tells the kind, then capitals and digits."""
        return prefix + "".join(self._random.choices(string.ascii_uppercase + string.digits, k=length))

    def find_person(self, user_id: str) -> Person | None:
        """Find a person by either id."""
        by_other_id = (one for one in self.people.values() if user_id and one.enterprise_user_id == user_id)
        return self.people.get(user_id) or next(by_other_id, None)

    def person_named(self, name: str) -> Person | None:
        """Find a person by the name that one types after an @."""
        return next((person for person in self.people.values() if person.name == name), None)

    def channel_named(self, name: str) -> Channel | None:
        """Find a channel by the name that one types after a #."""
        return next((one for one in self.channels.values() if one.name == name and not one.is_im), None)

    def find_channel(self, wanted: str) -> Channel | None:
        """Find a channel by its id or name, or by the person whose direct messages with the bot it is."""
        person = self.find_person(wanted)
        if person:
            return self.channels.get(_im_id(person.id))
        return self.channels.get(wanted) or self.channel_named(wanted.lstrip("#"))

    def direct_messages(self, user: str) -> Channel:
        """The direct messages between a person and the bot, opened where they were not yet."""
        im_id = _im_id(user)
        if im_id not in self.channels:
            self.channels[im_id] = Channel(im_id, "", {user, BOT_USER}, is_private=True, is_im=True)
            self.feed.publish("channels")
        return self.channels[im_id]

    def post(
        self,
        channel: str,
        user: str,
        text: str,
        blocks: list[Json] | None = None,
        *,
        only_for: str | None = None,
        thread_ts: str | None = None,
        broadcast: bool = False,
        file: StoredFile | None = None,
    ) -> StoredMessage:
        """Add a message; nothing is checked but ids are given to blocks that have none."""
        shown = self.with_ids(blocks or [])
        message = StoredMessage(self.new_ts(), channel, user, text, shown, only_for, thread_ts, broadcast, file=file)
        self.messages.setdefault(channel, []).append(message)
        self._tell("posted", message, message)
        return message

    def find_message(self, channel: str, ts: str) -> StoredMessage | None:
        """Find a message, ephemeral ones too."""
        return next((one for one in self.messages.get(channel, ()) if one.ts == ts), None)

    def has_thread(self, channel: str, ts: str) -> bool:
        """Say whether one can reply: to a message that is there, or to one that was deleted and had replies."""
        return any(one.only_for is None and ts in {one.ts, one.thread_ts} for one in self.messages.get(channel, ()))

    def change_message(self, message: StoredMessage, text: str, blocks: list[Json]) -> None:
        """Put something else in a message's place."""
        before = replace(message)
        message.text, message.blocks = text, self.with_ids(blocks)
        message.edited, message.warnings = True, {}
        self._tell("changed", message, before)

    def delete_message(self, message: StoredMessage) -> None:
        """Take a message away."""
        self.messages[message.channel].remove(message)
        self._tell("deleted", message, message)

    def _tell(self, what: Happening, message: StoredMessage, before: StoredMessage) -> None:
        self.feed.publish("messages", message.channel)
        for listener in self.listeners:
            listener(what, message, before)

    def warn(self, message: StoredMessage, block_id: str, warning: str | None) -> None:
        """Put a warning beside a block, or take it away."""
        if message.warnings.get(block_id) == warning:
            return
        message.warnings.pop(block_id, None)
        if warning:
            message.warnings[block_id] = warning
        self.feed.publish("messages", message.channel)

    def with_ids(self, blocks: list[Json]) -> list[Json]:
        """The blocks with ids for those blocks and elements that have none."""
        return [self._with_ids(block) for block in blocks]

    def _with_ids(self, block: Json) -> Json:
        block = {"type": block["type"], **block, "block_id": block.get("block_id") or self.new_id("", 5)}
        member = INTERACTIVE.get(block["type"])
        if member == "elements":
            block[member] = [self._with_action_id(element) for element in block[member]]
        elif member and member in block:
            block[member] = self._with_action_id(block[member])
        return block

    def _with_action_id(self, element: Json) -> Json:
        if element["type"] == "image":
            return element
        return {**element, "action_id": element.get("action_id") or self.new_id("", 5)}

    def stack(self, user: str) -> list[View]:
        """The modals that a person has open, the last one on top."""
        return self.stacks.setdefault(user, [])

    def open_view(self, user: str, content: Json, *, on_top: bool) -> View:
        """Open a modal: on top of those that are open, or in their place."""
        stack = self.stack(user)
        if not on_top:
            stack.clear()
        view = self._new_view(user, content)
        if stack:
            view.root_view_id, view.previous_view_id = stack[0].id, stack[-1].id
        stack.append(view)
        self.feed.publish("views")
        return view

    def change_view(self, view: View, content: Json) -> None:
        """Show something else in a view; what was entered stays where its element stays."""
        view.content = {**content, "blocks": self.with_ids(content.get("blocks", []))}
        view.hash = self._new_hash()
        kept = {(block["block_id"], action) for block in view.content["blocks"] for action in action_ids(block)}
        view.values = {
            block: entered
            for block, held in view.values.items()
            if (entered := {action: value for action, value in held.items() if (block, action) in kept})
        }
        self.feed.publish("home" if view.content["type"] == "home" else "views")

    def close_views(self, user: str, views: list[View]) -> None:
        """Close some of a person's modals."""
        self.stacks[user] = [view for view in self.stack(user) if view not in views]
        self.feed.publish("views")

    def publish_home(self, user: str, content: Json) -> View:
        """Show something in a person's Home tab."""
        view = self.homes.setdefault(user, self._new_view(user, content))
        self.change_view(view, content)
        return view

    def find_view(self, view_id: str) -> View | None:
        """Find an open view of anybody."""
        open_views = [view for stack in self.stacks.values() for view in stack] + list(self.homes.values())
        return next((view for view in open_views if view.id == view_id), None)

    def _new_view(self, user: str, content: Json) -> View:
        view_id = self.new_id("V")
        shown = {**content, "blocks": self.with_ids(content.get("blocks", []))}
        return View(view_id, user, shown, self._new_hash(), view_id)

    def _new_hash(self) -> str:
        return f"{int(self.now())}.{self.new_id('', 8)}"


def _im_id(user: str) -> str:
    return f"D{user.removeprefix('U')}"
