"""What concerns the registry as a whole: usage logs, its size, its configuration, its health."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from sandbox.quay import answers, configuration, paging, views
from sandbox.quay.dispatch import Call, Operation, Resource
from sandbox.quay.state import LogEntry

_LOGS_PER_PAGE = 20
_PAGE = {"page": "The page number for the logs"}


def _logs(call: Call) -> Response:
    return _log_page(call, *_period(call), lambda _entry: True, namespaces=True)


def _logs_of_namespace(call: Call) -> Response:
    """Of an organization or a user; `performer` must be somebody, and no other filter is heeded."""
    (start, end), name = _period(call), call.parameters["namespace"]
    performer = call.request.query_params.get("performer") or None
    if end < start:
        raise answers.Message("The browser (or proxy) sent a request that this server could not understand.")
    if name not in call.registry.namespaces:
        raise answers.model_error(f"Invalid namespace requested: {name}")
    if performer and performer not in call.registry.namespaces:
        raise answers.Crash

    def concerns(entry: LogEntry) -> bool:
        return entry.namespace == name and performer in (None, entry.performer)

    return _log_page(call, start, end, concerns, namespaces=False)


def _period(call: Call) -> tuple[datetime, datetime]:
    now, query = call.registry.clock(), call.request.query_params
    start = _day(query.get("starttime")) or now - timedelta(days=1)
    try:
        return start, (_day(query.get("endtime")) or now) + timedelta(days=1)
    except OverflowError:
        raise answers.Crash from None


def _log_page(
    call: Call, start: datetime, end: datetime, concerns: Callable[[LogEntry], bool], *, namespaces: bool
) -> Response:
    head = {"start_time": views.log_date(start), "end_time": views.log_date(end)}
    if not call.features.log_search:
        return answers.answer({**head, "logs": [], "search_unavailable": True})
    in_time = (entry for entry in reversed(call.registry.logs) if start <= entry.datetime < end)
    newest_first = [entry for entry in in_time if concerns(entry)]
    first = paging.start_of(call.registry, call.request.query_params.get("next_page"))
    if first is not None:
        newest_first = [entry for entry in newest_first if entry.id <= first]
    shown, following = paging.page(newest_first, _LOGS_PER_PAGE, 0)
    entries = [views.log_entry(entry, call.registry, with_namespace=namespaces) for entry in shown]
    answer: views.Json = {**head, "logs": entries}
    if following is not None:
        answer["next_page"] = paging.token_of(call.registry, following)
    return answers.answer(answer)


def _day(text: str | None) -> datetime | None:
    """A day in the one form that Quay reads; anything else counts as not given."""
    try:
        return datetime.strptime(text or "", "%m/%d/%Y").replace(tzinfo=UTC)
    except ValueError:
        return None


def _size(call: Call) -> Response:
    size = call.registry.size
    return answers.answer(
        {
            "size_bytes": size.size_bytes,
            "last_ran": int(size.last_ran.timestamp() * 1000) if size.last_ran else None,
            "queued": size.queued_at is not None,
            "running": size.running_since is not None,
        }
    )


def _queue_size(call: Call) -> Response:
    size = call.registry.size
    if size.busy:
        return answers.answer("", 202)
    size.queued_at = call.registry.clock()
    return answers.answer("", 201)


def _configuration(call: Call) -> Response:
    if not call.features.config_dump:
        raise answers.unauthorized()
    return answers.answer(configuration.dump(call.registry))


def _health(_call: Call) -> Response:
    services = dict.fromkeys(
        ("auth", "database", "disk_space", "registry_gunicorn", "service_key", "web_gunicorn"), True
    )
    response = answers.answer({"data": {"services": services}, "status_code": 200}, cors=False)
    response.headers.update(answers.UNCACHED)
    return response


RESOURCES = (
    Resource("/api/v1/superuser/logs", {"GET": Operation(_logs, integers=_PAGE)}),
    Resource(
        "/api/v1/organization/{namespace}/logs",
        {"GET": Operation(_logs_of_namespace, access="organization")},
        present=lambda _features: True,
    ),
    Resource("/api/v1/superuser/registrysize/", {"GET": Operation(_size), "POST": Operation(_queue_size)}),
    Resource("/api/v1/superuser/config", {"GET": Operation(_configuration)}),
    *(
        Resource(path, {"GET": Operation(_health)}, present=lambda _features: True, api=False)
        for path in ("/health", "/health/instance")
    ),
)
