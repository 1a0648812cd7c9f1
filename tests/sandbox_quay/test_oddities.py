"""What a client must be ready for, each oddity by name."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.quay.state import Build, Quota, Registry, ServiceKey, User

API = "/api/v1/superuser"


def waiting_key(lab: Registry, kid: str, age: timedelta = timedelta()) -> ServiceKey:
    key = ServiceKey(kid, "quay_builder", {"e": "AQAB", "kty": "RSA", "n": "AQ"}, lab.clock() - age)
    lab.keys[kid] = key
    return key


async def test_approving_an_approved_key_says_201_and_keeps_the_old_notes(
    lab: Registry, quay: httpx.AsyncClient
) -> None:
    """Only reading the key back tells whose approval it was."""
    waiting_key(lab, "fresh")
    for notes in ("first", "second"):
        assert (await quay.post(f"{API}/approvedkeys/fresh", json={"notes": notes})).status_code == 201
    approval = (await quay.get(f"{API}/keys/fresh")).json()["approval"]
    assert (approval["notes"], approval["approver"]["username"]) == ("first", "quayadmin")


async def test_approving_an_expired_key_says_201(lab: Registry, quay: httpx.AsyncClient) -> None:
    """An approval does not look at the expiration."""
    waiting_key(lab, "late").expiration = lab.clock() - timedelta(hours=1)
    assert (await quay.post(f"{API}/approvedkeys/late", json={})).status_code == 201


async def test_twenty_approvals_at_once_leave_one_winner(lab: Registry, quay: httpx.AsyncClient) -> None:
    """Every racer hears 201."""
    waiting_key(lab, "raced")
    answers = await asyncio.gather(
        *(quay.post(f"{API}/approvedkeys/raced", json={"notes": str(racer)}) for racer in range(20))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert (await quay.get(f"{API}/keys/raced")).json()["approval"]["notes"] in map(str, range(20))


async def test_twenty_creations_of_a_quota_make_one(quay: httpx.AsyncClient) -> None:
    """One racer hears 201, the others 400."""
    answers = await asyncio.gather(
        *(quay.post(f"{API}/organization/library/quota", json={"limit_bytes": 1000 + racer}) for racer in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 19


@pytest.mark.parametrize("kind", ["users", "organization"])
async def test_a_quota_of_an_unknown_namespace_is_404_to_read_and_500_to_write(
    quay: httpx.AsyncClient, kind: str
) -> None:
    """And the connection is closed after a 500."""
    path = f"{API}/{kind}/nobody/quota"
    assert (await quay.get(path)).status_code == 404
    for request in (
        quay.post(path, json={"limit_bytes": 1}),
        quay.put(f"{path}/1", json={"limit_bytes": 1}),
        quay.delete(f"{path}/1"),
    ):
        answer = await request
        assert (answer.status_code, answer.headers["connection"]) == (500, "close")
        assert answer.headers["content-type"] == "text/html"


async def test_changing_a_quota_to_zero_changes_nothing(lab: Registry, quay: httpx.AsyncClient) -> None:
    """Neither does an empty object; both say 200."""
    lab.namespaces["library"].quota = Quota(9, 2**30)
    for body in ({"limit_bytes": 0}, {"limit": "0 GiB"}, {}):
        answer = await quay.put(f"{API}/organization/library/quota/9", json=body)
        assert (answer.status_code, answer.json()["limit_bytes"]) == (200, 2**30)


async def test_quota_operations_leave_no_log_entry(lab: Registry, quay: httpx.AsyncClient) -> None:
    """Whoever wants a record of them has to keep it."""
    await quay.post(f"{API}/organization/library/quota", json={"limit_bytes": 1000})
    assert lab.logs == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "'limit_bytes' is a required property"),
        ({"limit": "ten"}, "'ten' does not match"),
        ({"limit_bytes": 2**63}, "Unsupported quota size limit."),
        ({"limit": "0 B"}, "Invalid quota size limit value: '0.0'"),
    ],
)
async def test_what_a_new_quota_may_not_be(quay: httpx.AsyncClient, body: dict[str, Any], says: str) -> None:
    """Quay's validator speaks of the alternative that it got furthest into."""
    answer = await quay.post(f"{API}/organization/library/quota", json=body)
    assert answer.json()["detail"].startswith(says)


async def test_a_default_quota_shows_only_in_the_report(lab: Registry, quay: httpx.AsyncClient) -> None:
    """The quota operations know nothing of it."""
    lab.features.default_quota_bytes = 1_000_000
    assert (await quay.get(f"{API}/organization/library/quota")).json() == []
    organization = (await quay.get("/api/v1/organization/library")).json()
    assert organization["quotas"] == []
    assert organization["quota_report"]["configured_quota"] == 1_000_000


async def test_changing_an_organization_only_ever_renames(quay: httpx.AsyncClient) -> None:
    """All that the documentation lists is ignored, with a 200."""
    answer = await quay.put(f"{API}/organizations/library", json={"email": "new@example.com", "name": "shelf"})
    assert answer.json()["name"] == "shelf"
    assert answer.json()["email"] == "quay+library@devtable.com"
    assert (await quay.put(f"{API}/organizations/library", json={})).status_code == 500
    assert (await quay.put(f"{API}/organizations/shelf", json={"name": "devtable"})).status_code == 500


async def test_the_ordinary_api_changes_an_organization(lab: Registry, quay: httpx.AsyncClient) -> None:
    """Where superusers have full access; elsewhere it is 403."""
    body = {"email": "new@example.com", "tag_expiration_s": 86400}
    assert (await quay.put("/api/v1/organization/library", json=body)).json()["email"] == "new@example.com"
    assert (await quay.put("/api/v1/organization/library", json={"tag_expiration_s": 5})).json() == {
        "message": "Invalid tag expiration option"
    }
    lab.features.superusers_full_access = False
    assert (await quay.put("/api/v1/organization/library", json=body)).status_code == 403
    assert "quota_report" not in (await quay.get("/api/v1/organization/library")).json()


async def test_the_ordinary_api_lists_the_people_of_an_organization(lab: Registry, quay: httpx.AsyncClient) -> None:
    """Each with their teams, robots left out: to full access and to global read-only superusers, to nobody else."""
    organization = lab.organization("library")
    assert organization is not None
    organization.teams = {"owners": ["devtable"], "readers": ["reader", "devtable", "library+bot", "nobody"]}
    path = "/api/v1/organization/library/members"
    found = (await quay.get(path)).json()["members"]
    assert [(one["name"], one["kind"], [team["name"] for team in one["teams"]]) for one in found] == [
        ("devtable", "user", ["owners", "readers"]),
        ("reader", "user", ["readers"]),
    ]
    assert found[0].keys() == {"name", "kind", "avatar", "teams", "repositories"}
    shown = (await quay.get("/api/v1/organization/library")).json()["teams"]
    assert {name: team["member_count"] for name, team in shown.items()} == {"owners": 1, "readers": 4}
    assert (await quay.get("/api/v1/organization/nosuch/members")).status_code == 404
    for token, status in (("global-readonly-superuser", 200), ("non-superuser", 403), ("no-scope", 403), ("x", 401)):
        answer = await quay.get(path, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == status, token
    lab.features.superusers_full_access = False
    refused = [await quay.get(path), await quay.get("/api/v1/organization/nosuch/members")]
    assert [answer.json()["error_type"] for answer in refused] == ["insufficient_scope"] * 2


async def test_an_archived_log_is_read_by_another_path_than_its_link(lab: Registry, quay: httpx.AsyncClient) -> None:
    """The link is for a browser that is logged in: it refuses every token, the path beside it takes both of a bot's."""
    build = Build("a-build", "complete", lab.clock(), "devtable", "simple", logs=[{"message": "done"}], archived=True)
    running = Build("b-build", "building", lab.clock(), "devtable", "simple", logs=[{"message": "going"}])
    lab.builds |= {build.uuid: build, running.uuid: running}
    link = (await quay.get(f"{API}/a-build/logs")).json()["logs_url"]
    tokens = {"superuser": 200, "global-readonly-superuser": 200, "superuser-that-owns": 200, "non-superuser": 403}
    for token, status in tokens.items():
        headers = {"authorization": f"Bearer {token}"}
        answer = await quay.get(f"{API}/a-build/logs/archive", headers=headers)
        assert answer.status_code == status
        assert status == 403 or answer.json() == {"logs": [{"message": "done"}]}
        refused = await quay.get(link, headers=headers)
        assert (refused.status_code, refused.headers["content-type"].partition(";")[0]) == (403, "text/html")
    logged_in = quay.build_request("GET", link)
    del logged_in.headers["authorization"]
    assert (await quay.send(logged_in)).json() == {"logs": [{"message": "done"}]}
    for other, detail in (
        ("b-build", "Archived logs not available"),
        ("nosuch", "Unable to locate a build by id: nosuch"),
    ):
        answer = await quay.get(f"{API}/{other}/logs/archive")
        assert (answer.status_code, answer.json()["detail"]) == (400, detail)
        assert (await quay.get(f"/logarchive/{other}")).status_code == 403


async def test_deleting_a_disabled_user_says_204_and_does_nothing(lab: Registry, quay: httpx.AsyncClient) -> None:
    """Every time, and logs the deletion each time; once enabled, the user can be deleted."""
    await quay.put(f"{API}/users/reader", json={"enabled": False})
    for _ in range(2):
        assert (await quay.delete(f"{API}/users/reader")).status_code == 204
        assert (await quay.get(f"{API}/users/reader")).json()["enabled"] is False
    listed = (await quay.get(f"{API}/users/")).json()["users"]
    assert "reader" in {user["name"] for user in listed}
    assert [entry.kind for entry in lab.logs] == ["user_disable", "user_delete", "user_delete"]
    await quay.put(f"{API}/users/reader", json={"enabled": True})
    await quay.delete(f"{API}/users/reader")
    assert (await quay.get(f"{API}/users/reader")).status_code == 404


async def test_disabling_a_user_answers_with_the_old_state(quay: httpx.AsyncClient) -> None:
    """The new state shows on the next GET."""
    assert (await quay.put(f"{API}/users/reader", json={"enabled": False})).json()["enabled"] is True
    assert (await quay.get(f"{API}/users/reader")).json()["enabled"] is False


async def test_changing_a_user_stops_halfway(lab: Registry, quay: httpx.AsyncClient) -> None:
    """A taken e-mail address is a 400 after the password has changed, and `enabled` isn't reached."""
    body = {"password": "long enough"[:4] + "enough", "email": "no2@thanks.com", "enabled": False}
    answer = await quay.put(f"{API}/users/reader", json=body)
    assert (answer.status_code, answer.json()) == (400, {"message": "E-mail address already used"})
    assert [entry.kind for entry in lab.logs] == ["user_change_password"]
    reader = lab.user("reader")
    assert reader is not None
    assert reader.enabled


async def test_a_bad_key_name_is_refused_after_the_expiration_was_saved(lab: Registry, quay: httpx.AsyncClient) -> None:
    """An update is not atomic."""
    expiration = lab.clock() + timedelta(days=3)
    body = {"name": "bad!name", "expiration": expiration.timestamp()}
    assert (await quay.put(f"{API}/keys/kid1", json=body)).status_code == 400
    assert lab.keys["kid1"].expiration == expiration


async def test_key_metadata_is_merged(lab: Registry, quay: httpx.AsyncClient) -> None:
    """Old entries stay."""
    for metadata in ({"a": "1", "b": "1"}, {"b": "2"}):
        await quay.put(f"{API}/keys/kid1", json={"metadata": metadata})
    assert lab.keys["kid1"].metadata == {"a": "1", "b": "2"}


async def test_a_created_key_is_approved(quay: httpx.AsyncClient) -> None:
    """By its creator; the new kid is the thumbprint, 43 characters."""
    made = (await quay.post(f"{API}/keys", json={"service": "quay_builder", "expiration": None})).json()
    assert len(made["kid"]) == 43
    assert made["private_key"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert (await quay.get(f"{API}/keys/{made['kid']}")).json()["approval"]["approver"]["name"] == "quayadmin"


async def test_a_name_that_is_being_deleted_is_not_available(quay: httpx.AsyncClient) -> None:
    """Neither a user's nor an organization's."""
    assert (await quay.delete(f"{API}/users/reader")).status_code == 204
    assert (await quay.delete(f"{API}/organizations/library")).status_code == 204
    for name in ("reader", "library"):
        answer = await quay.post(f"{API}/users/", json={"username": name})
        assert (answer.status_code, answer.json()) == (400, {"message": "Username is not available"})


@pytest.mark.parametrize(
    "given", ["2026-11-01", "11/01/2026 UTC", "1793491200", "2026-11-01T00:00:00Z", "13/45/2026", ""]
)
async def test_a_date_in_any_other_form_means_the_last_day(lab: Registry, quay: httpx.AsyncClient, given: str) -> None:
    """Without a word."""
    lab.log("push_repo", {}, namespace="library", performer="reader", ip="10.0.0.1")
    answer = (await quay.get(f"{API}/logs", params={"starttime": given, "endtime": given})).json()
    assert answer["start_time"] == "Sun, 22 Nov 2026 22:54:00 -0000"
    assert len(answer["logs"]) == 1


async def test_logs_include_the_end_day_and_come_in_pages_of_twenty(lab: Registry, quay: httpx.AsyncClient) -> None:
    """Newest first; a token leads on, a garbage token to the first page."""
    for number in range(45):
        lab.log("push_repo", {"number": number}, namespace="library", performer="reader", ip="10.0.0.1")
    query = {"starttime": "11/23/2026", "endtime": "11/23/2026"}
    numbers: list[int] = []
    while True:
        answer = (await quay.get(f"{API}/logs", params=query)).json()
        numbers += [entry["metadata"]["number"] for entry in answer["logs"]]
        if "next_page" not in answer:
            break
        query["next_page"] = answer["next_page"]
    assert numbers == list(reversed(range(45)))
    again = (await quay.get(f"{API}/logs", params={**query, "next_page": "garbage"})).json()
    assert again["logs"][0]["metadata"]["number"] == 44


async def test_some_log_stores_can_not_be_searched(lab: Registry, quay: httpx.AsyncClient) -> None:
    """They say so with a 200."""
    lab.features.log_search = False
    assert (await quay.get(f"{API}/logs")).json()["search_unavailable"] is True


@pytest.mark.parametrize(("noun", "name"), [("users", "username"), ("organizations", "name")])
async def test_lists_have_pages_only_with_a_limit(quay: httpx.AsyncClient, noun: str, name: str) -> None:
    """Every page but the last has an opaque token."""
    path = f"{API}/{noun}/"
    everything = [row[name] for row in (await quay.get(path)).json()[noun]]
    paged: list[str] = []
    query: dict[str, str | int] = {"limit": 4}
    while True:
        answer = (await quay.get(path, params=query)).json()
        paged += [row[name] for row in answer[noun]]
        if "next_page" not in answer:
            break
        query["next_page"] = answer["next_page"]
    assert paged == everything
    first = (await quay.get(path, params={"limit": 4, "next_page": "garbage"})).json()
    assert [row[name] for row in first[noun]] == everything[:4]


async def test_measuring_is_queued_once(quay: httpx.AsyncClient) -> None:
    """201, then 202 as long as it is queued or runs."""
    path = f"{API}/registrysize/"
    assert [(await quay.post(path)).status_code for _ in range(3)] == [201, 202, 202]
    assert (await quay.get(path)).json() == {
        "size_bytes": 0,
        "last_ran": None,
        "queued": True,
        "running": False,
    }


async def test_a_readonly_superuser_reads_and_never_writes(quay: httpx.AsyncClient) -> None:
    """And the body is looked at before the token's rights are."""
    quay.headers["Authorization"] = "Bearer global-readonly-superuser"
    assert (await quay.get(f"{API}/config")).status_code == 200
    assert (await quay.post(f"{API}/approvedkeys/kid3")).status_code == 415
    refused = await quay.post(f"{API}/approvedkeys/kid3", json={})
    assert (refused.status_code, refused.json()["error_type"]) == (403, "insufficient_scope")


async def test_a_disabled_owner_makes_the_token_unknown(lab: Registry, quay: httpx.AsyncClient) -> None:
    """401 on a GET, 403 as HTML on a write."""
    owner = lab.user("quayadmin")
    assert isinstance(owner, User)
    owner.enabled = False
    assert (await quay.get(f"{API}/keys")).status_code == 401
    answer = await quay.delete(f"{API}/keys/kid1")
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")


async def test_a_build_lookup_that_looks_like_another_noun(quay: httpx.AsyncClient) -> None:
    """Fixed words of an address win over the build's id, unless they don't take the method."""
    assert (await quay.get(f"{API}/keys/status")).json()["error_type"] == "not_found"
    assert (await quay.get(f"{API}/organizations/status")).json()["error_type"] == "invalid_response"


async def test_what_quay_did_not_foresee_closes_the_connection(quay: httpx.AsyncClient) -> None:
    """A year after 9999 is such a thing."""
    answer = await quay.get(f"{API}/logs", params={"endtime": "12/31/9999"})
    assert (answer.status_code, answer.headers["connection"]) == (500, "close")
