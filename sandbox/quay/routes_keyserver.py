"""The key server: where services put their own keys, which then wait for approval.

The audience of their JWTs is the URL at which they reach Quay, without a slash at the end.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from starlette.responses import Response

from sandbox.quay import answers
from sandbox.quay.dispatch import Call, Operation, Resource, parse_json
from sandbox.quay.routes_keys import add_key, log_namespace
from sandbox.quay.state import ServiceKey

_BEARER = re.compile(r"Bearer ((?:[\w-]+\.){2}[\w-]+)")
_DAY = timedelta(days=1)


def _list(call: Call) -> Response:
    service = call.parameters["service"]
    keys = [key for key in call.registry.visible_keys() if key.service == service and _alive(call, key)]
    return answers.answer({"keys": [{**key.jwk, "kid": key.kid} for key in keys if key.approval]}, cors=False)


def _get(call: Call) -> Response:
    key = call.registry.key(call.parameters["kid"])
    if key is None or key.service != call.parameters["service"]:
        raise answers.Page(404)
    if key.approval is None:
        raise answers.Page(409)
    if not _alive(call, key):
        raise answers.Page(403)
    lifetime = min(_DAY, key.expiration - call.registry.clock()) if key.expiration else _DAY
    return answers.answer(key.jwk, cors=False, cache_control=f"max-age={int(lifetime.total_seconds())}")


def _put(call: Call) -> Response:
    """A key signed by itself will wait; one signed by an approved key of the same service takes its place."""
    service, kid = call.parameters["service"], call.parameters["kid"]
    expiration, rotation = _expiration(call), call.request.query_params.get("rotation")
    jwk = _jwk(call)
    token = _BEARER.fullmatch(call.request.headers.get("authorization", ""))
    if token is None:
        raise answers.Page(400)
    signer_kid = _signer(token[1])
    if call.features.readonly:
        raise answers.ReadOnlyMode
    metadata: dict[str, Any] = {"ip": call.ip}
    key = ServiceKey(kid, service, jwk, call.registry.clock(), metadata=metadata, expiration=expiration)
    if signer_kid in (kid, None):
        _verify(call, token[1], jwk)
        key.rotation_duration = int(rotation) if rotation else None
        add_key(call.registry, key)
        _log(call, "service_key_create", preshared=False)
        return Response("", 202, media_type="text/html")
    signer = call.registry.key(signer_kid)
    if signer is None or signer.service != service or not signer.approval or not _alive(call, signer):
        raise answers.Page(403)
    _verify(call, token[1], signer.jwk)
    key.name, key.approval = signer.name, signer.approval
    key.metadata = {**signer.metadata, **metadata, "created_by": "Key Rotation"}
    key.rotation_duration = signer.rotation_duration
    add_key(call.registry, key)
    del call.registry.keys[signer.kid]
    _log(call, "service_key_rotate", signer_kid=signer.kid)
    return Response("", 200, media_type="text/html")


def _alive(call: Call, key: ServiceKey) -> bool:
    return key.expiration is None or key.expiration > call.registry.clock()


def _expiration(call: Call) -> datetime | None:
    text = call.request.query_params.get("expiration")
    try:
        return datetime.fromtimestamp(float(text), UTC) if text is not None else None
    except ValueError:
        raise answers.Page(400) from None


def _jwk(call: Call) -> dict[str, str]:
    try:
        jwk = parse_json(call)
    except answers.Message as refusal:
        raise answers.Page(refusal.status) from None
    if not isinstance(jwk, dict):
        raise answers.Crash
    needed = {"RSA": ("e", "n"), "EC": ("x", "y")}.get(jwk.get("kty", ""))
    if needed is None or any(name not in jwk for name in needed):
        raise answers.Page(400)
    return jwk


def _signer(token: str) -> str | None:
    try:
        kid: str | None = jwt.get_unverified_header(token).get("kid")
    except jwt.InvalidTokenError:
        raise answers.Crash from None
    return kid


def _verify(call: Call, token: str, jwk: dict[str, str]) -> None:
    try:
        jwt.decode(
            token,
            jwt.PyJWK.from_dict(jwk, algorithm="RS256"),
            algorithms=["RS256"],
            audience=call.base_url,
            issuer=call.parameters["service"],
            options={"require": ["exp", "iat", "nbf"]},
        )
    except jwt.PyJWTError:
        raise answers.Page(400) from None


def _log(call: Call, kind: str, **more: object) -> None:
    metadata = {
        **call.parameters,
        "name": "",
        "user_agent": call.request.headers.get("user-agent"),
        "ip": call.ip,
        **more,
    }
    call.registry.log(kind, metadata, namespace=log_namespace(call.registry), performer=None, ip=call.ip)


RESOURCES = (
    Resource(
        "/keys/services/{service}/keys",
        {"GET": Operation(_list)},
        present=lambda _features: True,
        api=False,
    ),
    Resource(
        "/keys/services/{service}/keys/{kid}",
        {"GET": Operation(_get), "PUT": Operation(_put)},
        present=lambda _features: True,
        api=False,
    ),
)
