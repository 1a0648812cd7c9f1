"""Answers in which some entries are not what they should be: null, of another type, or without a field."""

from typing import Any

import httpx
import pytest

from sandbox.quay.odd import OPTIONAL_FIELDS
from sandbox.quay.seed import seed

DOOR = "/sandbox/quay"
API = "/api/v1/superuser"
LISTS = {
    "listAllUsers": (f"{API}/users/", "users"),
    "listAllOrganizations": (f"{API}/organizations/", "organizations"),
    "listServiceKeys": (f"{API}/keys", "keys"),
    "listAllLogs": (f"{API}/logs?starttime=01/01/2020", "logs"),
    "listRepos": ("/api/v1/repository?namespace=platform", "repositories"),
}


def found(place: Any, path: list[str]) -> list[Any]:
    """All that stands at a path, through lists and through what is null."""
    if isinstance(place, list):
        return [each for one in place for each in found(one, path)]
    if not path:
        return [place]
    return found(place[path[0]], path[1:]) if isinstance(place, dict) and path[0] in place else []


@pytest.mark.parametrize(
    ("operation", "field"), [(name, field) for name, fields in OPTIONAL_FIELDS.items() for field in fields]
)
async def test_every_optional_field_of_the_lists_can_be_null(serve: Any, operation: str, field: str) -> None:
    """In the first entry and each second, wherever the field is there at all; the others stay as they were."""
    path, name = LISTS[operation]
    async with serve(seed()) as quay:
        quay.headers["Authorization"] = "Bearer sandbox-superuser"
        before = (await quay.get(path)).json()[name]
        wish = {"odd_entries": [{"operation": operation, "field": field, "every": 2}]}
        assert (await quay.post(f"{DOOR}/faults", json=wish)).is_success
        after = (await quay.get(path)).json()[name]
    there = found(before[::2], field.split("."))
    assert [value for value in there if value is not None], "the field is nowhere to be nulled"
    assert not [value for value in found(after[::2], field.split(".")) if value is not None]
    assert [entry for index, entry in enumerate(after) if index % 2] == [
        entry for index, entry in enumerate(before) if index % 2
    ]


async def test_chosen_entries_are_odd(quay: httpx.AsyncClient) -> None:
    """By their names: of another type, or without the field."""
    odd = [
        {"field": "quota_report.quota_bytes", "value": "much", "names": ["reader"]},
        {"field": "username", "missing": True, "names": ["public"]},
    ]
    await quay.post(f"{DOOR}/faults", json={"odd_entries": odd})
    users = {user["name"]: user for user in (await quay.get(f"{API}/users/")).json()["users"]}
    assert users["reader"]["quota_report"]["quota_bytes"] == "much"
    assert [name for name, user in users.items() if "username" not in user] == ["public"]


async def test_a_single_object_and_a_bare_list_can_be_odd_too(quay: httpx.AsyncClient) -> None:
    """For as many answers as wanted; an error stays what it is."""
    await quay.post(f"{DOOR}/faults", json={"odd_entries": [{"field": "name", "remaining": 2}]})
    assert (await quay.get(f"{API}/users/nosuch")).json()["error_type"] == "not_found"
    assert (await quay.get(f"{API}/users/reader")).json()["name"] is None
    assert (await quay.get(f"{API}/users/reader")).json()["name"] == "reader"
    limits = {"odd_entries": [{"field": "limits.limit_percent"}]}
    await quay.post(f"{DOOR}/faults", json=limits)
    (quota,) = (await quay.get(f"{API}/organization/buynlarge/quota")).json()
    assert [limit["limit_percent"] for limit in quota["limits"]] == [None]
