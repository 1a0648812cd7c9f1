"""Repository builds in the superuser API."""

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
    return answers.answer({"start": start, "total": len(build.logs), "logs": build.logs[start:]})


def _shown(call: Call, build: Build) -> Response:
    is_writer = call.actor.user.name == build.namespace or (
        call.actor.may_write and call.features.superusers_full_access
    )
    return answers.answer(views.build(build, is_writer=is_writer, base_url=call.base_url))


def _known(call: Call) -> Build:
    uuid = call.parameters["build_uuid"]
    if uuid not in call.registry.builds:
        raise answers.ApiError("invalid_response", f"Unable to locate a build by id: {uuid}")
    return call.registry.builds[uuid]


RESOURCES = (
    Resource("/api/v1/superuser/{build_uuid}/logs", {"GET": Operation(_logs)}),
    Resource("/api/v1/superuser/{build_uuid}/status", {"GET": Operation(_status)}),
    Resource("/api/v1/superuser/{build_uuid}/build", {"GET": Operation(_build)}),
)
