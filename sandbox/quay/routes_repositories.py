"""The list of repositories, with their sizes; other routes below `repository` are not simulated."""

from collections.abc import Iterator

from starlette.responses import Response

from sandbox.quay import answers, paging, views
from sandbox.quay.dispatch import Call, Operation, Resource
from sandbox.quay.state import Namespace, Organization, Repository

_PER_PAGE = 100


def _list(call: Call) -> Response:
    """What the token may see, and nothing for whom it may see nothing: 200 for the unknown namespace too.

    `limit` is ignored. Nobody has starred anything.
    """
    query = call.request.query_params
    if not query.keys() & {"namespace", "starred", "public"}:
        raise answers.invalid("namespace, starred or public are required for this API call")
    found = {repository.id: (namespace, repository) for namespace, repository in _visible(call)}
    rows = sorted((repository for _, repository in found.values()), key=lambda repository: repository.id)
    first = paging.start_of(call.registry, query.get("next_page")) or 0
    shown, following = paging.page([row for row in rows if row.id >= first], _PER_PAGE, 0)
    answer: views.Json = {"repositories": [_shown(call, *found[row.id]) for row in shown]}
    if following is not None:
        answer["next_page"] = paging.token_of(call.registry, following)
    return answers.answer(answer)


def _visible(call: Call) -> Iterator[tuple[Namespace, Repository]]:
    query = call.request.query_params
    for namespace in call.registry.namespaces.values():
        if query.get("starred") == "true" or query.get("namespace") not in (None, namespace.name):
            continue
        everything = _sees_everything(call, namespace) and query.get("public") != "true"
        yield from ((namespace, each) for each in namespace.repositories if each.is_public or everything)


def _sees_everything(call: Call, namespace: Namespace) -> bool:
    """Of its own namespace, of an organization that it is an owner of, or of all there are."""
    if call.reads_everything or call.has_full_access:
        return True
    if call.principal is None:
        return False
    name = call.principal.user.name
    return name in (namespace.admins() if isinstance(namespace, Organization) else {namespace.name})


def _shown(call: Call, namespace: Namespace, repository: Repository) -> views.Json:
    query, quota = call.request.query_params, namespace.quota
    shown: views.Json = {
        "namespace": namespace.name,
        "name": repository.name,
        "description": repository.description,
        "is_public": repository.is_public,
        "kind": "image",
        "state": "NORMAL",
        "is_starred": False,
    }
    if query.get("last_modified") == "true":
        shown["last_modified"] = None
    if query.get("popularity") == "true":
        shown["popularity"] = 0.0
    if call.features.quotas:
        limit = quota.limit_bytes if quota else call.features.default_quota_bytes or None
        shown["quota_report"] = {"quota_bytes": repository.quota_bytes, "configured_quota": limit}
    return shown


RESOURCES = (
    Resource(
        "/api/v1/repository",
        {"GET": Operation(_list, access="anyone")},
        present=lambda _features: True,
    ),
)
