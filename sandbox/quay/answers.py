"""How Quay says no: its five error shapes, its HTML pages, and the plain JSON answer.

Errors are raised anywhere below `dispatch`, which turns them into responses.
"""

import json
from abc import ABC, abstractmethod
from http import HTTPStatus
from typing import Literal

from starlette.responses import Response

ErrorType = Literal["invalid_request", "invalid_token", "insufficient_scope", "not_found", "invalid_response"]

CORS = {"access-control-allow-origin": "*"}
UNCACHED = {"cache-control": "no-cache, no-store, must-revalidate", "vary": "Cookie"}

_STATUS: dict[ErrorType, int] = {
    "invalid_request": 400,
    "invalid_token": 401,
    "insufficient_scope": 403,
    "not_found": 404,
    "invalid_response": 400,
}
_DESCRIPTIONS = {
    400: "The browser (or proxy) sent a request that this server could not understand.",
    403: "You don&#39;t have the permission to access the requested resource. It is either read-protected or"
    " not readable by the server.",
    404: "The requested URL was not found on the server. If you entered the URL manually please check your"
    " spelling and try again.",
    405: "The method is not allowed for the requested URL.",
    409: "A conflict happened while processing the request. The resource might have been modified while the"
    " request was being processed.",
    415: "The server does not support the media type transmitted in the request.",
}
_CRASH_PAGE = """<html>
  <head>
    <title>Internal Server Error</title>
  </head>
  <body>
    <h1><p>Internal Server Error</p></h1>
    
  </body>
</html>
"""  # noqa: W293
_WEB_PAGE = """<!DOCTYPE html>
<html ng-app="quay" class="onprem">
  <head>
    <base href="/">
    <title ng-bind="title + ' · Quay'">Quay</title>
  </head>
  <body>The sandbox has no Quay web page.</body>
</html>
"""


def answer(content: object, status: int = 200, *, cors: bool = True, **headers: str) -> Response:
    """A JSON answer of the API."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    text = json.dumps(content) + "\n"
    return Response(text, status, {**(CORS if cors else {}), **named}, "application/json")


def empty(status: int, content_type: str = "application/json") -> Response:
    """An answer without a body; which content type it claims differs from operation to operation."""
    return Response("", status, CORS, content_type)


def page(status: int, **headers: str) -> Response:
    """Werkzeug's HTML page for a status."""
    title = HTTPStatus(status).phrase
    html = f"<!doctype html>\n<html lang=en>\n<title>{status} {title}</title>\n<h1>{title}</h1>\n"
    return Response(f"{html}<p>{_DESCRIPTIONS[status]}</p>\n", status, headers, "text/html")


def redirect(url: str) -> Response:
    """The redirect to the path with a slash; the method and the body are to be kept."""
    html = (
        "<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n"
        "<p>You should be redirected automatically to the target URL: "
        f'<a href="{url}">{url}</a>. If not, click the link.\n'
    )
    return Response(html, 308, {"location": url}, "text/html")


def web_page(status: int) -> Response:
    """Quay's own web page, which it also serves, as 404, for addresses that it doesn't know."""
    headers = {**UNCACHED, "x-frame-options": "DENY", "set-cookie": "_csrf_token=sandbox; HttpOnly; Path=/"}
    return Response(_WEB_PAGE, status, headers, "text/html")


class QuayError(Exception, ABC):
    """Something that Quay refuses or fails at."""

    @abstractmethod
    def response(self, base_url: str) -> Response:
        """The error as it goes out; `base_url` is the server's own, without a slash at the end."""


class ApiError(QuayError):
    """The API's own error object, with one of five types."""

    def __init__(self, error_type: ErrorType, detail: str) -> None:
        super().__init__(detail)
        self.error_type: ErrorType = error_type
        self.detail = detail

    def response(self, base_url: str) -> Response:
        status = _STATUS[self.error_type]
        return answer(
            {
                "detail": self.detail,
                "error_message": self.detail,
                "error_type": self.error_type,
                "title": self.error_type,
                "type": f"{base_url}/api/v1/error/{self.error_type}",
                "status": status,
            },
            status,
        )


class AuthenticationRequired(ApiError):
    """A GET without a valid token."""

    def __init__(self, *, token_given: bool) -> None:
        super().__init__("invalid_token", "Requires authentication")
        self.token_given = token_given

    def response(self, base_url: str) -> Response:
        response = super().response(base_url)
        if not self.token_given:
            response.headers["vary"] = "Cookie"
        return response


class Message(QuayError):
    """`{"message": …}`: the framework's refusals, and (without CORS headers) the data model's."""

    def __init__(self, message: str | dict[str, str], status: int = 400, *, cors: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.cors = cors

    def response(self, base_url: str) -> Response:  # noqa: ARG002
        return answer({"message": self.message}, self.status, cors=self.cors)


class HtmlError(QuayError):
    """`{"error": …}` that calls itself HTML."""

    def __init__(self, error: str, status: int, vary: str) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.vary = vary

    def response(self, base_url: str) -> Response:  # noqa: ARG002
        return Response(json.dumps({"error": self.error}), self.status, {**CORS, "vary": self.vary}, "text/html")


class Page(QuayError):
    """A bare HTML page with a status, as the key server answers."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status

    def response(self, base_url: str) -> Response:  # noqa: ARG002
        return page(self.status)


class ReadOnlyMode(QuayError):
    """A write while the registry is read-only."""

    def response(self, base_url: str) -> Response:  # noqa: ARG002
        message = "System is currently read-only. Pulls will succeed but all write operations are currently suspended."
        return answer({"is_readonly": True, "message": message}, 503, cors=False)


class Crash(QuayError):
    """What Quay didn't foresee: an HTML page, and the connection is closed."""

    def response(self, base_url: str) -> Response:  # noqa: ARG002
        return Response(_CRASH_PAGE, 500, {"content-type": "text/html", "connection": "close"})


def not_found() -> ApiError:
    """The API's 404."""
    return ApiError("not_found", "Not Found")


def unauthorized() -> ApiError:
    """A valid token that may not do this."""
    return ApiError("insufficient_scope", "Unauthorized")


def invalid(detail: str) -> ApiError:
    """The API's 400."""
    return ApiError("invalid_request", detail)


def model_error(message: str) -> Message:
    """A refusal by the data model, which no CORS headers are put on."""
    return Message(message, cors=False)
