"""What an administrator of the workspace does, through the sandbox's door under `/sandbox/slack/`.

- `POST channel`: make a channel, or change one (the members of `ChannelChange`; what is not named stays)
- `POST group`: make, change or remove a user group (the members of `GroupChange`)
- `POST person`: make, change or remove a person (the members of `PersonChange`)
- `POST workspace` (the members of `WorkspaceChange`): its plan, and the Enterprise Grid that it is part of
- `POST delete_message` {"channel", "ts"}: delete anybody's message
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
        """What was named of the thing's own settings."""
        return self.model_dump(exclude={"id", *leaving_out}, exclude_unset=True)


class ChannelChange(_Change):
    """What becomes of a channel; a new one needs a name. `join` and `leave` are people, the bot (`U0BOT`) included."""

    name: str = ""
    is_private: bool = False
    is_ext_shared: bool = False
    is_archived: bool = False
    posting: Posting = "everything"
    is_threadable: bool = True
    join: set[str] = set()
    leave: set[str] = set()


class PersonChange(_Change):
    """What becomes of a person; a new one needs a name. The members are those of `model.Person`."""

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
    """What becomes of the workspace: whether its plan has user groups, and how the app is installed in a Grid."""

    model_config = ConfigDict(extra="forbid")

    has_user_groups: bool = True
    enterprise_id: str = ""
    enterprise_name: str = ""
    is_org_install: bool = False


class GroupChange(_Change):
    """What becomes of a user group; a new one needs a handle."""

    handle: str = ""
    name: str = ""
    users: list[str] = []
    is_disabled: bool = False
    removed: Literal[True] | None = None


class Administration:
    """The endpoints over one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def routes(self) -> list[Route]:
        """Where everything is."""
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
