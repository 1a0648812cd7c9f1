"""The health of repository mirroring. Nothing is mirrored here, so all is well and empty."""

from typing import Any

from starlette.responses import Response

from sandbox.quay import answers
from sandbox.quay.dispatch import Call, Operation, Resource
from sandbox.quay.features import Features

_LIMIT = {"limit": "Maximum repositories in detailed view (when detailed=true)"}


def _health(call: Call) -> Response:
    """The superuser's heeds no parameter."""
    return answers.answer(_nothing_mirrored(call))


def _health_in_detail(call: Call) -> Response:
    query = call.request.query_params
    if "namespace" in query and query["namespace"] not in call.registry.namespaces:
        raise answers.not_found()
    health = _nothing_mirrored(call)
    if query.get("detailed") == "true":
        pagination = {"limit": call.integers["limit"] or 100, "offset": 0, "has_more": False}
        health["repositories"] |= {"details": [], "pagination": pagination}
    return answers.answer(health)


def _no_such_repository(_call: Call) -> Response:
    """With the feature off, the path means the repository `mirror/health`."""
    raise answers.not_found()


def _nothing_mirrored(call: Call) -> dict[str, Any]:
    return {
        "healthy": True,
        "workers": {"active": 0, "configured": 0, "status": "healthy"},
        "repositories": {"total": 0, "syncing": 0, "completed": 0, "failed": 0, "never_run": 0},
        "tags_pending": 0,
        "last_check": call.registry.clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "issues": [],
    }


def _is_on(features: Features) -> bool:
    return features.repo_mirror


RESOURCES = (
    Resource("/api/v1/superuser/mirror/health", {"GET": Operation(_health)}, present=_is_on),
    Resource(
        "/api/v1/repository/mirror/health",
        {"GET": Operation(_health_in_detail, integers=_LIMIT, access="full access")},
        present=_is_on,
    ),
    Resource(
        "/api/v1/repository/mirror/health",
        {"GET": Operation(_no_such_repository, access="full access")},
        present=lambda features: not features.repo_mirror,
    ),
)
