"""Repository builds in the superuser API, and the link to their archived logs, which is no part of the API."""

from starlette.responses import Response

from sandbox.quay import answers, views
from sandbox.quay.dispatch import Call, Operation, Resource
from sandbox.quay.state import Build


def _build(call: Call) -> Response:
    build = call.registry.builds.get(call.parameters["build_uuid"])
    if build is None:
        raise answers.not_found()
    return _shown(call, build)


def _status(call: Call) -> Response:
    return _shown(call, _known(call))


def _logs(call: Call) -> Response:
    build = _known(call)
    if build.archived:
        return answers.answer({"logs_url": f"{call.base_url}/logarchive/{build.uuid}"})
    try:
        start = int(call.request.query_params.get("start", 0))
    except ValueError:
        raise answers.Crash from None
    return answers.answer(_log(build, start))


def _archived_logs(call: Call) -> Response:
    build = _known(call)
    if not build.archived:
        raise answers.ApiError("invalid_response", "Archived logs not available")
    return answers.answer(_archive(build))


def _archive_link(call: Call) -> Response:
    """The file of archived logs, for a person who may write to the repository; everybody else gets a 403 page.

    The scope `super:user` does not suffice. The sandbox has no web page to log in to: a request without a token
    counts as that of a superuser who did.
    """
    build = call.registry.builds.get(call.parameters["build_uuid"])
    logged_in = "authorization" not in call.request.headers and call.features.superusers_full_access
    if build is None or not build.archived or not logged_in:
        raise answers.Page(403)
    return answers.answer(_archive(build), cors=False)


def _archive(build: Build) -> views.Json:
    return {**build.archive_head, "logs": build.logs}


def _log(build: Build, start: int) -> views.Json:
    return {"start": start, "total": len(build.logs), "logs": build.logs[start:]}


def _is_writer(call: Call, build: Build) -> bool:
    principal = call.principal
    if principal is None:
        return False
    return principal.user.name == build.namespace or call.has_full_access


def _shown(call: Call, build: Build) -> Response:
    return answers.answer(views.build(build, is_writer=_is_writer(call, build), base_url=call.base_url))


def _known(call: Call) -> Build:
    uuid = call.parameters["build_uuid"]
    if uuid not in call.registry.builds:
        raise answers.ApiError("invalid_response", f"Unable to locate a build by id: {uuid}")
    return call.registry.builds[uuid]


RESOURCES = (
    Resource("/api/v1/superuser/{build_uuid}/logs", {"GET": Operation(_logs)}),
    Resource("/api/v1/superuser/{build_uuid}/logs/archive", {"GET": Operation(_archived_logs)}),
    Resource("/api/v1/superuser/{build_uuid}/status", {"GET": Operation(_status)}),
    Resource("/api/v1/superuser/{build_uuid}/build", {"GET": Operation(_build)}),
    Resource("/logarchive/{build_uuid}", {"GET": Operation(_archive_link)}, present=lambda _features: True, api=False),
)
