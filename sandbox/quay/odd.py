"""Answers with odd entries: a field that is null, of another type, or not there."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from starlette.responses import Response

from sandbox.quay.faults import OddEntries

OPTIONAL_FIELDS: Mapping[str, tuple[str, ...]] = {
    "listAllUsers": (
        "email", "avatar", "verified", "enabled", "super_user", "global_readonly_super_user", "quotas",
        "quotas.limits", "quotas.limits.limit_percent", "quota_report", "quota_report.quota_bytes",
        "quota_report.configured_quota", "quota_report.backfill_status",
    ),
    "listAllOrganizations": (
        "email", "avatar", "quotas", "quotas.limits", "quotas.limits.limit_percent", "quota_report",
        "quota_report.quota_bytes", "quota_report.configured_quota", "quota_report.backfill_status",
    ),
    "listServiceKeys": (
        "name", "metadata", "expiration_date", "rotation_duration", "approval", "approval.approver",
        "approval.notes", "approval.approved_date", "created_date",
    ),
    "listRepos": ("is_public", "quota_report", "quota_report.quota_bytes", "quota_report.configured_quota"),
    "listAllLogs": (
        "metadata", "ip", "datetime", "performer", "performer.is_robot", "performer.avatar", "namespace",
        "namespace.avatar",
    ),
}  # fmt: skip
"""What may be null in the entries of the lists, by operationId: some was met, the rest is feared."""

_ENTRIES = ("users", "organizations", "keys", "logs", "members", "repositories", "teams", "tokens")
_NAMES = ("name", "username", "kid", "kind", "id")


def odd(response: Response, oddities: Iterable[OddEntries]) -> Response:
    """The answer with odd entries in it; an answer that is not JSON stays as it is."""
    wanted = list(oddities)
    if not wanted or response.status_code >= 300 or response.media_type != "application/json":
        return response
    content = json.loads(bytes(response.body))
    for each in wanted:
        for entry in _chosen(_entries(content), each):
            _put(entry, each.field.split("."), each)
    return with_body(response, (json.dumps(content) + "\n").encode())


def with_body(response: Response, body: bytes) -> Response:
    """The same answer with another body, of another length."""
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(body, response.status_code, headers)


def _entries(content: object) -> list[Any]:
    """The entries of a list, or of an object that is a list's page; else the one thing itself."""
    if isinstance(content, dict):
        return next((content[name] for name in _ENTRIES if isinstance(content.get(name), list)), [content])
    return content if isinstance(content, list) else []


def _chosen(entries: list[Any], odd_entries: OddEntries) -> Iterator[Any]:
    if odd_entries.names:
        named = [entry for entry in entries if isinstance(entry, dict)]
        yield from (entry for entry in named if any(entry.get(name) in odd_entries.names for name in _NAMES))
    else:
        yield from entries[:: odd_entries.every]


def _put(place: Any, path: list[str], odd_entries: OddEntries) -> None:  # noqa: ANN401
    first, *rest = path
    if isinstance(place, list):
        for each in place:
            _put(each, path, odd_entries)
    elif isinstance(place, dict) and rest:
        _put(place.get(first), rest, odd_entries)
    elif isinstance(place, dict) and odd_entries.missing:
        place.pop(first, None)
    elif isinstance(place, dict):
        place[first] = odd_entries.value
