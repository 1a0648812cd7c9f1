"""The JSON objects of Quay's answers."""

import hashlib
import math
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from sandbox.quay.features import Features
from sandbox.quay.state import (
    Build,
    Limit,
    LogEntry,
    Namespace,
    Organization,
    Quota,
    Registry,
    ServiceKey,
    User,
)

_COLORS = ("#969696", "#aec7e8", "#ff7f0e", "#ffbb78", "#2ca02c", "#98df8a", "#d62728", "#9467bd", "#c5b0d5")
_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")

Json = dict[str, Any]


def key_date(moment: datetime | None) -> str | None:
    """The form of dates in service keys."""
    return format_datetime(moment.astimezone(UTC), usegmt=True) if moment else None


def log_date(moment: datetime) -> str:
    """The form of dates in logs and builds."""
    return format_datetime(moment.astimezone(UTC).replace(tzinfo=None))


def human_size(size: float) -> str:
    """A number of bytes as Quay writes it: `10.0 GiB`, `5.0 Byte`."""
    if size < 1024:
        return f"{float(size):.1f} Byte"
    exponent = min(int(math.log2(size)) // 10, len(_UNITS))
    return f"{size / 1024**exponent:.1f} {_UNITS[exponent - 1]}"


def avatar(name: str, seed: str, kind: str) -> Json:
    """The generated picture of a user, an organization or a team."""
    digest = hashlib.sha256(seed.encode()).hexdigest()
    return {"name": name, "hash": digest, "color": _COLORS[int(digest, 16) % len(_COLORS)], "kind": kind}


def limit(limit: Limit) -> Json:
    """A threshold of a quota."""
    return {"id": limit.id, "type": limit.type, "limit_percent": limit.percent}


def limits(quota: Quota) -> list[Json]:
    """The thresholds of a quota."""
    return [limit(one) for one in quota.limits]


def quota(quota: Quota, features: Features, limit_bytes: float | None = None) -> Json:
    """A quota of the quota operations; a limit that was just set from a text shows as a float, once."""
    return {
        "id": quota.id,
        "limit_bytes": quota.limit_bytes if limit_bytes is None else limit_bytes,
        "limit": human_size(quota.limit_bytes),
        "default_config": False,
        "limits": limits(quota),
        "default_config_exists": features.default_quota_bytes > 0,
    }


def default_quota(limit_bytes: int) -> Json:
    """The system's default, as an organization without a quota of its own shows it."""
    return {
        "id": None,
        "limit_bytes": limit_bytes,
        "limit": human_size(limit_bytes),
        "default_config": True,
        "limits": [],
        "default_config_exists": True,
    }


def quota_fields(namespace: Namespace, features: Features) -> Json:
    """The quota and the use of a namespace; with quota management off there is nothing of either."""
    if not features.quotas:
        return {}
    own = namespace.quota
    configured = own.limit_bytes if own else features.default_quota_bytes or None
    return {
        "quotas": [{"id": own.id, "limit_bytes": own.limit_bytes, "limits": limits(own)}] if own else [],
        "quota_report": {
            "quota_bytes": namespace.quota_bytes,
            "configured_quota": configured,
            "running_backfill": namespace.backfill,
            "backfill_status": namespace.backfill,
        },
    }


def user(user: User, features: Features) -> Json:
    """A user."""
    return {
        "kind": "user",
        "name": user.name,
        "username": user.name,
        "email": user.email,
        "verified": user.verified,
        "avatar": avatar(user.name, user.email, "user"),
        "super_user": user.super_user,
        "global_readonly_super_user": user.global_readonly,
        "enabled": user.enabled,
        **quota_fields(user, features),
    }


def organization(organization: Organization, features: Features) -> Json:
    """An organization, as the superuser API shows it."""
    return {
        "name": organization.name,
        "email": organization.email,
        "avatar": avatar(organization.name, organization.email, "org"),
        **quota_fields(organization, features),
    }


def key(key: ServiceKey, registry: Registry) -> Json:
    """A service key with its approval."""
    approval = key.approval
    approver = registry.user(approval.approver) if approval and approval.approver else None
    return {
        "approval": approval
        and {
            "approval_type": f"ServiceKeyApprovalType.{approval.type}",
            "approved_date": key_date(approval.date),
            "approver": approver and user(approver, registry.features),
            "notes": approval.notes,
        },
        "created_date": key_date(key.created),
        "expiration_date": key_date(key.expiration),
        "jwk": key.jwk,
        "kid": key.kid,
        "metadata": key.metadata,
        "name": key.name,
        "rotation_duration": key.rotation_duration,
        "service": key.service,
    }


def log_entry(entry: LogEntry, registry: Registry, *, with_namespace: bool) -> Json:
    """A usage log entry; what was not done by a user has no `performer` at all."""
    shown: Json = {
        "kind": entry.kind,
        "metadata": entry.metadata,
        "ip": entry.ip,
        "datetime": log_date(entry.datetime),
    }
    if entry.performer:
        performer = _entity(entry.performer, registry)
        shown["performer"] = {**performer, "is_robot": "+" in entry.performer}
    return {**shown, "namespace": _entity(entry.namespace, registry)} if with_namespace else shown


def _entity(name: str, registry: Registry) -> Json:
    found = registry.namespaces.get(name)
    kind = "org" if isinstance(found, Organization) else registry.gone.get(name, "user")
    return {"kind": kind, "name": name, "avatar": avatar(name, found.email if found else name, kind)}


def build(build: Build, *, is_writer: bool, base_url: str) -> Json:
    """A build; those who may not write to its repository see neither its source nor its archive."""
    config = {"build_source": build.source, "subdir": "", "dockerfile_path": "Dockerfile", "context": "/"}
    shown: Json = {
        "id": build.uuid,
        "phase": build.phase,
        "started": log_date(build.started),
        "display_name": build.display_name,
        "status": build.status,
        "subdirectory": "",
        "dockerfile_path": "",
        "context": "",
        "tags": build.tags,
        "manual_user": None,
        "is_writer": is_writer,
        "trigger": build.source
        and {
            "id": f"trigger-{build.uuid}",
            "service": "github",
            "is_active": False,
            "build_source": build.source if is_writer else None,
            "repository_url": f"https://github.com/{build.source}" if is_writer else None,
            "config": config if is_writer else {},
            "can_invoke": is_writer,
        },
        "trigger_metadata": None,
        "resource_key": build.resource_key,
        "pull_robot": None,
        "repository": {"namespace": build.namespace, "name": build.repository},
        "error": None,
    }
    if is_writer:
        shown["archive_url"] = f"{base_url}/userfiles/{build.resource_key}"
    return shown
