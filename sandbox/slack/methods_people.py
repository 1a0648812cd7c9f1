"""auth.test, bots.info, users.*, usergroups.*, team.info and conversations.*"""

from collections.abc import Mapping

from sandbox.slack.arguments import Arguments, Method, need_scope
from sandbox.slack.errors import SlackError
from sandbox.slack.model import APP_ID, BOT_ID, BOT_USER, Channel, Json, Person, UserGroup
from sandbox.slack.objects import channel_object, group_object, user_object
from sandbox.slack.rates import HUNDREDS, TIER_2, TIER_3, TIER_4
from sandbox.slack.simulation import Simulation

_TYPES = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read", "mpim": "mpim:read"}


def auth_test(slack: Simulation, _: Arguments) -> Json:
    """Tell whose token it is. Which app a bot belongs to is told by bots.info alone."""
    workspace = slack.workspace
    return {
        "url": f"https://{workspace.domain}.slack.com/",
        "team": workspace.name,
        "user": workspace.people[BOT_USER].name,
        "team_id": workspace.id,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": workspace.is_org_install,
        **({"enterprise_id": workspace.enterprise_id} if workspace.enterprise_id else {}),
    }


def bot_info(slack: Simulation, args: Arguments) -> Json:
    """Show a bot, with the app that it belongs to."""
    if args.required("bot") != BOT_ID:
        raise SlackError("bot_not_found")
    name = slack.workspace.people[BOT_USER].name
    return {"bot": {"id": BOT_ID, "deleted": False, "name": name, "app_id": APP_ID, "user_id": BOT_USER}}


def user_info(slack: Simulation, args: Arguments) -> Json:
    """Show a user, with the id that was asked for where there are two."""
    asked = args.required("user")
    person = slack.workspace.find_person(asked)
    if person is None:
        raise SlackError("user_not_found")
    return person.info if person.info is not None else {"user": {**_user(slack, person), "id": asked}}


def list_users(slack: Simulation, args: Arguments) -> Json:
    """List all users, strangers in shared channels too."""
    _need_team(slack, args)
    return args.page_of(list(slack.workspace.people.values()), "members", lambda one: _user(slack, one))


def find_user(slack: Simulation, args: Arguments) -> Json:
    """Find an active user by their address; strangers are never found."""
    email = args.required("email").lower()
    for person in slack.workspace.people.values():
        if person.email.lower() == email and person.kind in {"member", "guest"}:
            return {"user": _user(slack, person)}
    raise SlackError("users_not_found")


def list_groups(slack: Simulation, args: Arguments) -> Json:
    """List the user groups, disabled ones where they are asked for."""
    _need_user_groups(slack)
    _need_team(slack, args)
    shown = [
        group_object(
            slack.workspace, group, with_users=args.flag("include_users"), with_count=args.flag("include_count")
        )
        for group in slack.workspace.groups.values()
        if args.flag("include_disabled") or not group.is_disabled
    ]
    return {"usergroups": shown}


def list_group_users(slack: Simulation, args: Arguments) -> Json:
    """List the members of a user group."""
    _need_user_groups(slack)
    _need_team(slack, args)
    group: UserGroup | None = slack.workspace.groups.get(args.required("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    if group.is_disabled and not args.flag("include_disabled"):
        raise SlackError("subteam_disabled")
    return {"users": group.users}


def team_info(slack: Simulation, args: Arguments) -> Json:
    """Show the workspace."""
    workspace = slack.workspace
    if args.has("team") and args.text("team") != workspace.id:
        raise SlackError("team_not_found")
    return {
        "team": {"id": workspace.id, "name": workspace.name, "domain": workspace.domain, "email_domain": "", "icon": {}}
    }


def conversation_info(slack: Simulation, args: Arguments) -> Json:
    """Show a channel that the bot may see."""
    channel = _visible(slack, args)
    shown = channel_object(slack.workspace, channel)
    return {"channel": shown | ({"num_members": len(channel.members)} if args.flag("include_num_members") else {})}


def list_conversations(slack: Simulation, args: Arguments) -> Json:
    """List the channels that the bot may see, of the types that are asked for."""
    _need_team(slack, args)
    types = [one.strip() for one in (args.text("types") or "public_channel").split(",")]
    if any(one not in _TYPES for one in types):
        raise SlackError("invalid_types")
    for one in types:
        need_scope(slack, _TYPES[one])
    channels = [
        channel
        for channel in slack.workspace.channels.values()
        if _type(channel) in types
        and (not channel.is_private or BOT_USER in channel.members)
        and not (channel.is_archived and args.flag("exclude_archived"))
    ]
    return args.page_of(channels, "channels", lambda one: channel_object(slack.workspace, one))


def conversation_members(slack: Simulation, args: Arguments) -> Json:
    """List who is in a channel."""
    return args.page_of(sorted(_visible(slack, args).members), "members")


def open_conversation(slack: Simulation, args: Arguments) -> Json:
    """Open the direct messages with one person."""
    users = [one for one in (args.text("users") or "").split(",") if one]
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > 1:
        raise SlackError("missing_scope", needed="mpim:write")
    person = slack.workspace.find_person(users[0])
    if person is None:
        raise SlackError("user_not_found")
    if person.deleted:
        raise SlackError("user_disabled")
    if person.kind not in {"member", "guest"}:
        raise SlackError("cannot_dm_bot" if person.is_bot else "user_not_visible")
    channel = slack.workspace.direct_messages(person.id)
    full = channel_object(slack.workspace, channel) if args.flag("return_im") else {"id": channel.id}
    return {"channel": full}


def _need_team(slack: Simulation, args: Arguments) -> None:
    """The token of an org-wide installation has to say which workspace is meant."""
    if slack.workspace.is_org_install and not args.has("team_id"):
        raise SlackError("missing_argument")


def _need_user_groups(slack: Simulation) -> None:
    if not slack.workspace.has_user_groups:
        raise SlackError("plan_upgrade_required")


def _user(slack: Simulation, person: Person) -> Json:
    return user_object(slack.workspace, person, with_email="users:read.email" in slack.settings.scopes)


def _type(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def _visible(slack: Simulation, args: Arguments) -> Channel:
    channel = slack.workspace.channels.get(args.required("channel"))
    if channel is None or (channel.is_private and BOT_USER not in channel.members):
        raise SlackError("channel_not_found")
    need_scope(slack, _TYPES[_type(channel)])
    return channel


PEOPLE_METHODS: Mapping[str, Method] = {
    "auth.test": Method(auth_test, HUNDREDS),
    "bots.info": Method(bot_info, TIER_3, "users:read"),
    "users.info": Method(user_info, TIER_4, "users:read"),
    "users.list": Method(list_users, TIER_2, "users:read"),
    "users.lookupByEmail": Method(find_user, TIER_3, "users:read.email"),
    "usergroups.list": Method(list_groups, TIER_2, "usergroups:read"),
    "usergroups.users.list": Method(list_group_users, TIER_2, "usergroups:read"),
    "team.info": Method(team_info, TIER_3, "team:read"),
    "conversations.info": Method(conversation_info, TIER_3),
    "conversations.list": Method(list_conversations, TIER_2),
    "conversations.members": Method(conversation_members, TIER_4),
    "conversations.open": Method(open_conversation, TIER_3, "im:write"),
}
