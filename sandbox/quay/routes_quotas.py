"""Quotas in the superuser API; both paths take users and organizations alike."""

import re
from typing import Any

from starlette.responses import Response

from sandbox.quay import answers, views
from sandbox.quay.dispatch import Call, Operation, Resource
from sandbox.quay.state import Namespace, Quota

_LARGEST = 2**63 - 1
_SIZE = re.compile(r"(\d+)\s?([KMGTPEZY]?)(i?)B?")
_PREFIXES = "KMGTPEZY"

_BYTES = {"type": "integer", "description": "Number of bytes the organization is allowed"}
_TEXT = {
    "type": "string",
    "description": "Human readable storage capacity of the organization",
    "pattern": r"^(\d+\s?(B|KiB|MiB|GiB|TiB|PiB|EiB|ZiB|YiB|Ki|Mi|Gi|Ti|Pi|Ei|Zi|Yi|KB|MB|GB|TB|PB|EB|ZB|YB"
    r"|K|M|G|T|P|E|Z|Y)?)$",
}
_CREATE = {
    "type": "object",
    "description": "Description of a new organization quota",
    "oneOf": [
        {"required": ["limit_bytes"], "properties": {"limit_bytes": _BYTES}},
        {"required": ["limit"], "properties": {"limit": _TEXT}},
    ],
}
_UPDATE = {
    "type": "object",
    "description": "Description of a new organization quota",
    "oneOf": [
        {"properties": {"limit_bytes": _BYTES}, "required": ["limit_bytes"], "additionalProperties": False},
        {"properties": {"limit": _TEXT}, "required": ["limit"], "additionalProperties": False},
        {"properties": {"limit_bytes": {"not": {}}, "limit": {"not": {}}}, "additionalProperties": False},
    ],
}


def _list(call: Call) -> Response:
    namespace = call.registry.namespaces.get(call.parameters["namespace"])
    if namespace is None:
        raise answers.not_found()
    own = namespace.quota
    return answers.answer([views.quota(own, call.features)] if own else [])


def _create(call: Call) -> Response:
    namespace = _namespace(call)
    limit = _limit(call.body)
    if namespace.quota:
        raise answers.invalid(f"Quota for '{namespace.name}' already exists")
    namespace.quota = Quota(call.registry.next_id(), _storable(limit))
    return answers.answer("Created", 201)


def _change(call: Call) -> Response:
    quota = _quota(_namespace(call), call.parameters["quota_id"])
    limit = _limit(call.body)
    if limit:
        quota.limit_bytes = _storable(limit)
    return answers.answer(views.quota(quota, call.features, limit or None))


def _delete(call: Call) -> Response:
    namespace = _namespace(call)
    _quota(namespace, call.parameters["quota_id"])
    namespace.quota = None
    return answers.empty(204)


def _namespace(call: Call) -> Namespace:
    """The namespace of a write; Quay forgot to look whether it exists."""
    namespace = call.registry.namespaces.get(call.parameters["namespace"])
    if namespace is None:
        raise answers.Crash
    return namespace


def _quota(namespace: Namespace, quota_id: str) -> Quota:
    if not re.fullmatch(r"-?\d+", quota_id):
        raise answers.Crash
    if namespace.quota is None or namespace.quota.id != int(quota_id):
        raise answers.not_found()
    return namespace.quota


def _limit(body: dict[str, Any]) -> float:
    """The wanted number of bytes, 0 for none; from a text it comes as a float, and without a unit it means bytes."""
    if "limit" not in body:
        limit: float = body.get("limit_bytes", 0)
        return limit
    match = _SIZE.fullmatch(body["limit"].rstrip("\n"))
    if match is None:
        raise answers.invalid("Invalid limit format")
    number, prefix, binary = match.groups()
    exponent = _PREFIXES.index(prefix) + 1 if prefix else 0
    return float(int(number) * (1024 if binary else 1000) ** exponent)


def _storable(limit: float) -> int:
    if limit <= 0:
        raise answers.invalid(f"Invalid quota size limit value: '{limit}'")
    if limit > _LARGEST:
        raise answers.invalid("Unsupported quota size limit.")
    return int(limit)


RESOURCES = tuple(
    resource
    for kind in ("users", "organization")
    for resource in (
        Resource(
            f"/api/v1/superuser/{kind}/{{namespace}}/quota",
            {"GET": Operation(_list), "POST": Operation(_create, _CREATE)},
            present=lambda features: features.super_users and features.quotas,
        ),
        Resource(
            f"/api/v1/superuser/{kind}/{{namespace}}/quota/{{quota_id}}",
            {"PUT": Operation(_change, _UPDATE), "DELETE": Operation(_delete)},
            present=lambda features: features.super_users and features.quotas,
        ),
    )
)
