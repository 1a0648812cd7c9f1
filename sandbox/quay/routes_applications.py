"""An organization's OAuth applications and their tokens; nothing says which token is the asking one."""

from datetime import datetime

from starlette.responses import Response

from sandbox.quay import answers
from sandbox.quay.dispatch import Call, Operation, Resource
from sandbox.quay.oauth import Application, Token
from sandbox.quay.routes_organizations import find_organization
from sandbox.quay.views import Json


def _list(call: Call) -> Response:
    return answers.answer({"applications": [_shown(call, one) for one in find_organization(call).applications]})


def _get(call: Call) -> Response:
    return answers.answer(_shown(call, _application(call)))


def _tokens(call: Call) -> Response:
    """All of them, the expired ones too, the newest first."""
    application = _application(call)
    tokens = [token for token in call.registry.tokens.values() if token.application is application]
    return answers.answer({"tokens": [_token(token) for token in sorted(tokens, key=_id, reverse=True)]})


def _application(call: Call) -> Application:
    client_id = call.parameters["client_id"]
    for application in find_organization(call).applications:
        if application.client_id == client_id:
            return application
    raise answers.not_found()


def _shown(call: Call, application: Application) -> Json:
    """The secret in clear for whoever may write, and kept from the global read-only superuser."""
    may_write = not call.reads_everything
    return {
        "name": application.name,
        "description": "",
        "application_uri": "",
        "client_id": application.client_id,
        "client_secret": application.client_secret if may_write else None,
        "redirect_uri": "" if may_write else None,
        "avatar_email": None,
    }


def _token(token: Token) -> Json:
    return {
        "uuid": token.uuid,
        "name": None,
        "scope": token.scope,
        "expires_at": _date(token.expires),
        "created": _date(token.created),
        "created_by": token.owner,
        "last_accessed": token.last_accessed and _date(token.last_accessed),
    }


def _date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _id(token: Token) -> int:
    return token.id


_PATH = "/api/v1/organization/{namespace}/applications"
RESOURCES = tuple(
    Resource(path, {"GET": Operation(handle, access="organization")}, present=lambda _features: True)
    for path, handle in (
        (_PATH, _list),
        (f"{_PATH}/{{client_id}}", _get),
        (f"{_PATH}/{{client_id}}/tokens", _tokens),
    )
)
