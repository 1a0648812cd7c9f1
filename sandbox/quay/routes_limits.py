"""The limits of a quota: the percent of it from which on Quay warns about pushes or rejects them.

Requests say `threshold_percent`, answers `limit_percent`. A user's quota has its limits here too, by the path that says
`organization`. A changed limit goes to the end of the list, as a changed row does in Quay's database.
"""

import re
from collections.abc import Callable

from starlette.responses import Response

from sandbox.quay import answers, views
from sandbox.quay.dispatch import Call, Operation, Resource
from sandbox.quay.routes_quotas import find_quota, has_quotas
from sandbox.quay.state import Limit, LimitType, Quota

_TYPES: dict[str, LimitType] = {"warning": "Warning", "reject": "Reject"}
_PROPERTIES = {
    "type": {"type": "string", "description": 'Type of quota limit: "Warning" or "Reject"'},
    "threshold_percent": {"type": "integer", "description": "Quota threshold, in percent of quota"},
}
_CREATE = {
    "type": "object",
    "description": "Description of a new organization quota limit",
    "required": ["type", "threshold_percent"],
    "properties": _PROPERTIES,
}
_UPDATE = {
    "type": "object",
    "description": "Description of changing organization quota limit",
    "properties": _PROPERTIES,
}

_Refusal = Callable[[str], answers.QuayError]


def _list(call: Call) -> Response:
    return answers.answer(views.limits(find_quota(call)))


def _get(call: Call) -> Response:
    return answers.answer(views.limit(_find_limit(call, find_quota(call))))


def _create(call: Call) -> Response:
    """Quay looks for an equal limit first. An empty type or percent is equal to all, and refused only after that."""
    quota = find_quota(call)
    wanted_type, wanted_percent = call.body["type"], call.body["threshold_percent"]
    percent = _percent(wanted_percent, answers.model_error) if wanted_percent else None
    type_ = _type(wanted_type, answers.model_error) if wanted_type else None
    if any(type_ in (None, one.type) and percent in (None, one.percent) for one in quota.limits):
        raise answers.invalid("Quota limit already exists")
    limit = Limit(
        call.registry.next_id(), _type(wanted_type, answers.invalid), _percent(wanted_percent, answers.invalid)
    )
    quota.limits.append(limit)
    _log(call, "org_create_quota_limit", type=wanted_type, threshold_percent=wanted_percent)
    return answers.answer("Created", 201)


def _change(call: Call) -> Response:
    """The type is saved before the percent is looked at, and an equal limit is not looked for."""
    quota, body = find_quota(call), call.body
    limit = _find_limit(call, quota)
    old_type, old_percent = limit.type, limit.percent
    if "type" in body:
        limit.type = _type(body["type"], answers.model_error)
        _move_to_the_end(quota, limit)
    if "threshold_percent" in body:
        limit.percent = _percent(body["threshold_percent"], answers.model_error)
        _move_to_the_end(quota, limit)
    _log(
        call,
        "org_change_quota_limit",
        type=body.get("type", limit.type),
        threshold_percent=limit.percent,
        previous_type=old_type,
        previous_threshold_percent=old_percent,
    )
    return answers.answer(views.quota(quota, call.features))


def _delete(call: Call) -> Response:
    quota = find_quota(call)
    limit = _find_limit(call, quota)
    quota.limits.remove(limit)
    _log(call, "org_delete_quota_limit", limit_id=limit.id, type=limit.type, threshold_percent=limit.percent)
    return answers.empty(204)


def _find_limit(call: Call, quota: Quota) -> Limit:
    """The limit that a path means; one of another quota is an error without words."""
    limit_id = call.parameters["limit_id"]
    if not re.fullmatch(r"-?\d+", limit_id):
        raise answers.Crash
    quotas = (namespace.quota for namespace in call.registry.namespaces.values() if namespace.quota)
    for owner in quotas:
        for limit in owner.limits:
            if limit.id == int(limit_id):
                if owner is not quota:
                    raise answers.model_error("")
                return limit
    raise answers.not_found()


def _move_to_the_end(quota: Quota, limit: Limit) -> None:
    quota.limits.remove(limit)
    quota.limits.append(limit)


def _type(text: str, refusal: _Refusal) -> LimitType:
    type_ = _TYPES.get(text.lower())
    if type_ is None:
        raise refusal("Quota type must be one of [Warning, Reject]")
    return type_


def _percent(number: float, refusal: _Refusal) -> int:
    if not 0 < number <= 100:
        raise refusal("Quota limit threshold must be between 1 and 100")
    return int(number)


def _log(call: Call, kind: str, **metadata: object) -> None:
    namespace = call.parameters["namespace"]
    call.log(kind, namespace, namespace=namespace, **metadata)


RESOURCES = (
    Resource(
        "/api/v1/organization/{namespace}/quota/{quota_id}/limit",
        {
            "GET": Operation(_list, access="organization"),
            "POST": Operation(_create, _CREATE, access="full access"),
        },
        present=has_quotas,
    ),
    Resource(
        "/api/v1/organization/{namespace}/quota/{quota_id}/limit/{limit_id}",
        {
            "GET": Operation(_get, access="organization"),
            "PUT": Operation(_change, _UPDATE, access="full access"),
            "DELETE": Operation(_delete, access="full access"),
        },
        present=has_quotas,
    ),
)
