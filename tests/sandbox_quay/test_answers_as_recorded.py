"""The simulated Quay answers every recorded request as the real one did.

Each recording is walked from the top against a fresh lab registry. Compared are status, content type, CORS, Allow
and Vary, Location, the words of every error, and the shape of every JSON answer. What was kept back from a
recording and changed the registry is made up for by `PREPARATIONS`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.quay.state import Quota, Registry, RegistrySize, User

RECORDINGS = Path(__file__).parents[1] / "recordings"
RECORDED_HOST = "https://quay.example.com"

NOT_SIMULATED = {
    "createInstallUser_race": "a race",
    "extra_aggregateLogs": "not one of the 28 operations",
    "extra_createOrganization": "not one of the 28 operations",
    "extra_discovery": "not one of the 28 operations",
    "extra_messages": "not one of the 28 operations",
    "extra_misc": "not one of the 28 operations, and a Quay without its other processes",
    "extra_organizationQuota": "not one of the 28 operations",
    "extra_takeOwnership": "not one of the 28 operations",
    "keyserver_putServiceKey": "its JWTs are not recorded; see test_key_server.py",
}
SKIPPED = {
    ("deleteOrganization", "creating it again with the same name"): "POST /api/v1/organization/",
    ("getRepoBuildLogsSuperUser", "the archive path"): "the archive is not simulated",
}
UNSIMULATED_SETTINGS = ("BUILDLOGS_REDIS", "DB_URI")
SETTINGS = {
    "DEFAULT_SYSTEM_REJECT_QUOTA_BYTES": "default_quota_bytes",
    "FEATURE_QUOTA_MANAGEMENT": "quota_management",
    "FEATURE_EDIT_QUOTA": "edit_quota",
    "FEATURE_SUPERUSERS_FULL_ACCESS": "superusers_full_access",
    "FEATURE_SUPERUSER_CONFIGDUMP": "config_dump",
    "FEATURE_SUPER_USERS": "super_users",
    "FEATURE_MAILING": "mailing",
}
FREE_FORM = ("metadata", "jwk", "config", "warning", "env", "schema", "status", "teams", "ordered_teams")

Preparation = Callable[[Registry], None]


def nothing(_registry: Registry) -> None:
    """Most cases need no preparation."""


def has_quota(namespace: str, quota_id: int) -> Preparation:
    def prepare(registry: Registry) -> None:
        registry.namespaces[namespace].quota = Quota(quota_id, 10 * 2**30)

    return prepare


def has_no_quota(namespace: str) -> Preparation:
    def prepare(registry: Registry) -> None:
        registry.namespaces[namespace].quota = None

    return prepare


def has_user(name: str) -> Preparation:
    def prepare(registry: Registry) -> None:
        registry.add(User(registry.next_id(), name, f"{name}@example.com"))

    return prepare


def has_size(queued: bool, running: bool) -> Preparation:
    def prepare(registry: Registry) -> None:
        now = registry.clock()
        registry.size = RegistrySize(1, now, now if queued else None, now if running else None)

    return prepare


def has_key(kid: str) -> Preparation:
    def prepare(registry: Registry) -> None:
        registry.keys[kid] = replace(registry.keys["kid1"], kid=kid)

    return prepare


def quota_goes(namespace: str, first: int) -> dict[str, Preparation]:
    return {
        "one quota": has_quota(namespace, first),
        "after limit '10 GiB'": has_quota(namespace, first + 1),
    }


START = "the start"
PREPARATIONS: dict[str, dict[str, Preparation]] = {
    "changeInstallUser": {START: has_user("newuser")},
    "extra_getInstallUser": {START: has_user("newuser")},
    "deleteInstallUser": {START: has_user("newuser")},
    "deleteServiceKey": {START: has_key("AUx3DDAYeOZbPpc2fOEUdW3JGlveEoYkZvGzZBIYJbo")},
    "createUserQuotaSuperUser": {
        "limit as a human-readable string '10 GiB' (not in the seed)": has_no_quota("quotaorg")
    },
    "changeUserQuotaSuperUser": {START: has_quota("quotaorg", 4)},
    "changeOrganizationQuotaSuperUser": {START: has_quota("reader", 6)},
    "deleteUserQuotaSuperUser": {
        START: has_quota("quotaorg", 4),
        "success: second quota of the namespace (a new id)": has_quota("quotaorg", 5),
    },
    "deleteOrganizationQuotaSuperUser": {
        START: has_quota("reader", 6),
        "success: second quota of the namespace (a new id)": has_quota("reader", 7),
    },
    "listUserQuotaSuperUser": quota_goes("quotaorg", 4),
    "listOrganizationQuotaSuperUser": quota_goes("reader", 6),
    "getRegistrySize": {
        "queued": has_size(True, False),
        "running": has_size(False, True),
        "queued again: old size and last_ran stay": has_size(True, False),
    },
    "postRegistrySize": {
        "POST while running": has_size(False, True),
        "POST after completion, no body at all": has_size(False, False),
    },
}


def recordings() -> Iterator[Any]:
    for path in sorted(RECORDINGS.glob("*.json")):
        reason = NOT_SIMULATED.get(path.stem)
        yield pytest.param(path, id=path.stem, marks=pytest.mark.skip(reason=reason) if reason else ())


def recorded_cases(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())
    return found


def shape(value: object) -> object:
    """What kind of JSON it is; free-form parts count as one kind, and of a list its first entry counts."""
    if isinstance(value, dict):
        return {name: "free" if name in FREE_FORM else shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value[:1]]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def agree(expected: object, actual: object) -> bool:
    """Whether two shapes are the same, where null goes with anything."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        optional = {"next_page", "performer"}
        same_names = expected.keys() ^ actual.keys() <= optional
        return same_names and all(agree(expected[name], actual[name]) for name in expected.keys() & actual.keys())
    if isinstance(expected, list) and isinstance(actual, list):
        return all(agree(one, other) for one, other in zip(expected, actual, strict=False))
    return expected == actual or "NoneType" in (expected, actual)


def request_of(client: httpx.AsyncClient, recorded: dict[str, Any], next_page: str | None) -> httpx.Request:
    headers = dict(recorded["headers"] or {})
    if "Authorization" in headers:
        headers["Authorization"] = headers["Authorization"].replace("<", "").replace(">", "")
    query = dict(recorded["query"] or {})
    if query.get("next_page", "garbage") != "garbage" and next_page:
        query["next_page"] = next_page
    body: dict[str, Any] = {}
    if "raw_body" in recorded:
        body["content"] = recorded["raw_body"]
    elif recorded.get("json") is not None:
        body["json"] = recorded["json"]
    return client.build_request(recorded["method"], recorded["path"], params=query or None, headers=headers, **body)


def difference(recorded: dict[str, Any], answer: httpx.Response, base_url: str) -> str | None:
    """The first thing in which an answer differs from the recorded one."""
    if recorded["status"] != answer.status_code:
        return f"status {answer.status_code} instead of {recorded['status']}: {answer.text[:300]}"
    for name in ("content-type", "access-control-allow-origin", "vary", "location", "allow"):
        wanted = recorded["headers"].get(name, "").replace(RECORDED_HOST, base_url)
        got = answer.headers.get(name, "")
        if name == "allow":
            wanted, got = str(sorted(wanted.split(", "))), str(sorted(got.split(", ")))
        if wanted != got:
            return f"{name} {got!r} instead of {wanted!r}"
    wanted = recorded.get("json")
    if wanted is None:
        return None
    got = answer.json()
    if answer.status_code >= 400:
        wanted = json.loads(json.dumps(wanted).replace(RECORDED_HOST, base_url))
        return None if got == wanted else f"says {json.dumps(got)}\ninstead of {json.dumps(wanted)}"
    return None if agree(shape(wanted), shape(got)) else f"{shape(got)}\ninstead of {shape(wanted)}"


def apply_settings(registry: Registry, case: str) -> bool:
    """Set what a case of extra_config_variants begins with; False if it can't be set."""
    settings, _ = json.JSONDecoder().raw_decode(case)
    if any(name in settings for name in UNSIMULATED_SETTINGS):
        return False
    registry.features = type(registry.features)(background_workers=False)
    registry.features.readonly = settings.pop("REGISTRY_STATE", "normal") == "readonly"
    settings.pop("AUTHENTICATION_TYPE", None)
    for name, value in settings.items():
        setattr(registry.features, SETTINGS[name], value)
    return True


def is_comparable(name: str, case: dict[str, Any]) -> bool:
    if "request" not in case or "headers" not in case["response"]:
        return False
    return (name, case["case"]) not in SKIPPED and "organization API quota" not in case["case"]


@pytest.mark.parametrize("path", list(recordings()))
async def test_every_recorded_case(path: Path, lab: Registry, serve: Any) -> None:
    """Every case of a recording, in order, is answered as it was recorded."""
    preparations = PREPARATIONS.get(path.stem, {})
    preparations.get(START, nothing)(lab)
    next_page, differences = None, []
    async with serve(lab) as client:
        base_url = str(client.base_url).rstrip("/")
        for case in recorded_cases(path):
            if not is_comparable(path.stem, case):
                continue
            if path.stem == "extra_config_variants" and not apply_settings(lab, case["case"]):
                continue
            preparations.get(case["case"], nothing)(lab)
            answer = await client.send(request_of(client, case["request"], next_page))
            if "next_page" in answer.text and answer.is_success:
                next_page = answer.json().get("next_page")
            if found := difference(case["response"], answer, base_url):
                differences.append(f"{case['case']}: {found}")
    assert not differences, "\n".join(differences)
