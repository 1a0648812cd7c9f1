"""People, channels, messages and views as Slack's API shows them."""

from sandbox.slack.model import (
    APP_ID,
    BOT_ID,
    BOT_USER,
    Channel,
    Json,
    Person,
    StoredFile,
    StoredMessage,
    UserGroup,
    View,
)
from sandbox.slack.workspace import Workspace


def user_object(workspace: Workspace, person: Person, *, with_email: bool) -> Json:
    """A user as users.info shows one; the address only with the scope users:read.email, never a stranger's."""
    profile: Json = {
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "team": person.team_id,
    }
    if with_email and person.email and not person.is_stranger:
        profile["email"] = person.email
    user: Json = {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "deleted": person.deleted,
        "profile": profile,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 0,
    }
    if person.is_stranger:
        user["is_stranger"] = True
    if person.enterprise_user_id and workspace.enterprise_id:
        user["enterprise_user"] = {
            "id": person.enterprise_user_id,
            "enterprise_id": workspace.enterprise_id,
            "enterprise_name": workspace.enterprise_name,
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "teams": person.teams or [person.team_id],
        }
    if person.deleted:
        return user
    return user | {
        "real_name": person.real_name,
        "color": person.color,
        "tz": person.tz,
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": person.is_ultra_restricted,
        "is_email_confirmed": True,
    }


def channel_object(workspace: Workspace, channel: Channel) -> Json:
    """A channel as conversations.info shows one."""
    common: Json = {
        "id": channel.id,
        "created": 0,
        "is_archived": channel.is_archived,
        "is_im": channel.is_im,
        "is_org_shared": False,
        "context_team_id": workspace.id,
    }
    if channel.is_im:
        return common | {"user": next(iter(channel.members - {BOT_USER})), "is_user_deleted": False}
    return common | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_general": channel.name == "general",
        "is_shared": channel.is_ext_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_pending_ext_shared": False,
        "is_member": BOT_USER in channel.members,
        "creator": "U01ALICE",
        "shared_team_ids": [workspace.id, *(["T0OTHER"] if channel.is_ext_shared else [])],
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": len(channel.members),
        **({"is_read_only": True} if channel.posting == "nothing" else {}),
        **({"is_thread_only": True} if channel.posting == "replies" else {}),
        **({} if channel.is_threadable else {"is_non_threadable": True}),
    }


def group_object(workspace: Workspace, group: UserGroup, *, with_users: bool, with_count: bool) -> Json:
    """A user group as usergroups.list shows one."""
    return {
        "id": group.id,
        "team_id": workspace.id,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "description": "",
        "is_external": False,
        "date_delete": 1 if group.is_disabled else 0,
        **({"users": group.users} if with_users else {}),
        **({"user_count": len(group.users)} if with_count else {}),
    }


def message_object(message: StoredMessage) -> Json:
    """A message as chat.postMessage answers and block_actions shows one."""
    shown: Json = {
        "type": "message",
        "ts": message.ts,
        "channel": message.channel,
        "user": message.user,
        "text": message.text,
        "blocks": message.blocks,
    }
    if message.user == BOT_USER:
        shown |= {"bot_id": BOT_ID, "app_id": APP_ID}
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    if message.broadcast:
        shown["subtype"] = "thread_broadcast"
    if message.edited:
        shown["edited"] = {"user": message.user, "ts": message.ts}
    return shown


def view_object(workspace: Workspace, view: View) -> Json:
    """A view as views.open answers and view_submission shows one."""
    content = view.content
    return {
        "id": view.id,
        "team_id": workspace.id,
        "type": content["type"],
        "blocks": content["blocks"],
        "private_metadata": content.get("private_metadata", ""),
        "callback_id": content.get("callback_id", ""),
        "state": {"values": view.values},
        "hash": view.hash,
        "title": content.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
        "clear_on_close": content.get("clear_on_close", False),
        "notify_on_close": content.get("notify_on_close", False),
        "close": content.get("close"),
        "submit": content.get("submit"),
        "previous_view_id": view.previous_view_id,
        "root_view_id": view.root_view_id,
        "app_id": APP_ID,
        "external_id": content.get("external_id", ""),
        "app_installed_team_id": workspace.id,
        "bot_id": BOT_ID,
    }


def file_object(file: StoredFile, url: str) -> Json:
    """A file as files.completeUploadExternal answers one."""
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title or file.name,
        "size": file.length,
        "user": BOT_USER,
        "url_private": url,
        "url_private_download": url,
        "permalink": url,
    }
