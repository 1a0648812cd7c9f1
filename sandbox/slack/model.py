"""What a simulated workspace consists of: people, channels, user groups, messages, files and views."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Posting = Literal["everything", "nothing", "replies"]
Kind = Literal["member", "guest", "deactivated", "stranger", "bot"]

BOT_USER = "U0BOT"
BOT_ID = "B0BOT"
APP_ID = "A0SANDBOX"
SLACKBOT = "USLACKBOT"
STACK_LIMIT = 3
INTERACTIVE = {"actions": "elements", "input": "element", "section": "accessory"}


@dataclass
class Person:
    """Somebody whom the workspace knows, the bot included.

    In an Enterprise Grid a person may belong to several workspaces, `teams`, and has a second id that starts with W;
    `acts_as` is the id that deliveries name, where it is not `id`. `info` stands for what users.info answers instead.
    """

    id: str
    name: str
    real_name: str
    email: str = ""
    team_id: str = "T0SANDBOX"
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    deleted: bool = False
    is_bot: bool = False
    is_stranger: bool = False
    teams: list[str] = field(default_factory=list)
    enterprise_user_id: str = ""
    acts_as: str = ""
    info: Json | None = None
    tz: str = "Europe/Berlin"
    color: str = "64748b"

    @property
    def kind(self) -> Kind:
        """What the person is to the workspace, in one word."""
        if self.is_bot:
            return "bot"
        if self.is_stranger:
            return "stranger"
        if self.deleted:
            return "deactivated"
        return "guest" if self.is_restricted or self.is_ultra_restricted else "member"


@dataclass
class Channel:
    """A channel, or with `is_im` one person's direct messages with the bot.

    `posting` says what the bot may post, whom administrators did not allow to post everything.
    """

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    is_private: bool = False
    is_ext_shared: bool = False
    is_im: bool = False
    is_archived: bool = False
    posting: Posting = "everything"
    is_threadable: bool = True


@dataclass
class UserGroup:
    """A user group; its id starts with S."""

    id: str
    handle: str
    name: str
    users: list[str]
    is_disabled: bool = False


@dataclass
class StoredFile:
    """A file that was uploaded; `content` is None until the bytes have come."""

    id: str
    name: str
    length: int
    content: bytes | None = None
    title: str = ""


@dataclass(eq=False)
class StoredMessage:
    """A message. One with `only_for` is ephemeral: that person alone sees it. `warnings` stand beside blocks.

    With `broadcast`, a reply is shown in the channel as well.
    """

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    only_for: str | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    edited: bool = False
    file: StoredFile | None = None
    warnings: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class View:
    """A modal or a Home tab as one person has it. `content` is what the app sent."""

    id: str
    user: str
    content: Json
    hash: str
    root_view_id: str
    previous_view_id: str | None = None
    values: Json = field(default_factory=dict)


def action_ids(block: Json) -> Iterator[str]:
    """The action ids of a block's interactive elements."""
    for element in interactive(block):
        yield element["action_id"]


def interactive(block: Json) -> Iterator[Json]:
    """The interactive elements of a block that was given ids."""
    member = INTERACTIVE.get(block["type"])
    found = block.get(member) if member else None
    for element in found if isinstance(found, list) else [found] if found else []:
        if element["type"] != "image":
            yield element
