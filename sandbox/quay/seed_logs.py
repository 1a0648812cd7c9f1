"""A month of the usage log: what people do all day, and one of each kind of what administrators do."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox.quay.oauth import Application
from sandbox.quay.state import LogEntry, Registry

LOG_DAYS = 30
LOG_ENTRIES = 400
"""How many entries are about pushes, pulls and the like."""

GONE_ORGANIZATION, GONE_USER = "8d0c0b6e-5a6f-4c1e-9f6a-3a1b7c2f4e10", "2f9a1c44-07d3-4b58-8a2e-6de0a4c7b915"
"""What the log calls a deleted organization (`team-legacy`) and a deleted user (`tmp.intern`) since they are gone."""

REPOSITORIES = ("api", "web", "worker", "base", "tools", "proxy", "model", "cron")
_DAILY = {
    "push_repo": 40,
    "pull_repo": 40,
    "create_repo": 5,
    "delete_tag": 6,
    "add_repo_permission": 5,
    "org_add_team_member": 4,
}
_PRUNING = {"method": "number_of_tags", "value": 10, "tag_pattern": "^pr-.*", "tag_pattern_matches": True}
_DATA = {"namespace": "team-data"}
_MODEL = {**_DATA, "repo": "model"}
_POLICY = {"policy_uuid": "5b66516e-0a94-4826-9e4f-e9276b8f3ff3"}
_LIMIT = {"namespace": "team-checkout", "type": "Reject"}
_PLATFORM = {"namespace": "platform"}
_EMAILS = {"old_email": "j@example.com", "email": "jrivera@example.com"}
_BY_SUPERUSER = {"superuser": ""}

# hours ago that it began, where, and then one thing an hour; the superuser's name is filled in
_ADMINISTRATION: Sequence[tuple[int, str, Sequence[tuple[str, Mapping[str, Any]]]]] = (
    (700, GONE_ORGANIZATION, [("push_repo", {"repo": "api", "namespace": "team-legacy", "tag": "v1.0"})]),
    (640, "team-mobile", [("org_change_name", {"old_name": "team-apps", "new_name": "team-mobile", **_BY_SUPERUSER})]),
    (500, GONE_USER, [("user_create", {"email": "intern@example.com", "username": "tmp.intern", **_BY_SUPERUSER})]),
    (400, "", [("take_ownership", {"entity_id": 41, "namespace": "team-edge", "was_user": False, **_BY_SUPERUSER})]),
    (320, "jrivera", [
        ("user_change_password", {"username": "jrivera", **_BY_SUPERUSER}),
        ("user_change_email", {**_EMAILS, **_BY_SUPERUSER}),
        ("user_disable", {"username": "jrivera", **_BY_SUPERUSER}),
        ("user_enable", {"username": "jrivera", **_BY_SUPERUSER}),
    ]),
    (220, GONE_USER, [("user_delete", {"username": "tmp.intern"})]),
    (150, "platform", [
        ("org_change_email", {**_PLATFORM, "email": "platform@example.com", "old_email": "ops@example.com"}),
        ("org_change_invoicing", {**_PLATFORM, "invoice_email": True}),
        ("org_change_tag_expiration", {**_PLATFORM, "tag_expiration": 86400}),
    ]),
    (120, "team-checkout", [
        ("org_create_quota", {"namespace": "team-checkout", "limit_bytes": 50 * 2**30, "limit": "50.0 GiB"}),
        ("org_create_quota_limit", {**_LIMIT, "threshold_percent": 100}),
        ("org_change_quota_limit",
         {**_LIMIT, "threshold_percent": 90, "previous_type": "Reject", "previous_threshold_percent": 100}),
        ("org_delete_quota_limit", {**_LIMIT, "limit_id": 30, "threshold_percent": 90}),
    ]),
    (96, "team-data", [
        ("create_namespace_autoprune_policy", {**_PRUNING, **_DATA}),
        ("update_namespace_autoprune_policy", {**_PRUNING, "value": 20, **_DATA}),
        ("delete_namespace_autoprune_policy", {**_POLICY, **_DATA}),
        ("create_repository_autoprune_policy", {**_PRUNING, **_MODEL}),
        ("delete_repository_autoprune_policy", {**_POLICY, **_MODEL}),
    ]),
    (72, "team-alpha", [
        ("org_create_team", {"team": "release"}),
        ("org_set_team_role", {"team": "release", "role": "creator"}),
        ("org_remove_team_member", {"member": "jrivera", "team": "release"}),
        ("org_delete_team", {"team": "release"}),
        ("create_robot", {"robot": "deploy", "description": "deploys", "unstructured_metadata": {"ticket": 12}}),
        ("regenerate_robot_token", {"robot": "deploy"}),
        ("create_robot", {"robot": "scratch", "description": None, "unstructured_metadata": None}),
        ("delete_robot", {"robot": "scratch"}),
    ]),
    (30, GONE_ORGANIZATION, [("org_delete", {"namespace": "team-legacy"})]),
)  # fmt: skip

_Entry = tuple[datetime, str, dict[str, Any], str, str, str]


def add_logs(registry: Registry, rng: random.Random, *, superuser: str, application: Application) -> None:
    """Fill the log, in order of time. What administrators do, `superuser` did by a token of the application."""
    registry.gone |= {GONE_ORGANIZATION: "org", GONE_USER: "user"}
    entries = [*_daily(registry, rng), *_administration(registry.clock(), superuser, application)]
    for when, kind, metadata, ip, performer, namespace in sorted(entries, key=lambda entry: entry[0]):
        registry.logs.append(LogEntry(registry.next_id(), kind, when, metadata, ip, performer, namespace))


def _administration(now: datetime, superuser: str, application: Application) -> Iterator[_Entry]:
    by = {
        "oauth_token_id": 1,
        "oauth_token_application_id": application.client_id,
        "oauth_token_application": application.name,
    }
    for hours, namespace, deeds in _ADMINISTRATION:
        for later, (kind, about) in enumerate(deeds):
            metadata = {**about, **by} | ({"superuser": superuser} if "superuser" in about else {})
            yield now - timedelta(hours=hours - later), kind, metadata, "10.20.30.4", superuser, namespace or superuser


def _daily(registry: Registry, rng: random.Random) -> Iterator[_Entry]:
    organizations = [one.name for one in registry.organizations()]
    users = [one.name for one in registry.users()]
    ages = sorted((rng.random() ** 1.5 * LOG_DAYS for _ in range(LOG_ENTRIES)), reverse=True)
    for age in ages:
        namespace, performer = rng.choice(organizations), rng.choice(users)
        kind = rng.choices(list(_DAILY), list(_DAILY.values()))[0]
        metadata: dict[str, Any] = {"namespace": namespace}
        if kind == "org_add_team_member":
            metadata |= {"team": "developers", "member": rng.choice(users)}
        else:
            metadata |= {
                "repo": rng.choice(REPOSITORIES),
                "tag": f"v{rng.randrange(1, 9)}.{rng.randrange(20)}",
            }
        if kind == "pull_repo" and rng.random() < 0.5:
            performer = f"{namespace}+deploy"
        ip = f"10.1.{rng.randrange(256)}.{rng.randrange(1, 255)}"
        yield registry.clock() - timedelta(days=age), kind, metadata, ip, performer, namespace
