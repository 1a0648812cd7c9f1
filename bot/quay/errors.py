"""Why the registry did not do what it was asked.

Quay says "no" in five shapes, some of them HTML, and with statuses that mislead: a bad token is a 403 on a
write, an unknown build a 400, a switched-off feature a redirect. httpx adds its own exceptions for the calls
that never came to an answer. Callers ask other questions: is it the token, the argument or the registry; and
for a write above all, *may it have happened anyway?* This hierarchy answers those, keeps Quay's own reason as
one sentence and chains what caused it. No token and no body of an answer gets into it.
"""

import json
import re
from typing import Any

import httpx

from bot.quay.operations import Route, features_of

LONGEST_REASON = 300


class QuayError(Exception):
    """A call that did not succeed.

    `operation` is the operationId, `status` the HTTP status if any, `message` the reason in a sentence.
    `may_have_happened` is True for a write that was sent and not certainly refused.
    """

    def __init__(
        self, message: str, *, operation: str, status: int | None = None, may_have_happened: bool = False
    ) -> None:
        super().__init__(message)
        self.message = message
        self.operation = operation
        self.status = status
        self.may_have_happened = may_have_happened

    @property
    def may_land_later(self) -> bool:
        """Whether Quay may still be working on the write: the answer is not Quay's own, or there is none."""
        return False

    def __str__(self) -> str:
        status = f" (HTTP {self.status})" if self.status else ""
        return f"{self.operation}: {self.message}{status}"


class Unauthorized(QuayError):
    """The token is missing, wrong or expired."""


class Forbidden(QuayError):
    """The token is good, but lacks the scope `super:user`, or its owner may not do this."""


class ReadTokenRefused(Unauthorized):
    """Quay refuses the token for reading; reads go by the one for changes."""


class NotFound(QuayError):
    """The thing that was named does not exist."""


class Invalid(QuayError):
    """The registry refuses what was asked; without a status, it was refused before anything was sent."""


class FeatureOff(QuayError):
    """The route does not exist: the feature is switched off there, or it is no Quay."""


class ReadOnly(QuayError):
    """The registry is in read-only mode."""


class RateLimited(QuayError):
    """Too many requests; `retry_after` is in seconds, None when the answer did not say."""

    def __init__(self, message: str, *, operation: str, status: int, retry_after: float | None) -> None:
        super().__init__(message, operation=operation, status=status)
        self.retry_after = retry_after


class Busy(QuayError):
    """The bot has too many requests to Quay already; this one was not sent."""


class ServerError(QuayError):
    """Quay failed, a gateway answered in its place, or the answer is not of Quay's API."""

    @property
    def may_land_later(self) -> bool:
        """Not after an error of Quay's own, which has ended the request. A success that is not Quay's says nothing."""
        return self.may_have_happened and (self.status is None or self.status < 400)


class GatewayError(ServerError):
    """A proxy answered in Quay's place, to which a write may have got through: Quay may still be working on it."""

    @property
    def may_land_later(self) -> bool:
        """A proxy gives up before Quay does."""
        return self.may_have_happened


class NotAdvancing(ServerError):
    """A paged list gave the same page again, so it would never end."""

    def __init__(self, *, operation: str) -> None:
        super().__init__(
            "This list never ends: Quay keeps returning the same page. Its pods probably don't share one "
            "PAGE_TOKEN_KEY, or their clocks are more than a minute apart.",
            operation=operation,
        )


class Unreachable(QuayError):
    """No answer came: no connection, a broken one, or too slow.

    `resendable` is True where Quay has certainly not worked on the request: there was no connection, or Quay had
    closed a kept one while it was idle.
    """

    def __init__(
        self, message: str, *, operation: str, may_have_happened: bool = False, resendable: bool = False
    ) -> None:
        super().__init__(message, operation=operation, may_have_happened=may_have_happened)
        self.resendable = resendable

    @property
    def may_land_later(self) -> bool:
        """Whatever became of the connection, Quay does not notice it."""
        return self.may_have_happened


class TimedOut(Unreachable):
    """No answer came in time; Quay may still be working on the request."""


_BY_TYPE: dict[str, tuple[type[QuayError], str]] = {
    "invalid_token": (Unauthorized, "The token in {setting} is wrong, expired or revoked."),
    "fresh_login_required": (Unauthorized, "Quay asks for a fresh login."),
    "insufficient_scope": (Forbidden, "The token in {setting} isn't allowed to do this."),
    "not_found": (NotFound, "It does not exist."),
    "invalid_response": (NotFound, "It does not exist."),
    "invalid_request": (Invalid, "Quay refuses the request and gives no reason."),
}
_BY_STATUS: dict[int, tuple[type[QuayError], str]] = {
    401: _BY_TYPE["invalid_token"],
    403: _BY_TYPE["insufficient_scope"],
    404: _BY_TYPE["not_found"],
}

_OWN_CRASH = re.compile(r"<h1>(<p>)?Internal Server Error(</p>)?</h1>")
"""The page that gunicorn or Flask shows when Quay failed; a proxy's own 500 is another."""

_TAKEN = re.compile(r"Key \((?P<field>[^)]*)\)=\((?P<value>.*?)\) already exists|Duplicate entry '(?P<entry>[^']*)'")
_TOO_LONG = re.compile(r"value too long for type character varying\((?P<length>\d+)\)")


def refusal(route: Route, response: httpx.Response, setting: str) -> QuayError:
    """Say what an answer means that is no success; `setting` names the token with which it was asked for."""
    status = response.status_code
    answer = _json_object(response)
    about: dict[str, Any] = {"operation": route.id, "status": status}
    if status == 503 and answer.get("is_readonly"):
        return ReadOnly(_reason(answer, "Quay is in read-only mode."), **about)
    if status >= 500 or status == 408:
        about["may_have_happened"] = route.kind == "change"
        if status == 500 and (answer or _OWN_CRASH.search(response.text)):
            return ServerError(_reason(answer, "Quay returned an error (500)."), **about)
        otherwise = f"A proxy in front of Quay returned {status} instead of Quay's answer."
        return GatewayError(_reason(answer, otherwise), **about)
    if status == 429:
        reason = _reason(answer, "Quay is limiting requests.")
        return RateLimited(reason, **about, retry_after=_retry_after(response))
    if status < 400:
        return _redirected(route, response, about)
    if status in {404, 405} and not answer:
        return FeatureOff(_no_route(route), **about)
    return _refused(answer, about, setting)


def _refused(answer: dict[str, Any], about: dict[str, Any], setting: str) -> QuayError:
    """Tell the refusals of the API apart: by their type, else by the status.

    Of a token Quay says no more than `Unauthorized` or `CSRF token was invalid`, which helps nobody.
    """
    by_status = _BY_STATUS.get(about["status"], _BY_TYPE["invalid_request"])
    kind, otherwise = _BY_TYPE.get(str(answer.get("error_type")), by_status)
    if "CSRF" in str(answer.get("error", "")):
        kind, otherwise = _BY_TYPE["invalid_token"]
    if issubclass(kind, Unauthorized | Forbidden):
        return kind(otherwise.format(setting=setting), **about)
    return kind(_reason(answer, otherwise), **about)


def both_refused(error: Unauthorized) -> Unauthorized:
    """Say that Quay refuses both tokens."""
    said = "The tokens in QUAY_READ_TOKEN and QUAY_TOKEN are wrong, expired or revoked."
    return Unauthorized(said, operation=error.operation, status=error.status)


def not_of_the_api(route: Route, response: httpx.Response, why: str) -> ServerError:
    """Say that a success carries something else than the API's answer; a write has probably happened."""
    return ServerError(
        f"Quay's answer can't be read: {why}.",
        operation=route.id,
        status=response.status_code,
        may_have_happened=route.kind == "change",
    )


_NEVER_SENT = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol
)  # fmt: skip


def no_answer(route: Route, cause: Exception, *, was_idle: bool = False) -> Unreachable:
    """Say what a failure below HTTP means; only a write that was never sent has certainly not happened.

    `was_idle`: the request went over a kept connection, of which no part of an answer came.
    """
    never_sent = isinstance(cause, _NEVER_SENT)
    timed_out = isinstance(cause, httpx.TimeoutException | TimeoutError)
    kind = TimedOut if timed_out else Unreachable
    return kind(
        _connection_reason(cause),
        operation=route.id,
        may_have_happened=route.kind == "change" and not never_sent,
        resendable=not timed_out and (never_sent or was_idle),
    )


def _connection_reason(cause: Exception) -> str:
    match cause:
        case httpx.PoolTimeout():
            return "Too many requests to Quay are running."
        case httpx.ConnectTimeout():
            return "Quay can't be reached: connecting timed out."
        case httpx.ConnectError() | httpx.ProxyError():
            return f"Quay can't be reached: {_sentence(str(cause)) or 'no connection.'}"
        case httpx.TimeoutException() | TimeoutError():
            return "Quay didn't answer in time."
        case _:
            return "The connection to Quay broke before the answer was complete."


def _no_route(route: Route) -> str:
    features = features_of(route)
    if features:
        return f"{' or '.join(features)} is off in Quay."
    return "This Quay has no such route: FEATURE_SUPER_USERS is off, or QUAY_URL is wrong."


def _redirected(route: Route, response: httpx.Response, about: dict[str, Any]) -> QuayError:
    """Tell Quay's redirect to a path with a slash, where no route is, from one to another address."""
    target = response.url.join(response.headers.get("location", ""))
    if target.path == f"{response.url.path}/":
        return FeatureOff(_no_route(route), **about)
    address = f"{target.scheme}://{target.netloc.decode()}"
    return ServerError(f"Quay redirects to {address}. Set QUAY_URL to where it is.", **about)


def _json_object(response: httpx.Response) -> dict[str, Any]:
    """Read an error's JSON whatever its content type says; an HTML page is an empty object."""
    try:
        answer = json.loads(response.content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _reason(answer: dict[str, Any], otherwise: str) -> str:
    """Find Quay's own words in any of its shapes, as one sentence."""
    for field in ("detail", "error_message", "message", "error"):
        said = answer.get(field)
        if isinstance(said, dict):
            said = "; ".join(f"{name}: {text}" for name, text in said.items())
        if isinstance(said, str) and said.strip():
            return _sentence(said)
    return otherwise


def _sentence(text: str) -> str:
    """Cut a validator's or a database's text down to what it says."""
    if taken := _TAKEN.search(text):
        thing = f"{taken['field']} {taken['value']}" if taken["field"] else taken["entry"]
        return f"Already taken: {thing}."
    if too_long := _TOO_LONG.search(text):
        return f"A value is longer than {too_long['length']} characters."
    first = " ".join(text.strip().splitlines()[0].split()) if text.strip() else ""
    printable = "".join(letter for letter in first if letter.isprintable())
    if len(printable) > LONGEST_REASON:
        return printable[: LONGEST_REASON - 1] + "…"
    return printable if not printable or printable.endswith((".", "!", "?")) else f"{printable}."


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return max(0.0, float(response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None
