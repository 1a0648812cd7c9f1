"""Who is in an organization, and in which of its teams. Teams themselves stand in the organization's own answer."""

from starlette.responses import Response

from sandbox.quay import answers, views
from sandbox.quay.dispatch import Call, Operation, Resource
from sandbox.quay.routes_organizations import find_organization
from sandbox.quay.state import Organization, User


def _members(call: Call) -> Response:
    """The people in any team, each once; robots are left out."""
    organization = find_organization(call)
    people = {name: None for names in organization.teams.values() for name in names}
    users = filter(None, map(call.registry.user, people))
    return answers.answer({"members": [_member(user, organization) for user in users]})


def _one_member(call: Call) -> Response:
    organization, user = find_organization(call), call.registry.user(call.parameters["member"])
    if user is None or not any(user.name in names for names in organization.teams.values()):
        raise answers.not_found()
    return answers.answer(_member(user, organization))


def _team(call: Call) -> Response:
    """People and robots. Nobody is ever invited here, so that `includePending` adds nobody."""
    names = find_organization(call).teams.get(call.parameters["team"])
    if names is None:
        raise answers.not_found()
    members = [_team_member(call, name) for name in names if "+" in name or call.registry.user(name)]
    return answers.answer({"name": call.parameters["team"], "members": members, "can_edit": not call.reads_everything})


def _member(user: User, organization: Organization) -> views.Json:
    teams = [team for team, names in organization.teams.items() if user.name in names]
    return {
        "name": user.name,
        "kind": "user",
        "avatar": views.avatar(user.name, user.email, "user"),
        "teams": [{"name": team, "avatar": views.avatar(team, team, "team")} for team in teams],
        "repositories": [],
    }


def _team_member(call: Call, name: str) -> views.Json:
    user = call.registry.user(name)
    avatar = views.avatar(name, user.email, "user") if user else views.avatar(name, name, "robot")
    return {"name": name, "kind": "user", "is_robot": user is None, "avatar": avatar, "invited": False}


_PATH = "/api/v1/organization/{namespace}"
RESOURCES = tuple(
    Resource(path, {"GET": Operation(handle, access="organization")}, present=lambda _features: True)
    for path, handle in (
        (f"{_PATH}/members", _members),
        (f"{_PATH}/members/{{member}}", _one_member),
        (f"{_PATH}/team/{{team}}/members", _team),
    )
)
