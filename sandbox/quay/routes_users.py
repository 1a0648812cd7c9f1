"""Users in the superuser API."""

import re
import secrets
import string
from uuid import uuid4

from starlette.responses import Response

from sandbox.quay import answers, paging, views
from sandbox.quay.dispatch import Call, Operation, Resource
from sandbox.quay.state import Registry, User

NAMESPACE_NAME = r"^([a-z0-9]+(?:[._-][a-z0-9]+)*)$"
LIMIT = {"limit": "Limit to the number of results to return per page. Max 100."}
_FALSE_WORDS = ("false", "False", "0", "FALSE", "", "null")
_COLUMN_WIDTH = 255
_PASSWORD_LETTERS = string.ascii_uppercase + string.digits

_CREATE = {
    "id": "CreateInstallUser",
    "description": "Data for creating a user",
    "required": ["username"],
    "properties": {
        "username": {"type": "string", "description": "The username of the user being created"},
        "email": {"type": "string", "description": "The email address of the user being created"},
    },
}
_UPDATE = {
    "id": "UpdateUser",
    "type": "object",
    "description": "Description of updates for a user",
    "properties": {
        "password": {"type": "string", "description": "The new password for the user"},
        "email": {"type": "string", "description": "The new e-mail address for the user"},
        "enabled": {"type": "boolean", "description": "Whether the user is enabled"},
    },
}


def name_problem(name: str) -> str | None:
    """What is wrong with a namespace's name, in Quay's words."""
    if not re.match(NAMESPACE_NAME, name):
        return f"Namespace must match expression {NAMESPACE_NAME}"
    if not 2 <= len(name) <= _COLUMN_WIDTH:
        return f"Namespace must be between 2 and {_COLUMN_WIDTH} characters in length"
    return None


def listed_page(call: Call, rows: list[paging.RowT]) -> tuple[list[paging.RowT], dict[str, str]]:
    """The rows that a list shows, and its `next_page` if there is one; it has pages only with a `limit`."""
    limit = call.integers["limit"]
    if limit is None:
        return rows, {}
    if limit > 100:
        raise answers.invalid("Page limit cannot be above 100")
    if limit < -1:
        raise answers.Crash
    first = paging.start_of(call.registry, call.request.query_params.get("next_page")) or 0
    start = next((place for place, row in enumerate(rows) if row.id >= first), len(rows))
    shown, following = paging.page(rows, limit, start)
    return shown, {} if following is None else {"next_page": paging.token_of(call.registry, following)}


def _list(call: Call) -> Response:
    disabled_too = call.request.query_params.get("disabled", "true") not in _FALSE_WORDS
    users = [user for user in call.registry.users() if disabled_too or user.enabled]
    shown, following = listed_page(call, users)
    return answers.answer({"users": [views.user(user, call.features) for user in shown], **following})


def _get(call: Call) -> Response:
    return answers.answer(views.user(_user(call), call.features))


def _create(call: Call) -> Response:
    """With mailing, an e-mail address is a must, and a mail server that is away a refusal after the user is made.

    That users from elsewhere are not made here was read in Quay's source, not recorded; so are all refusals of
    this kind.
    """
    if call.features.authentication != "Database":
        raise answers.invalid("Cannot create a user in a non-database auth system")
    if not isinstance(call.body, dict):
        raise answers.Crash
    name, email = call.body["username"], call.body.get("email")
    _check_new(call, name, email)
    registry, mailing = call.registry, call.features.mailing
    registry.add(User(registry.next_id(), name, email or str(uuid4()), verified=not mailing))
    call.log("user_create", name, email=email, username=name, superuser=call.actor.user.name)
    if mailing:
        _send_mail(call)
    password = "".join(secrets.choice(_PASSWORD_LETTERS) for _ in range(32))
    return answers.answer(
        {"username": name, "email": email, "password": password, "encrypted_password": _encrypted(password)}
    )


def _check_new(call: Call, name: str, email: str | None) -> None:
    registry = call.registry
    if call.features.mailing and not (email and re.match(r"[^@]+@[^@]+\.[^@]+", email)):
        raise answers.model_error(f"Invalid email address: {email}")
    if problem := name_problem(name):
        raise answers.model_error(f"Invalid namespace {name}: {problem}")
    if name in registry.namespaces:
        taken_by = "user" if registry.user(name) else "an organization and"
        raise answers.model_error(f"Username has already been taken by {taken_by} cannot be reused: {name}")
    if name in registry.being_deleted:
        raise answers.model_error("Username is not available")
    if email and len(email) > _COLUMN_WIDTH:
        raise answers.model_error(f"value too long for type character varying({_COLUMN_WIDTH})\n")
    if email and registry.email_owner(email):
        if call.features.mailing:
            raise answers.model_error(f"Email has already been used: {email}")
        raise answers.model_error(
            'duplicate key value violates unique constraint "user_email_unique_non_org"\n'
            f"DETAIL:  Key (email)=({email}) already exists.\n"
        )


def _change(call: Call) -> Response:
    user = _user(call)
    if user.super_user:
        raise answers.invalid("Cannot update a superuser")
    shown = views.user(user, call.features)
    superuser = call.actor.user.name
    if "password" in call.body:
        if call.features.authentication != "Database":
            raise answers.invalid("Cannot change password in non-database auth")
        password = call.body["password"]
        call.log("user_change_password", user.name, username=user.name, superuser=superuser)
        if len(password) < 8 or re.search(r"\s", password):
            raise answers.model_error(
                "Invalid password, password must be at least 8 characters and contain no whitespace."
            )
        shown["encrypted_password"] = _encrypted(password)
    if "email" in call.body:
        if call.features.authentication not in ("Database", "AppToken"):
            raise answers.invalid("Cannot change e-mail in non-database auth")
        old, new = user.email, call.body["email"]
        _check_new_email(call.registry, user, new)
        user.email, user.verified = new, True
        call.log("user_change_email", user.name, old_email=old, email=new, superuser=superuser)
        shown["email"] = new
    if "enabled" in call.body:
        user.enabled = call.body["enabled"]
        kind = "user_enable" if user.enabled else "user_disable"
        call.log(kind, user.name, username=user.name, superuser=superuser)
    return answers.answer(shown)


def _check_new_email(registry: Registry, user: User, email: str) -> None:
    if len(email) > _COLUMN_WIDTH:
        raise answers.Crash
    if registry.email_owner(email) not in (None, user):
        raise answers.model_error("E-mail address already used")


def _delete(call: Call) -> Response:
    """A disabled user stays, though Quay says and logs the same as of one that goes."""
    user = _user(call)
    if user.super_user:
        raise answers.invalid("Cannot delete a superuser")
    call.log("user_delete", user.name, username=user.name)
    if user.enabled:
        call.registry.delete_later(user.name)
    return answers.empty(204)


def _send_recovery(call: Call) -> Response:
    """That it succeeds, and that it refuses users from elsewhere and superusers, was read in Quay's source."""
    if call.features.authentication != "Database":
        raise answers.invalid("Cannot send a recovery e-mail for non-database auth")
    user = _user(call)
    if user.super_user:
        raise answers.invalid("Cannot send a recovery email for a superuser")
    _send_mail(call)
    return answers.answer({"email": user.email})


def _send_mail(call: Call) -> None:
    if not call.features.mail_server:
        raise answers.model_error("Could not send email. Please contact an administrator and report this problem.")


def _user(call: Call) -> User:
    user = call.registry.user(call.parameters["username"])
    if user is None:
        raise answers.not_found()
    return user


def _encrypted(password: str) -> str:
    return secrets.token_urlsafe(96)[: 64 if len(password) < 16 else 108]


RESOURCES = (
    Resource(
        "/api/v1/superuser/users/",
        {"GET": Operation(_list, integers=LIMIT), "POST": Operation(_create, _CREATE)},
    ),
    Resource(
        "/api/v1/superuser/users/{username}",
        {"GET": Operation(_get), "PUT": Operation(_change, _UPDATE), "DELETE": Operation(_delete)},
    ),
    Resource(
        "/api/v1/superusers/users/{username}/sendrecovery",
        {"POST": Operation(_send_recovery)},
        present=lambda features: features.super_users and features.mailing,
    ),
)
