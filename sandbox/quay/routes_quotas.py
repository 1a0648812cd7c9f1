"""Quotas, in the superuser API and in that of organizations.

Both paths of the superuser API take users and organizations alike, and leave no log entry. The organizations' own path
does, and takes a user's name wherever it names one quota by its id.
"""

import re
from typing import Any

from starlette.responses import Response

from sandbox.quay import answers, views
from sandbox.quay.dispatch import Call, Operation, Resource
from sandbox.quay.features import Features
from sandbox.quay.routes_organizations import find_organization
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
    return answers.answer(_own(call, namespace))


def _list_with_default(call: Call) -> Response:
    """The organization's own quota, or else the system's default, which only this list shows and which has no id."""
    own, default = _own(call, find_organization(call)), call.features.default_quota_bytes
    return answers.answer(own or ([views.default_quota(default)] if default else []))


def _own(call: Call, namespace: Namespace) -> list[views.Json]:
    return [views.quota(namespace.quota, call.features)] if namespace.quota else []


def _create(call: Call) -> Response:
    namespace = _namespace(call)
    limit = _limit(call.body)
    if namespace.quota:
        raise answers.invalid(f"Quota for '{namespace.name}' already exists")
    namespace.quota = Quota(call.registry.next_id(), _storable(limit))
    return answers.answer("Created", 201)


def _create_for_organization(call: Call) -> Response:
    limit = _limit(call.body)
    organization = find_organization(call)
    if organization.quota:
        raise answers.invalid(f"Organization quota for '{organization.name}' already exists")
    organization.quota = Quota(call.registry.next_id(), _storable(limit))
    _log(call, "org_create_quota", **_size(organization.quota))
    return answers.answer("Created", 201)


def _get(call: Call) -> Response:
    return answers.answer(views.quota(find_quota(call), call.features))


def _change(call: Call) -> Response:
    _namespace(call)
    quota = find_quota(call)
    return answers.answer(views.quota(quota, call.features, _resize(quota, call.body)))


def _change_and_log(call: Call) -> Response:
    quota = find_quota(call)
    before = _size(quota)
    limit = _resize(quota, call.body)
    if limit:
        previous = {f"previous_{name}": value for name, value in before.items()}
        _log(call, "org_change_quota", **_size(quota), **previous)
    return answers.answer(views.quota(quota, call.features, limit))


def _delete(call: Call) -> Response:
    namespace = _namespace(call)
    find_quota(call)
    namespace.quota = None
    return answers.empty(204)


def _delete_and_log(call: Call) -> Response:
    quota = find_quota(call)
    call.registry.namespaces[call.parameters["namespace"]].quota = None
    _log(call, "org_delete_quota", quota_id=quota.id, **_size(quota))
    return answers.empty(204)


def find_quota(call: Call) -> Quota:
    """The quota that a path means by its parameters `namespace` and `quota_id`, be it a user's or an organization's.

    Raises `Crash` for an id that is no number, and the API's 404 for one that isn't this namespace's.
    """
    namespace, quota_id = call.registry.namespaces.get(call.parameters["namespace"]), call.parameters["quota_id"]
    if not re.fullmatch(r"-?\d+", quota_id):
        raise answers.Crash
    if namespace is None or namespace.quota is None or namespace.quota.id != int(quota_id):
        raise answers.not_found()
    return namespace.quota


def _namespace(call: Call) -> Namespace:
    """The namespace of a superuser's write; Quay forgot to look whether it exists."""
    namespace = call.registry.namespaces.get(call.parameters["namespace"])
    if namespace is None:
        raise answers.Crash
    return namespace


def _size(quota: Quota) -> dict[str, object]:
    return {"limit_bytes": quota.limit_bytes, "limit": views.human_size(quota.limit_bytes)}


def _log(call: Call, kind: str, **metadata: object) -> None:
    namespace = call.parameters["namespace"]
    call.log(kind, namespace, namespace=namespace, **metadata)


def _resize(quota: Quota, body: dict[str, Any]) -> float | None:
    """Give it the wanted size, and return it; without one, or with 0, nothing changes."""
    limit = _limit(body)
    if not limit:
        return None
    quota.limit_bytes = _storable(limit)
    return limit


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


def has_quotas(features: Features) -> bool:
    """Whether the routes about quotas are there."""
    return features.super_users and features.quotas


RESOURCES = (
    *(
        resource
        for kind in ("users", "organization")
        for resource in (
            Resource(
                f"/api/v1/superuser/{kind}/{{namespace}}/quota",
                {"GET": Operation(_list), "POST": Operation(_create, _CREATE)},
                present=has_quotas,
            ),
            Resource(
                f"/api/v1/superuser/{kind}/{{namespace}}/quota/{{quota_id}}",
                {"PUT": Operation(_change, _UPDATE), "DELETE": Operation(_delete)},
                present=has_quotas,
            ),
        )
    ),
    Resource(
        "/api/v1/organization/{namespace}/quota",
        {
            "GET": Operation(_list_with_default, access="organization"),
            "POST": Operation(_create_for_organization, _CREATE, access="full access"),
        },
        present=has_quotas,
    ),
    Resource(
        "/api/v1/organization/{namespace}/quota/{quota_id}",
        {
            "GET": Operation(_get, access="organization"),
            "PUT": Operation(_change_and_log, _UPDATE, access="full access"),
            "DELETE": Operation(_delete_and_log, access="full access"),
        },
        present=has_quotas,
    ),
)
