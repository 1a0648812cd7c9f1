"""The control door, under `/sandbox/slack/`: what a workspace administrator changes.

- `POST channel` (fields of `ChannelChange`): create or change a channel; fields left out stay as they are
- `POST group` (fields of `GroupChange`): create, change or remove a user group
- `POST person` (fields of `PersonChange`): create, change or remove a person
- `POST workspace` (fields of `WorkspaceChange`): the plan, and the Enterprise Grid that the workspace belongs to
- `POST delete_message` {"channel", "ts"}: delete a message of anyone
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict
from starlette.routing import Route

from sandbox.slack.control import Switch, switching
from sandbox.slack.model import Channel, Json, Person, Posting, UserGroup
from sandbox.slack.workspace import Workspace


class _Change(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str

    def settings(self, *leaving_out: str) -> Json:
        """The fields that were given."""
        return self.model_dump(exclude={"id", *leaving_out}, exclude_unset=True)


class ChannelChange(_Change):
    """A new or changed channel; a new one needs a name. `join` and `leave` take ids, `U0BOT` for the bot."""

    name: str = ""
    is_private: bool = False
    is_ext_shared: bool = False
    is_archived: bool = False
    posting: Posting = "everything"
    is_threadable: bool = True
    join: set[str] = set()
    leave: set[str] = set()


class PersonChange(_Change):
    """A new or changed person; a new one needs a name. `model.Person` explains the fields."""

    name: str = ""
    real_name: str = ""
    email: str = ""
    team_id: str = ""
    teams: list[str] = []
    enterprise_user_id: str = ""
    acts_as: str = ""
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_bot: bool = False
    deleted: bool = False
    info: Json | None = None
    removed: Literal[True] | None = None


class WorkspaceChange(BaseModel):
    """The plan (without user groups: a free one) and how the app is installed in an Enterprise Grid."""

    model_config = ConfigDict(extra="forbid")

    has_user_groups: bool = True
    enterprise_id: str = ""
    enterprise_name: str = ""
    is_org_install: bool = False


class GroupChange(_Change):
    """A new or changed user group; a new one needs a handle."""

    handle: str = ""
    name: str = ""
    users: list[str] = []
    is_disabled: bool = False
    removed: Literal[True] | None = None


class Administration:
    """Control endpoints of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def routes(self) -> list[Route]:
        """The routes, relative to the door."""
        switches: dict[str, Switch] = {
            "channel": self._change_channel,
            "group": self._change_group,
            "person": self._change_person,
            "workspace": self._change_workspace,
            "delete_message": self._delete_message,
        }
        return [Route(f"/{name}", switching(switch), methods=["POST"]) for name, switch in switches.items()]

    async def _change_channel(self, wish: Json) -> Json:
        change = ChannelChange(**wish)
        channel = self._workspace.channels.get(change.id)
        if channel is None:
            channel = self._workspace.channels[change.id] = Channel(change.id, wish["name"])
        for name, value in change.settings("join", "leave").items():
            setattr(channel, name, value)
        channel.members = (channel.members | change.join) - change.leave
        self._workspace.feed.publish("channels")
        return {}

    async def _change_group(self, wish: Json) -> Json:
        change = GroupChange(**wish)
        groups = self._workspace.groups
        if change.removed:
            del groups[change.id]
        else:
            group = groups.get(change.id) or UserGroup(change.id, wish["handle"], wish["handle"], [])
            for name, value in change.settings("removed").items():
                setattr(group, name, value)
            groups[group.id] = group
        self._workspace.feed.publish("channels")
        return {}

    async def _change_workspace(self, wish: Json) -> Json:
        change = WorkspaceChange(**wish)
        for name, value in change.model_dump(exclude_unset=True).items():
            setattr(self._workspace, name, value)
        return {}

    async def _change_person(self, wish: Json) -> Json:
        change = PersonChange(**wish)
        people = self._workspace.people
        if change.removed:
            del people[change.id]
        else:
            person = people.get(change.id) or Person(change.id, wish["name"], wish["name"], team_id=self._workspace.id)
            for name, value in change.settings("removed").items():
                setattr(person, name, value)
            people[person.id] = person
        self._workspace.feed.publish("channels")
        return {}

    async def _delete_message(self, wish: Json) -> Json:
        message = self._workspace.find_message(wish["channel"], wish["ts"])
        if message is None:
            raise KeyError(wish["ts"])
        self._workspace.delete_message(message)
        return {}
