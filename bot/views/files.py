"""The columns and cells of files: more than a table shows, for programs as much as for people."""

import json
from collections.abc import Sequence

from bot.audit import Entry
from bot.model.log_entries import namespace_of, phrase_of
from bot.model.redaction import redact
from bot.model.usage import Usage
from bot.quay.models import LogEntry, Organization, ServiceKey, User
from bot.views.lists import Setting, flags, who

KEY_COLUMNS = ("kid", "service", "name", "state", "created", "expires", "approved", "approver", "notes")
ORGANIZATION_COLUMNS = ("organization", "email", "used_bytes", "counted", "limit_bytes", "limit_is")
USER_COLUMNS = ("username", "email", "used_bytes", "counted", "limit_bytes", "flags", "limit_is")
"""`limit_is` tells the namespace's `own` quota from the system `default`."""
LOG_COLUMNS = ("time", "kind", "performer", "is_robot", "namespace", "what", "ip", "metadata")
AUDIT_COLUMNS = ("sequence", "time", "event", "actor", "change", "operation", "channel", "details", "hash")
SETTING_COLUMNS = ("setting", "value")


def key_cells(key: ServiceKey) -> Sequence[str]:
    """A service key."""
    approval = key.approval
    return (
        key.kid,
        key.service,
        key.name,
        "waiting" if key.is_waiting else "approved",
        key.created_date.isoformat(),
        key.expiration_date.isoformat() if key.expiration_date else "never",
        approval.approved_date.isoformat() if approval else "",
        approval.approver.username if approval and approval.approver else "",
        (approval.notes or "") if approval else "",
    )


def organization_cells(organization: Organization) -> Sequence[str]:
    """An organization with its use in bytes."""
    return (organization.name, organization.email or "", *_use(organization))


def user_cells(user: User) -> Sequence[str]:
    """A user with the use of the user's own namespace in bytes."""
    *use, limit_is = _use(user)
    return (user.username, user.email or "", *use, " ".join(flags(user)), limit_is)


def log_cells(entry: LogEntry) -> Sequence[str]:
    """An entry of the usage log; what may be a secret in its metadata is hidden."""
    return (
        entry.at.isoformat(),
        entry.kind,
        who(entry),
        str(entry.performer.is_robot).lower() if entry.performer else "",
        namespace_of(entry),
        phrase_of(entry),
        entry.ip or "",
        json.dumps(redact(dict(entry.metadata)), ensure_ascii=False),
    )


def audit_cells(entry: Entry) -> Sequence[str]:
    """An entry of the audit, whole but for its seal."""
    named = [str(entry.details.get(name) or "") for name in ("change", "operation", "channel")]
    details = json.dumps(entry.details, ensure_ascii=False)
    return (str(entry.sequence), entry.at.isoformat(), entry.event, entry.actor or "", *named, details, entry.hash)


def setting_cells(setting: Setting) -> Sequence[str]:
    """A setting, from which every secret was taken before."""
    return (setting.name, setting.value)


def _use(holder: Organization | User) -> tuple[str, str, str, str]:
    usage = Usage.of(holder)
    if not usage.reported:
        return ("", "", "", "")
    limit = (str(usage.limit), "default" if usage.default else "own") if usage.limit else ("", "")
    return (str(usage.used), "complete" if usage.complete else "still counting", *limit)
