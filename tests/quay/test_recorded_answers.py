"""Every answer that was recorded from a real Quay becomes a model or the error that says what is wrong."""

import inspect
import json
import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from bot.quay import models
from bot.quay.answers import Page
from bot.quay.client import Expiry, Quay
from bot.quay.errors import (
    FeatureOff,
    Forbidden,
    Invalid,
    NotFound,
    QuayError,
    ReadOnly,
    ServerError,
    Unauthorized,
)
from bot.quay.operations import (
    CHANGE_ORGANIZATION_DETAILS,
    GET_ORGANIZATION,
    GET_USER,
    KNOWN,
    LIST_LIMITS,
    LIST_QUOTA,
    Route,
)

RECORDINGS = Path(__file__).parent.parent / "recordings"
ROUTES = [*KNOWN.values(), GET_USER, GET_ORGANIZATION, CHANGE_ORGANIZATION_DETAILS, LIST_LIMITS, LIST_QUOTA]
Case = dict[str, Any]


METHODS = {
    GET_USER.id: "get_install_user",
    GET_ORGANIZATION.id: "get_organization",
    CHANGE_ORGANIZATION_DETAILS.id: "update_organization_settings",
    LIST_LIMITS.id: "limits.list",
    LIST_QUOTA.id: "limits.list_quota",
    "createOrganizationQuotaLimit": "limits.create",
    "changeOrganizationQuotaLimit": "limits.change",
    "deleteOrganizationQuotaLimit": "limits.delete",
}
ALWAYS: dict[str, Any] = {"username": "", "service": "", "expiration": "never", "limit_bytes": 0}
OF_LIMITS = {"type": "kind", "threshold_percent": "percent"}
"""What the client calls the fields of a limit."""


async def _call(quay: Quay, route: Route, at: dict[str, str], body: object) -> object:
    """Call the client's method with the arguments that a recorded request stands for."""
    fields: dict[str, Any] = dict(body) if isinstance(body, dict) else {}
    if "name" in at and "name" in fields:
        fields["rename"] = fields.pop("name")
    if isinstance(fields.get("password"), str):
        fields["password"] = SecretStr(fields["password"])
    if "expiration" in fields:
        fields["expiration"] = _expiry(fields["expiration"])
    if not isinstance(fields.get("metadata"), dict):
        fields.pop("metadata", None)
    fields |= {OF_LIMITS[name]: value for name, value in fields.items() if name in OF_LIMITS} | at
    if route is LIST_QUOTA:
        fields["organization"] = fields["namespace"]
    method = attrgetter(METHODS.get(route.id) or re.sub(r"(?=[A-Z])", "_", route.id).lower())(quay)
    arguments = {
        name: fields.get(name, ALWAYS.get(name))
        for name, parameter in inspect.signature(method).parameters.items()
        if name in fields or parameter.default is parameter.empty
    }
    return await method(**arguments)


def _expiry(seconds: object) -> Expiry:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) and 0 < seconds < 1e12 else "never"


ERRORS: dict[tuple[int, str | None], type[QuayError]] = {
    (308, "html"): FeatureOff,
    (400, "invalid_request"): Invalid,
    (400, "invalid_response"): NotFound,
    (400, "message"): Invalid,
    (400, "error"): Invalid,
    (401, "invalid_token"): Unauthorized,
    (403, "error"): Unauthorized,
    (403, "insufficient_scope"): Forbidden,
    (404, "html"): FeatureOff,
    (404, "not_found"): NotFound,
    (405, "html"): FeatureOff,
    (405, "message"): Invalid,
    (415, "message"): Invalid,
    (500, "html"): ServerError,
    (503, "read-only"): ReadOnly,
}


def _shape(response: Case) -> str:
    answer = response.get("json")
    if answer is None:
        text = response["text"]
        return "error" if text.startswith("{") else "html"
    if answer.get("is_readonly"):
        return "read-only"
    return str(answer.get("error_type") or "message")


def _matching(case: Case) -> tuple[Route, dict[str, str]] | None:
    """Find the call that a recorded request is, with the parameters in its path."""
    request = case["request"]
    for route in ROUTES:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path) + ("" if route.path.endswith("/") else "/?")
        found = re.fullmatch(pattern, request["path"].partition("?")[0])
        if found and route.method == request["method"]:
            return route, found.groupdict()
    return None


def _cases() -> Iterator[Any]:
    for file in sorted(RECORDINGS.glob("*.json")):
        for number, case in enumerate(json.loads(file.read_text())):
            if case.get("response", {}).get("status") and "request" in case and _matching(case):
                yield pytest.param(case, id=f"{file.stem}-{number}")


@pytest.mark.parametrize("case", list(_cases()))
async def test_a_recorded_answer_is_understood(
    case: Case, quay: Quay, answers: deque[Case], requests: list[Case]
) -> None:
    """A success becomes a model, anything else one error; the request is the one that Quay answered."""
    matching = _matching(case)
    assert matching
    route, at = matching
    recorded, response = case["request"], case["response"]
    answers.extend([response] * (2 if response["status"] in {401, 403} and route.kind == "read" else 1))
    if response["status"] >= 300:
        with pytest.raises(ERRORS[response["status"], _shape(response)]) as caught:
            await _call(quay, route, at, recorded.get("json"))
        assert caught.value.operation == route.id
        assert caught.value.status == response["status"]
        assert caught.value.may_have_happened == (route.method != "GET" and response["status"] == 500)
        assert re.fullmatch(r"[^\n<>]*[.!?…]", caught.value.message)
        return
    result = await _call(quay, route, at, recorded.get("json"))
    assert isinstance(result, BaseModel | tuple | bool | None)
    assert (requests[0]["method"], requests[0]["path"]) == (recorded["method"], recorded["path"].partition("?")[0])


SENT = {
    "approveServiceKey": {"success: with notes", "success: empty object"},
    "changeInstallUser": {"success: password, email and enabled as documented", "empty object"},
    "changeOrganization": {"name: rename (real schema)", "email only"},
    "changeOrganizationQuotaSuperUser": {"success: limit_bytes"},
    "createInstallUser": {"success: username and email", "success: username only"},
    "createServiceKey": {"success: every field", "expiration null (never expires)"},
    "createUserQuotaSuperUser": {"success: limit_bytes 10737418240"},
    "extra_quotaLimits": {
        "POST Reject 100 where only Warning 80 is",
        "POST limit to a user's quota: Warning 80",
        "PUT threshold_percent only: 200, answers the whole quota",
    },
    "updateServiceKey": {"success: all three fields", "expiration null (never expires)", "name only"},
}


@pytest.mark.parametrize(("operation", "name"), [(op, name) for op, names in SENT.items() for name in sorted(names)])
async def test_the_body_sent_is_the_one_that_succeeded(
    operation: str, name: str, quay: Quay, answers: deque[Case], requests: list[Case]
) -> None:
    """A change sends exactly the JSON that Quay was seen to accept."""
    cases = json.loads((RECORDINGS / f"{operation}.json").read_text())
    case = next(case for case in cases if case["case"] == name)
    matching = _matching(case)
    assert matching
    answers.append(case["response"])
    await _call(quay, *matching, case["request"]["json"])
    assert requests[0]["json"] == case["request"]["json"]
    assert requests[0]["headers"]["content-type"] == "application/json"


def _recorded(file: str, case: str) -> Any:
    cases = json.loads((RECORDINGS / f"{file}.json").read_text())
    return next(entry for entry in cases if entry["case"].startswith(case))["response"]["json"]


def test_what_a_waiting_key_says() -> None:
    """Keys without an approval wait, and a kid that Quay or a service chose is a fingerprint of the key."""
    keys = Page[models.ServiceKey].model_validate(_recorded("listServiceKeys", "success")).items
    assert {key.is_waiting for key in keys} == {True, False}
    named_by_fingerprint = [key for key in keys if len(key.kid) in {43, 64}]
    assert named_by_fingerprint
    assert all(key.kid in {key.thumbprint, key.thumbprint_hex} for key in named_by_fingerprint)


def test_a_namespace_says_its_use() -> None:
    """The use and the limit come with a user; until the count is complete the figure is not to be trusted."""
    user = models.User.model_validate(_recorded("extra_getInstallUser", "with usage"))
    assert user.quota_report
    assert user.quotas
    assert (user.quotas[0].limit_bytes, user.quota_report.configured_quota) == (6000, 6000)
    assert not user.quota_report.is_complete


async def test_the_default_shows_with_the_organizations_own_route_alone(quay: Quay, answers: deque[Case]) -> None:
    """It has no number, so nothing can be done to it; the superuser's list has nothing at all."""
    route, case = "extra_systemDefaultQuota", '{"DEFAULT_SYSTEM_REJECT_QUOTA_BYTES": 3000000000}: '
    answers.append({"status": 200, "json": _recorded(route, f"{case}organization's quota list of the same")})
    (default,) = await quay.limits.list_quota("proj29")
    assert (default.id, default.limit_bytes, default.default_config, default.limits) == (None, 3_000_000_000, True, ())
    answers.append(
        {"status": 200, "json": _recorded(route, f"{case}superuser's quota list of an organization without")}
    )
    assert await quay.list_user_quota_super_user("proj29") == ()


def test_without_quota_management_there_are_no_quotas() -> None:
    """Both fields are None, which is not the same as no quota."""
    page = _recorded("extra_config_variants", '{"FEATURE_QUOTA_MANAGEMENT": false}: organizations')
    organizations = Page[models.Organization].model_validate(page).items
    assert {(entry.quotas, entry.quota_report) for entry in organizations} == {(None, None)}


@pytest.mark.parametrize(
    ("file", "case", "reason"),
    [
        ("createInstallUser", "email exists already", "Already taken: email newuser@example.com."),
        ("createInstallUser", "email 300", "A value is longer than 255 characters."),
        ("approveServiceKey", "body: JSON string", "'x' is not of type 'object'."),
        ("createServiceKey", "service empty", "Quay refuses the request and gives no reason."),
        ("listAllUsers", "limit=abc", "limit: Limit to the number of results to return per page. Max 100."),
    ],
)
async def test_the_registrys_own_reason_is_kept(
    file: str, case: str, reason: str, quay: Quay, answers: deque[Case]
) -> None:
    """It is one sentence, without the validator's schema or the database's words."""
    answers.append({"status": 400, "json": _recorded(file, case)})
    with pytest.raises(Invalid) as caught:
        await quay.approve_service_key("kid1")
    assert caught.value.message == reason
