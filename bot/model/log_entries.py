"""What an entry of Quay's usage log says: which namespace it was about at the time, and a phrase for each kind.

Quay's `namespace` of an entry is how the account is called now: a UUID once it is gone, another name after a rename.
The name at the time is in `metadata` (listAllLogs, recordings of 2026-11-28).
"""

import re
from collections.abc import Mapping
from string import Formatter
from types import MappingProxyType

from bot.model.redaction import redact
from bot.quay.models import LogEntry

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAMESPACE = ("namespace", "new_name", "old_name")
_OF_THE_TOKEN = frozenset({"oauth_token_id", "oauth_token_application", "oauth_token_application_id"})
_MOST = 4

PHRASES: Mapping[str, str] = MappingProxyType(
    {
        "account_change_password": "changed their password",
        "account_convert": "turned {username} into an organization",
        "add_repo_notification": "added a notification for {event}",
        "add_repo_permission": "gave {grantee} {role} on {repo}",
        "autoprune_tag_delete": "auto-prune deleted tag {tag}",
        "build_dockerfile": "started a build",
        "cancel_build": "cancelled a build",
        "change_repo_permission": "gave {grantee} {role} on {repo}",
        "change_repo_state": "made {repo} {state_changed}",
        "change_repo_trust": "changed the trust of {repo}",
        "change_repo_visibility": "made {repo} {visibility}",
        "change_tag_expiration": "changed the expiration of tag {tag}",
        "create_app_specific_token": "created the app token {app_specific_token_title}",
        "create_application": "created the application {application_name}",
        "create_namespace_autoprune_policy": "created an auto-prune policy: {method} {value}",
        "create_proxy_cache_config": "made it a proxy cache",
        "create_repo": "created {repo}",
        "create_repository_autoprune_policy": "created an auto-prune policy for {repo}: {method} {value}",
        "create_robot": "created the robot {robot}",
        "create_tag": "created tag {tag}",
        "delete_application": "deleted the application {application_name}",
        "delete_namespace_autoprune_policy": "deleted an auto-prune policy",
        "delete_proxy_cache_config": "ended the proxy cache",
        "delete_repo": "deleted {repo}",
        "delete_repo_notification": "deleted a notification",
        "delete_repo_permission": "took {grantee}'s rights on {repo}",
        "delete_repo_trigger": "deleted a build trigger",
        "delete_repository_autoprune_policy": "deleted an auto-prune policy for {repo}",
        "delete_robot": "deleted the robot {robot}",
        "delete_tag": "deleted tag {tag}",
        "export_logs_queued": "exported the log",
        "login_failure": "failed to log in",
        "login_success": "logged in",
        "logout_success": "logged out",
        "manifest_label_add": "added the label {key}",
        "manifest_label_delete": "deleted the label {key}",
        "move_tag": "moved tag {tag}",
        "org_add_team_member": "added {member} to team {team}",
        "org_change_email": "changed the email: {old_email} → {email}",
        "org_change_invoicing": "changed the invoicing",
        "org_change_name": "renamed {old_name} to {new_name}",
        "org_change_quota": "changed the quota to {limit}",
        "org_change_quota_limit": "changed a quota limit: {previous_type} {previous_threshold_percent}% → "
        "{type} {threshold_percent}%",
        "org_change_tag_expiration": "changed the tag expiration to {tag_expiration} s",
        "org_create": "created the organization {namespace}",
        "org_create_quota": "set a quota of {limit}",
        "org_create_quota_limit": "added a quota limit: {type} at {threshold_percent}%",
        "org_create_team": "created team {team}",
        "org_delete": "deleted the organization {namespace}",
        "org_delete_quota": "deleted the quota of {limit}",
        "org_delete_quota_limit": "deleted a quota limit: {type} at {threshold_percent}%",
        "org_delete_team": "deleted team {team}",
        "org_invite_team_member": "invited {user} to team {team}",
        "org_remove_team_member": "removed {member} from team {team}",
        "org_set_team_description": "described team {team}",
        "org_set_team_role": "made team {team} {role}",
        "permanently_delete_tag": "deleted tag {tag} for good",
        "pull_repo": "pulled {tag}",
        "push_repo": "pushed {tag}",
        "regenerate_robot_token": "regenerated the token of robot {robot}",
        "repo_mirror_sync_failed": "mirroring failed",
        "repo_mirror_sync_started": "mirroring started",
        "repo_mirror_sync_success": "mirroring finished",
        "reset_application_client_secret": "reset the client secret of {application_name}",
        "revert_tag": "reverted tag {tag}",
        "revoke_app_specific_token": "revoked the app token {app_specific_token_title}",
        "service_key_approve": "approved key {kid} of {service}",
        "service_key_create": "created key {kid} of {service}",
        "service_key_delete": "deleted key {kid} of {service}",
        "service_key_extend": "extended key {kid} of {service}",
        "service_key_modify": "changed key {kid} of {service}",
        "service_key_rotate": "rotated key {kid} of {service}",
        "set_repo_description": "described {repo}",
        "setup_repo_trigger": "set up a build trigger",
        "start_build_trigger": "started a build by its trigger",
        "take_ownership": "took ownership of {namespace}",
        "update_application": "changed the application {application_name}",
        "update_namespace_autoprune_policy": "changed an auto-prune policy: {method} {value}",
        "update_repository_autoprune_policy": "changed an auto-prune policy for {repo}: {method} {value}",
        "user_change_email": "changed {username}'s email: {old_email} → {email}",
        "user_change_invoicing": "changed the invoicing",
        "user_change_metadata": "changed their profile",
        "user_change_name": "renamed {old_name} to {new_name}",
        "user_change_password": "changed {username}'s password",
        "user_change_tag_expiration": "changed the tag expiration to {tag_expiration} s",
        "user_create": "created the user {username}",
        "user_delete": "deleted the user {username}",
        "user_disable": "disabled {username}",
        "user_enable": "enabled {username}",
        "user_generate_client_key": "generated a CLI password",
    }
)
"""What was done, in the past tense, by kind; in braces what the entry's metadata says."""


def names_of(entry: LogEntry) -> frozenset[str]:
    """Every name of the namespace that an entry is about: then, and now if it still has one."""
    named = [_text(entry.metadata.get(key)) for key in _NAMESPACE]
    if entry.kind.startswith("user_"):
        named.append(_text(entry.metadata.get("username")))
    if entry.namespace and not _UUID.fullmatch(entry.namespace.name):
        named.append(entry.namespace.name)
    return frozenset(name for name in named if name)


def namespace_of(entry: LogEntry) -> str:
    """The name at the time; a UUID only where nothing else is known; nothing where there is no namespace."""
    at_the_time = next((name for key in _NAMESPACE if (name := _text(entry.metadata.get(key)))), "")
    return at_the_time or (entry.namespace.name if entry.namespace else "")


def phrase_of(entry: LogEntry) -> str:
    """What was done. A kind that isn't known, or lacks what its phrase names, shows its metadata without secrets."""
    said = {key: _text(value) for key, value in entry.metadata.items()}
    said["grantee"] = said.get("username") or said.get("team") or said.get("robot") or ""
    said["kid"] = said.get("kid", "")[:12]
    phrase = PHRASES.get(entry.kind)
    if phrase and all(said.get(name) for _, name, _, _ in Formatter().parse(phrase) if name):
        return phrase.format_map(said)
    return ", ".join((entry.kind, *_shown(entry)))


def _shown(entry: LogEntry) -> list[str]:
    """The metadata of an entry as words, as far as nothing in it may be a secret."""
    shown = redact({key: value for key, value in entry.metadata.items() if key not in _OF_THE_TOKEN})
    items = shown.items() if isinstance(shown, dict) else ()
    return [f"{key} {text}" for key, value in items if (text := _text(value))][:_MOST]


def _text(value: object) -> str:
    """A plain value as text; nothing for what is none."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
