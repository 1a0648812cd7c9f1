"""Limits of a quota, where a client is surprised by them."""

from typing import Any

import httpx
import pytest

from sandbox.quay.state import Limit, Quota, Registry

SUPERUSER = "/api/v1/superuser"
ORGANIZATION = "/api/v1/organization"
LIMITS = f"{ORGANIZATION}/library/quota/9/limit"


@pytest.fixture(autouse=True)
def quota(lab: Registry) -> Quota:
    """The library's quota, of which a tenth is warned about."""
    lab.namespaces["library"].quota = Quota(9, 1000, [Limit(1, "Warning", 10)])
    return lab.namespaces["library"].quota


def shown(quota: Quota) -> list[tuple[str, int]]:
    return [(limit.type, limit.percent) for limit in quota.limits]


async def test_they_show_wherever_the_quota_does(lab: Registry, quay: httpx.AsyncClient) -> None:
    """In the four kinds of answers about quotas, and in the four about namespaces."""
    lab.namespaces["reader"].quota = lab.namespaces["library"].quota

    async def answer(path: str) -> Any:
        return (await quay.get(f"/api/v1/{path}")).json()

    users = {one["name"]: one for one in (await answer("superuser/users/"))["users"]}
    organizations = {one["name"]: one for one in (await answer("superuser/organizations/"))["organizations"]}
    for quotas in (
        await answer("superuser/organization/library/quota"),
        await answer("superuser/users/reader/quota"),
        await answer("organization/library/quota"),
        [await answer("organization/library/quota/9")],
        (await answer("organization/library"))["quotas"],
        (await answer("superuser/users/reader"))["quotas"],
        users["reader"]["quotas"],
        organizations["library"]["quotas"],
    ):
        assert [quota["limits"] for quota in quotas] == [[{"id": 1, "type": "Warning", "limit_percent": 10}]]


async def test_they_go_with_their_quota(lab: Registry, quay: httpx.AsyncClient) -> None:
    """A new quota has a new id and no limits; another size keeps them."""
    await quay.put(f"{SUPERUSER}/organization/library/quota/9", json={"limit_bytes": 2000})
    assert (await quay.get(LIMITS)).json() == [{"id": 1, "type": "Warning", "limit_percent": 10}]
    await quay.delete(f"{SUPERUSER}/organization/library/quota/9")
    await quay.post(f"{SUPERUSER}/organization/library/quota", json={"limit_bytes": 1000})
    (made,) = (await quay.get(f"{SUPERUSER}/organization/library/quota")).json()
    assert (made["id"] != 9, made["limits"]) == (True, [])
    assert (await quay.get(LIMITS)).status_code == 404


async def test_requests_and_answers_name_the_percent_differently(quota: Quota, quay: httpx.AsyncClient) -> None:
    """The answers' name is refused in a new limit, and does nothing in a change, without a word."""
    body = {"type": "Reject", "limit_percent": 90}
    assert (await quay.post(LIMITS, json=body)).status_code == 400
    assert (await quay.put(f"{LIMITS}/1", json={"limit_percent": 90})).status_code == 200
    assert shown(quota) == [("Warning", 10)]


async def test_a_change_may_make_two_that_are_equal(quota: Quota, quay: httpx.AsyncClient) -> None:
    """A creation may not; and the changed one goes to the end."""
    quota.limits.append(Limit(2, "Reject", 90))
    assert (await quay.post(LIMITS, json={"type": "reject", "threshold_percent": 90})).status_code == 400
    assert (await quay.put(f"{LIMITS}/1", json={"type": "REJECT", "threshold_percent": 90})).status_code == 200
    assert [(limit.id, limit.type, limit.percent) for limit in quota.limits] == [(2, "Reject", 90), (1, "Reject", 90)]


async def test_a_change_stops_halfway(lab: Registry, quota: Quota, quay: httpx.AsyncClient) -> None:
    """The type is saved though the percent is refused, and the log doesn't say so."""
    answer = await quay.put(f"{LIMITS}/1", json={"type": "Reject", "threshold_percent": 101})
    assert (answer.status_code, shown(quota), lab.logs) == (400, [("Reject", 10)], [])


@pytest.mark.parametrize(("first", "second"), [("type", "threshold_percent"), ("threshold_percent", "type")])
async def test_an_empty_value_is_equal_to_every_other(quay: httpx.AsyncClient, first: str, second: str) -> None:
    """So the complaint about it depends on what is there already."""
    there = {"type": "Warning", "threshold_percent": 10}
    elsewhere = {"type": "Reject", "threshold_percent": 50}
    empty = {"type": "", "threshold_percent": 0}
    for body, says in (
        ({first: there[first], second: empty[second]}, "Quota limit already exists"),
        ({first: elsewhere[first], second: empty[second]}, "must be"),
    ):
        answer = await quay.post(LIMITS, json=body)
        assert (answer.status_code, says in answer.json()["detail"]) == (400, True)


async def test_everything_about_them_is_logged(lab: Registry, quay: httpx.AsyncClient) -> None:
    """With what was typed, and with what was before; also a change that changes nothing."""
    await quay.post(LIMITS, json={"type": "reject", "threshold_percent": 90})
    await quay.put(f"{LIMITS}/1", json={"threshold_percent": 20})
    await quay.put(f"{LIMITS}/1", json={})
    await quay.delete(f"{LIMITS}/1")
    logged = [
        (entry.kind, {name: value for name, value in entry.metadata.items() if not name.startswith("oauth_")})
        for entry in lab.logs
    ]
    before = {"previous_type": "Warning", "namespace": "library", "type": "Warning"}
    assert logged == [
        ("org_create_quota_limit", {"namespace": "library", "type": "reject", "threshold_percent": 90}),
        ("org_change_quota_limit", {**before, "threshold_percent": 20, "previous_threshold_percent": 10}),
        ("org_change_quota_limit", {**before, "threshold_percent": 20, "previous_threshold_percent": 20}),
        ("org_delete_quota_limit", {"namespace": "library", "limit_id": 1, "type": "Warning", "threshold_percent": 20}),
    ]
    assert {entry.namespace for entry in lab.logs} == {"library"}


async def test_a_quota_written_by_the_organizations_path_is_logged(lab: Registry, quay: httpx.AsyncClient) -> None:
    """By the superuser's path it isn't."""
    await quay.put(f"{ORGANIZATION}/library/quota/9", json={"limit": "2 KiB"})
    await quay.delete(f"{ORGANIZATION}/library/quota/9")
    await quay.post(f"{ORGANIZATION}/library/quota", json={"limit_bytes": 1024})
    assert [(entry.kind, entry.metadata["limit"]) for entry in lab.logs] == [
        ("org_change_quota", "2.0 KiB"),
        ("org_delete_quota", "2.0 KiB"),
        ("org_create_quota", "1.0 KiB"),
    ]
    assert lab.logs[0].metadata["previous_limit_bytes"] == 1000


@pytest.mark.parametrize(
    ("token", "full_access", "reads", "writes"),
    [
        ("superuser", True, 200, 200),
        ("superuser", False, 403, 403),
        ("global-readonly-superuser", True, 200, 403),
        ("global-readonly-superuser", False, 200, 403),
        ("non-superuser", True, 403, 403),
        ("no-scope", True, 403, 403),
        ("unknown", True, 401, 403),
    ],
)
async def test_who_may_read_and_write_them(
    lab: Registry, quay: httpx.AsyncClient, token: str, full_access: bool, reads: int, writes: int
) -> None:
    """A superuser only with full access; the read-only one reads whatever the configuration."""
    lab.features.superusers_full_access = full_access
    headers = {"authorization": f"Bearer {token}"}
    assert (await quay.get(LIMITS, headers=headers)).status_code == reads
    assert (await quay.put(f"{LIMITS}/1", json={}, headers=headers)).status_code == writes
