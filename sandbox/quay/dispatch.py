"""From a request to an answer: Quay's routing and Quay's checks, in Quay's order.

Routing is Flask's. A GET for which there is no resource falls through to the web page's catch-all address,
which ends in a slash: without the slash a redirect, with it a 404 page. Any other method is then a 405.

A request that found its resource is checked for: a browser, a token (a missing or bad one shows as a CSRF
failure on a write), read-only mode, the parameters, the body, and last whether the token may do this.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from sandbox.quay import answers
from sandbox.quay.features import Features
from sandbox.quay.schema import Schema, complaint
from sandbox.quay.state import Principal, Registry

_logger = logging.getLogger(__name__)

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_BROWSER = re.compile(r"mozilla|firefox|chrome|crios|safari|opera|opr/|edge?/|msie|trident|seamonkey", re.IGNORECASE)
_BEARER = re.compile(r"Bearer (\S+)", re.IGNORECASE)

Access = Literal["superuser", "organization", "full access", "token", "anyone"]
"""Whose token may use an operation, apart from the global read-only superuser, who may do every safe one.

`superuser`: a superuser's. `full access`: a superuser's, where superusers have full access. `organization`: that one,
or one with the scope `org:admin` of an owner of the organization. `token`: any valid one. `anyone`: none is needed.
"""


@dataclass(frozen=True)
class Call:
    """A checked request, as a handler needs it. `body` has passed the operation's schema."""

    registry: Registry
    request: Request
    raw_body: bytes
    base_url: str
    parameters: Mapping[str, str]
    principal: Principal | None
    integers: Mapping[str, int | None] = field(default_factory=dict)
    body: Any = None

    @property
    def features(self) -> Features:
        """What the registry's configuration switches."""
        return self.registry.features

    @property
    def ip(self) -> str:
        """Where the request came from."""
        return self.request.client.host if self.request.client else "127.0.0.1"

    @property
    def actor(self) -> Principal:
        """Whose token it is; only for operations that demand one."""
        if self.principal is None:
            raise answers.unauthorized()
        return self.principal

    @property
    def reads_everything(self) -> bool:
        """Whether it is a global read-only superuser, who sees all that there is, whatever the configuration."""
        return self.principal is not None and self.principal.may_read and self.principal.user.global_readonly

    @property
    def has_full_access(self) -> bool:
        """Whether it is a superuser, where superusers may do in every namespace what its owner may."""
        return self.principal is not None and self.principal.may_write and self.features.superusers_full_access

    @property
    def administers(self) -> bool:
        """Whether it is an owner of the organization in the path, by a token for administering organizations."""
        organization = self.registry.organization(self.parameters["namespace"])
        if self.principal is None or organization is None or not self.principal.token.has("org:admin"):
            return False
        return self.principal.user.name in organization.admins()

    def log(self, kind: str, namespace: str, /, **metadata: object) -> None:
        """Write a usage log entry about what the owner of the token does, with the application that it was done by."""
        token = self.actor.token
        by = {
            "oauth_token_id": token.id,
            "oauth_token_application_id": token.application.client_id,
            "oauth_token_application": token.application.name,
        }
        self.registry.log(kind, {**metadata, **by}, namespace=namespace, performer=self.actor.user.name, ip=self.ip)


Handler = Callable[[Call], Response]


@dataclass(frozen=True)
class Operation:
    """One method of a resource. `integers` are its numeric query parameters, with Quay's words for each."""

    handle: Handler
    schema: Schema | None = None
    integers: Mapping[str, str] = field(default_factory=dict)
    access: Access = "superuser"


@dataclass(frozen=True)
class Resource:
    """An address. One outside the API is not subject to the API's checks."""

    path: str
    operations: Mapping[str, Operation]
    present: Callable[[Features], bool] = lambda features: features.super_users
    api: bool = True

    @property
    def methods(self) -> set[str]:
        """What may be asked of it."""
        return {*self.operations, "OPTIONS", *(["HEAD"] if "GET" in self.operations else [])}

    def operation(self, method: str) -> Operation | None:
        """The operation that a method means; a HEAD is a GET."""
        return self.operations.get("GET" if method == "HEAD" else method)


class Dispatcher:
    """Answers every request outside the sandbox's own door."""

    def __init__(self, registry: Registry, resources: Sequence[Resource], is_revoked: Callable[[str], bool]) -> None:
        self._registry = registry
        self._resources = [(compile_path(resource.path)[0], resource) for resource in resources]
        self._is_revoked = is_revoked

    def token_kind(self, request: Request) -> str:
        """The word for a request's token: superuser, readonly, noscope, user, unknown or none."""
        principal = self._principal(request)
        return principal.kind if principal else "unknown" if _token(request) else "none"

    def __call__(self, request: Request, body: bytes) -> Response:
        """Answer a request, whose body has been read."""
        self._registry.sweep()
        base_url = str(request.base_url).rstrip("/")
        try:
            return self._answer(request, body, base_url)
        except answers.QuayError as error:
            return error.response(base_url)
        except Exception:
            _logger.exception("the simulated Quay crashed where the real one may not")
            return answers.Crash().response(base_url)

    def _answer(self, request: Request, body: bytes, base_url: str) -> Response:
        found = list(self._find(request.scope["path"]))
        for resource, parameters in found:
            if request.method == "OPTIONS":
                allow = ", ".join(sorted(resource.methods))
                return Response("", 200, {**answers.CORS, "allow": allow}, "text/html")
            if operation := resource.operation(request.method):
                principal = self._principal(request)
                if principal:
                    principal.token.note_access(self._registry.clock())
                call = Call(self._registry, request, body, base_url, parameters, principal)
                response = operation.handle(_checked(call, operation) if resource.api else call)
                if resource.api and _token(request) is None:
                    response.headers["vary"] = "Cookie"
                return response
        return self._nothing(request, base_url, [resource for resource, _ in found])

    def _find(self, path: str) -> Iterator[tuple[Resource, Mapping[str, str]]]:
        for pattern, resource in self._resources:
            if resource.present(self._registry.features) and (match := pattern.match(path)):
                yield resource, match.groupdict()

    def _nothing(self, request: Request, base_url: str, others: list[Resource]) -> Response:
        path, query = request.scope["path"], request.url.query
        slashed = [resource for resource, _ in self._find(f"{path}/")]
        moved = any(resource.operation(request.method) for resource in slashed)
        if moved or (request.method in SAFE_METHODS and not path.endswith("/")):
            return answers.redirect(f"{base_url}{path}/" + (f"?{query}" if query else ""))
        if request.method in SAFE_METHODS:
            return answers.web_page(200 if path == "/" else 404)
        allowed = {"GET", "HEAD", "OPTIONS"}.union(*(resource.methods for resource in [*others, *slashed]))
        allow = ", ".join(sorted(allowed))
        if any(resource.api for resource in others):
            return answers.answer({"message": "The method is not allowed for the requested URL."}, 405, allow=allow)
        return answers.page(405, allow=allow)

    def _principal(self, request: Request) -> Principal | None:
        token = _token(request)
        return self._registry.principal(token) if token and not self._is_revoked(token) else None


def _token(request: Request) -> str | None:
    match = _BEARER.fullmatch(request.headers.get("authorization", "").strip())
    return match[1] if match else None


def _checked(call: Call, operation: Operation) -> Call:
    request = call.request
    _refuse_browsers(call)
    safe = request.method in SAFE_METHODS
    if call.principal is None and not safe:
        raise answers.HtmlError("CSRF token was invalid or missing.", 403, vary="Origin, Cookie")
    if call.features.readonly and request.method != "GET":
        raise answers.ReadOnlyMode
    if call.principal is None and operation.access != "anyone":
        raise answers.AuthenticationRequired(token_given=_token(request) is not None)
    integers = {name: _integer(request, name, description) for name, description in operation.integers.items()}
    body = _json_body(call, operation.schema) if operation.schema is not None else None
    if not _permitted(call, operation.access, safe=safe):
        raise answers.unauthorized()
    return replace(call, integers=integers, body=body)


def _permitted(call: Call, access: Access, *, safe: bool) -> bool:
    if access in ("token", "anyone") or (safe and call.reads_everything):
        return True
    if access == "superuser":
        return call.actor.may_read if safe else call.actor.may_write
    return call.has_full_access or (access == "organization" and call.administers)


def _refuse_browsers(call: Call) -> None:
    headers = call.request.headers
    if (
        call.features.browser_xhr_only
        and call.request.method == "GET"
        and _BROWSER.search(headers.get("user-agent", ""))
        and headers.get("x-requested-with") != "XMLHttpRequest"
    ):
        complaint = "API calls must be invoked with an X-Requested-With header if called from a browser"
        raise answers.HtmlError(complaint, 400, vary="Origin")


def _integer(request: Request, name: str, description: str) -> int | None:
    text = request.query_params.get(name)
    try:
        return None if text is None else int(text)
    except ValueError:
        raise answers.Message({name: description}) from None


def parse_json(call: Call) -> Any:  # noqa: ANN401
    """The body as JSON, if it says that it is JSON.

    Raises `Message` 415 for another content type and 400 for what can't be parsed.
    """
    content_type = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json" and not re.fullmatch(r"application/\S+\+json", content_type):
        raise answers.Message(
            "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.",
            415,
        )
    try:
        return json.loads(call.raw_body)
    except ValueError:
        raise answers.Message("The browser (or proxy) sent a request that this server could not understand.") from None


def _json_body(call: Call, schema: Schema) -> Any:  # noqa: ANN401
    body = parse_json(call)
    if body is None:
        raise answers.invalid("Missing JSON body")
    if text := complaint(body, schema):
        raise answers.invalid(text)
    return body
