"""The simulated Quay answers every recorded request as the real one did.

Each recording is walked from the top against a fresh lab registry. What was kept back from a recording and changed
the registry is made up for by `PREPARATIONS`. The recordings of a later day are in `test_answers_beyond_the_28.py`.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.quay.state import Quota, Registry, RegistrySize, User
from tests.sandbox_quay.replay import (
    RECORDINGS,
    Preparation,
    difference,
    nothing,
    recorded_cases,
    recorded_headers,
    request_of,
)
from tests.sandbox_quay.second_lab import RECORDED_IN_THE_SECOND_LAB

NOT_SIMULATED = {
    "createInstallUser_race": "a race",
    "extra_aggregateLogs": "not one of the 28 operations",
    "extra_createOrganization": "not one of the 28 operations",
    "extra_discovery": "not one of the 28 operations",
    "extra_messages": "not one of the 28 operations",
    "extra_misc": "not one of the 28 operations, and a Quay without its other processes",
    "extra_robots": "not one of the 28 operations",
    "extra_takeOwnership": "not one of the 28 operations",
    "keyserver_putServiceKey": "its JWTs are not recorded; see test_key_server.py",
}
SKIPPED = {
    ("deleteOrganization", "creating it again with the same name"): "POST /api/v1/organization/",
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
    "AUTHENTICATION_TYPE": "authentication",
}


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
    for path in sorted(path for path in RECORDINGS.glob("*.json") if path.stem not in RECORDED_IN_THE_SECOND_LAB):
        reason = NOT_SIMULATED.get(path.stem)
        yield pytest.param(path, id=path.stem, marks=pytest.mark.skip(reason=reason) if reason else ())


def apply_settings(registry: Registry, case: str) -> bool:
    """Set what a case of extra_config_variants begins with; False if it can't be set."""
    settings, _ = json.JSONDecoder().raw_decode(case)
    if any(name in settings for name in UNSIMULATED_SETTINGS):
        return False
    registry.features = type(registry.features)(background_workers=False, mail_server=False)
    registry.features.readonly = settings.pop("REGISTRY_STATE", "normal") == "readonly"
    for name, value in settings.items():
        setattr(registry.features, SETTINGS[name], value)
    return True


def is_comparable(name: str, case: dict[str, Any]) -> bool:
    if "request" not in case or "headers" not in case["response"]:
        return False
    return (name, case["case"]) not in SKIPPED


@pytest.mark.parametrize("path", list(recordings()))
async def test_every_recorded_case(path: Path, lab: Registry, serve: Any) -> None:
    """Every case of a recording, in order, is answered as it was recorded."""
    preparations = PREPARATIONS.get(path.stem, {})
    preparations.get(START, nothing)(lab)
    next_page, differences = None, []
    headers = recorded_headers(recorded_cases(path))
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
            if found := difference(case["response"], answer, base_url, headers):
                differences.append(f"{case['case']}: {found}")
    assert not differences, "\n".join(differences)
