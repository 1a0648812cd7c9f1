"""What is delivered: the bodies of commands and interactions. Events are in `events.py`."""

from sandbox.slack.model import APP_ID, Channel, Json, Person, StoredMessage, View
from sandbox.slack.objects import message_object, view_object
from sandbox.slack.simulation import Simulation
from sandbox.slack.workspace import Workspace

TOKEN = "sandbox-verification-token"
_OTHER_DOMAIN = "acme"


def command(slack: Simulation, person: Person, channel: Channel, text: str) -> dict[str, str]:
    """A slash command. It names the workspace where it was typed; a stranger types it in their own."""
    workspace = slack.workspace
    own = workspace.id in {person.team_id, *person.teams} and not person.is_stranger
    return {
        "token": TOKEN,
        "team_id": workspace.id if own else person.team_id,
        "team_domain": workspace.domain if own else _OTHER_DOMAIN,
        "channel_id": channel.id,
        "channel_name": _channel_name(channel),
        "user_id": acting(person),
        "user_name": person.name,
        "command": slack.settings.command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "true" if workspace.is_org_install else "false",
        **_organization(workspace),
        "response_url": _response_url(slack, channel, person),
        "trigger_id": slack.tickets.new_trigger(person.id),
    }


def message_action(slack: Simulation, person: Person, message: StoredMessage, action: Json, state: Json) -> Json:
    """block_actions of a message. Of an ephemeral one Slack does not send the message itself."""
    channel = slack.workspace.channels[message.channel]
    payload = {
        "type": "block_actions",
        **_common(slack, person),
        **_place(channel, message),
        "trigger_id": slack.tickets.new_trigger(person.id),
        "state": {"values": state},
        "response_url": _response_url(slack, channel, person, message),
        "actions": [action],
    }
    return payload if message.only_for else payload | {"message": message_object(message)}


def view_action(slack: Simulation, person: Person, view: View, action: Json) -> Json:
    """block_actions of a modal or a Home tab."""
    return {
        "type": "block_actions",
        **_common(slack, person),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": slack.tickets.new_trigger(person.id, view),
        "view": view_object(slack.workspace, view),
        "actions": [action],
    }


def view_submission(slack: Simulation, person: Person, view: View) -> Json:
    """A modal's submit button."""
    return {
        "type": "view_submission",
        **_common(slack, person),
        "trigger_id": slack.tickets.new_trigger(person.id, view),
        "view": view_object(slack.workspace, view),
        "response_urls": [],
    }


def view_closed(slack: Simulation, person: Person, view: View, *, cleared: bool) -> Json:
    """A modal that asked to be told about its end."""
    return {
        "type": "view_closed",
        **_common(slack, person),
        "view": view_object(slack.workspace, view),
        "is_cleared": cleared,
        "response_urls": [],
    }


def suggestion(slack: Simulation, person: Person, source: View | StoredMessage, wanted: Json) -> Json:
    """block_suggestion; `wanted` has block_id, action_id and the value typed so far."""
    payload = {"type": "block_suggestion", **_common(slack, person), **wanted}
    if isinstance(source, View):
        container = {"type": "view", "view_id": source.id}
        return payload | {"container": container, "view": view_object(slack.workspace, source)}
    channel = slack.workspace.channels[source.channel]
    return payload | _place(channel, source) | {"message": message_object(source)}


def shortcut(slack: Simulation, person: Person, callback_id: str) -> Json:
    """A global shortcut."""
    return {
        "type": "shortcut",
        **_common(slack, person, app=False),
        "callback_id": callback_id,
        "trigger_id": slack.tickets.new_trigger(person.id),
        "action_ts": slack.workspace.new_ts(),
    }


def message_shortcut(slack: Simulation, person: Person, callback_id: str, message: StoredMessage) -> Json:
    """A shortcut that was chosen from the menu of a message, which comes with it."""
    channel = slack.workspace.channels[message.channel]
    return {
        "type": "message_action",
        **_common(slack, person, app=False),
        "callback_id": callback_id,
        "trigger_id": slack.tickets.new_trigger(person.id),
        "action_ts": slack.workspace.new_ts(),
        "message_ts": message.ts,
        "channel": {"id": channel.id, "name": _channel_name(channel)},
        "message": message_object(message),
        "response_url": _response_url(slack, channel, person),
    }


def _common(slack: Simulation, person: Person, *, app: bool = True) -> Json:
    """What all interactions tell. Where the app is installed for a whole organization, Slack names no team.

    `app`: whether it names the app, which shortcuts don't.
    """
    workspace = slack.workspace
    team = {"id": workspace.id, "domain": workspace.domain, **_organization(workspace)}
    enterprise = {"id": workspace.enterprise_id, "name": workspace.enterprise_name}
    return {
        **({"api_app_id": APP_ID} if app else {}),
        "token": TOKEN,
        "team": None if workspace.is_org_install else team,
        "is_enterprise_install": workspace.is_org_install,
        "user": {"id": acting(person), "username": person.name, "name": person.name, "team_id": person.team_id},
        **({"enterprise": enterprise} if workspace.enterprise_id else {}),
    }


def acting(person: Person) -> str:
    """The id that deliveries name a person by."""
    return person.acts_as or person.id


def _organization(workspace: Workspace) -> dict[str, str]:
    """The Enterprise Grid that a workspace is part of."""
    if not workspace.enterprise_id:
        return {}
    return {"enterprise_id": workspace.enterprise_id, "enterprise_name": workspace.enterprise_name}


def _place(channel: Channel, message: StoredMessage) -> Json:
    return {
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.only_for is not None,
        },
        "channel": {"id": channel.id, "name": _channel_name(channel)},
    }


def _channel_name(channel: Channel) -> str:
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def _response_url(slack: Simulation, channel: Channel, person: Person, message: StoredMessage | None = None) -> str:
    response_id = slack.tickets.new_response(channel.id, person.id, message)
    return f"{slack.settings.public_url}/hooks/response/{response_id}"
