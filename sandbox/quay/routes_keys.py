"""Service keys in the superuser API."""

import re
from datetime import UTC, datetime

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.responses import Response

from sandbox.quay import answers, views
from sandbox.quay.dispatch import Call, Operation, Resource
from sandbox.quay.jwk import base64url, rsa_jwk, thumbprint
from sandbox.quay.state import Approval, Registry, ServiceKey

SERVICE_NAME = re.compile(r"[a-z0-9_]+\n?")
_FRIENDLY_NAME = re.compile(r"[\sa-zA-Z0-9\-_:/]*")
_COLUMN_WIDTH = 255

_NAME = {"type": "string", "description": "The friendly name of a service key"}
_METADATA = {"type": "object", "description": "The key/value pairs of this key's metadata"}
_EXPIRATION = {
    "description": "The expiration date as a unix timestamp",
    "anyOf": [{"type": "number"}, {"type": "null"}],
}
_CREATE = {
    "id": "CreateServiceKey",
    "type": "object",
    "description": "Description of creation of a service key",
    "required": ["service", "expiration"],
    "properties": {
        "service": {"type": "string", "description": "The service authenticating with this key"},
        "name": _NAME,
        "metadata": _METADATA,
        "notes": {"type": "string", "description": "If specified, the extra notes for the key"},
        "expiration": _EXPIRATION,
    },
}
_UPDATE = {
    "id": "PutServiceKey",
    "type": "object",
    "description": "Description of updates for a service key",
    "properties": {"name": _NAME, "metadata": _METADATA, "expiration": _EXPIRATION},
}
_APPROVE = {
    "id": "ApproveServiceKey",
    "type": "object",
    "description": "Information for approving service keys",
    "properties": {"notes": {"type": "string", "description": "Optional approval notes"}},
}


def add_key(registry: Registry, key: ServiceKey) -> None:
    """Put a new key in.

    Raises a `Message` without text for a bad service name, `Crash` for a kid that is taken and for a kid,
    name or service of more than 255 characters.
    """
    if not SERVICE_NAME.fullmatch(key.service):
        raise answers.model_error("")
    registry.collect_keys(key.service)
    if key.kid in registry.keys or any(len(text) > _COLUMN_WIDTH for text in (key.kid, key.name, key.service)):
        raise answers.Crash
    registry.keys[key.kid] = key


def log_namespace(registry: Registry) -> str:
    """Entries about service keys are written under the first superuser."""
    return next((user.name for user in registry.users() if user.super_user), "")


def _list(call: Call) -> Response:
    return answers.answer({"keys": [views.key(key, call.registry) for key in call.registry.visible_keys()]})


def _get(call: Call) -> Response:
    return answers.answer(views.key(_visible(call), call.registry))


def _create(call: Call) -> Response:
    registry, now = call.registry, call.registry.clock()
    name, service = call.body.get("name", ""), call.body["service"]
    _check_name(name)
    expiration = _moment(call.body["expiration"])
    if expiration and expiration <= now:
        raise answers.invalid("Expiration date cannot be in the past")
    creator = call.actor.user.name
    metadata = {
        **call.body.get("metadata", {}),
        "created_by": "Quay Superuser Panel",
        "creator": creator,
        "ip": call.ip,
    }
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = rsa_jwk(private.public_key().public_numbers().n)
    kid = base64url(thumbprint(jwk))
    approval = Approval("SUPERUSER", now, creator, call.body.get("notes", ""))
    add_key(
        registry,
        ServiceKey(kid, service, {**jwk, "kid": kid}, now, name, metadata, expiration, approval=approval),
    )
    about: dict[str, object] = {"kid": kid, "preshared": True, "service": service, "name": name}
    for kind in ("service_key_create", "service_key_approve"):
        call.log(
            kind,
            log_namespace(registry),
            **about,
            expiration_date=_seconds(expiration),
            auto_approved=True,
        )
    return answers.answer(
        {
            "kid": kid,
            "name": name,
            "private_key": private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            ).decode(),
            "public_key": private.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode(),
            "service": service,
        }
    )


def _update(call: Call) -> Response:
    key = _visible(call)
    about: dict[str, object] = {
        "kid": key.kid,
        "service": key.service,
        "name": call.body.get("name", key.name),
        "expiration_date": _seconds(key.expiration),
    }
    if "expiration" in call.body:
        expiration = _moment(call.body["expiration"])
        if expiration and expiration <= call.registry.clock():
            raise answers.invalid("Cannot have an expiration date in the past")
        about |= {
            "expiration_date": _seconds(expiration),
            "old_expiration_date": _seconds(key.expiration),
        }
        call.log("service_key_extend", log_namespace(call.registry), **about)
        key.expiration = expiration
    if "name" in call.body or "metadata" in call.body:
        name = call.body.get("name")
        _check_name(name)
        if name and len(name) > _COLUMN_WIDTH:
            raise answers.Crash
        key.name = key.name if name is None else name
        key.metadata.update(call.body.get("metadata", {}))
        call.log("service_key_modify", log_namespace(call.registry), **about)
    return answers.answer(views.key(key, call.registry))


def _delete(call: Call) -> Response:
    key = call.registry.keys.pop(call.parameters["kid"], None)
    if key is None:
        raise answers.not_found()
    call.registry.collect_keys(key.service)
    call.log(
        "service_key_delete",
        log_namespace(call.registry),
        kid=key.kid,
        service=key.service,
        name=key.name,
        created_date=_seconds(key.created),
        expiration_date=_seconds(key.expiration),
    )
    return answers.empty(204, "text/html")


def _approve(call: Call) -> Response:
    key = call.registry.keys.get(call.parameters["kid"])
    if key is None:
        raise answers.not_found()
    if key.approval is None:
        approver = call.actor.user.name
        key.approval = Approval("SUPERUSER", call.registry.clock(), approver, call.body.get("notes", ""))
        call.log(
            "service_key_approve",
            log_namespace(call.registry),
            kid=key.kid,
            service=key.service,
            name=key.name,
            expiration_date=_seconds(key.expiration),
        )
    return answers.empty(201, "text/html")


def _visible(call: Call) -> ServiceKey:
    key = call.registry.key(call.parameters["kid"])
    if key is None:
        raise answers.not_found()
    return key


def _check_name(name: str | None) -> None:
    if name is not None and not _FRIENDLY_NAME.fullmatch(name):
        raise answers.invalid(f"Invalid service key friendly name: {name}")


def _moment(seconds: float | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(float(seconds), UTC)
    except ValueError as error:
        raise answers.invalid(f"Invalid expiration date: {error}") from None
    except OverflowError:
        raise answers.Crash from None


def _seconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp()) if moment else None


RESOURCES = (
    Resource(
        "/api/v1/superuser/keys",
        {"GET": Operation(_list), "POST": Operation(_create, _CREATE)},
    ),
    Resource(
        "/api/v1/superuser/keys/{kid}",
        {"GET": Operation(_get), "PUT": Operation(_update, _UPDATE), "DELETE": Operation(_delete)},
    ),
    Resource("/api/v1/superuser/approvedkeys/{kid}", {"POST": Operation(_approve, _APPROVE)}),
)
