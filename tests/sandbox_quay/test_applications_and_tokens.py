"""Tokens belong to a user and to an organization's application, and end with either."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.quay.oauth import Application, Token
from sandbox.quay.state import Organization, Registry, User
from tests.sandbox_quay.conftest import Clock

SUPERUSER = "/api/v1/superuser"
APPLICATION = Application("B0T", "bot")
TOKENS = "/api/v1/organization/automation/applications/B0T/tokens"


@pytest.fixture(autouse=True)
def automation(lab: Registry, clock: Clock) -> Organization:
    """An organization whose application has a token for a superuser and one for a reader of everything."""
    organization = Organization(90, "automation", "automation@example.com", applications=[APPLICATION])
    lab.add(organization)
    lab.tokens["bot"] = Token(1, "quayadmin", APPLICATION, clock())
    lab.tokens["bot-reads"] = Token(2, "globalreadonlysuperuser", APPLICATION, clock())
    return organization


def by(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def assert_refused(quay: httpx.AsyncClient, token: str) -> None:
    """As every unknown token is: 401 to read, and a CSRF failure that calls itself HTML to write."""
    read = await quay.get(f"{SUPERUSER}/keys", headers=by(token))
    assert (read.status_code, read.json()["error_type"]) == (401, "invalid_token")
    write = await quay.delete(f"{SUPERUSER}/keys/kid1", headers=by(token))
    assert (write.status_code, write.text) == (403, '{"error": "CSRF token was invalid or missing."}')
    assert write.headers["content-type"].startswith("text/html")


async def test_a_log_entry_says_by_which_application_it_was_made(quay: httpx.AsyncClient) -> None:
    """Its client id, its name and the token's number; the organization's own log leaves the namespace out."""
    for token, role in (("bot", 10), ("superuser", 20)):
        quota = "/api/v1/organization/library/quota"
        await quay.post(quota, json={"limit_bytes": role}, headers=by(token))
        (made,) = (await quay.get(quota)).json()
        await quay.delete(f"{SUPERUSER}/organization/library/quota/{made['id']}")
    logs = (await quay.get("/api/v1/organization/library/logs")).json()["logs"]
    assert [entry["kind"] for entry in logs] == ["org_create_quota", "org_create_quota"]
    assert [(entry["metadata"]["oauth_token_application_id"], entry["performer"]["name"]) for entry in logs] == [
        ("T22AIEBJ6748VPE0CL7J", "quayadmin"),
        ("B0T", "quayadmin"),
    ]
    assert (logs[1]["metadata"]["oauth_token_application"], logs[1]["metadata"]["oauth_token_id"]) == ("bot", 1)
    assert all("namespace" not in entry for entry in logs)


async def test_an_organizations_log_has_pages_and_may_be_of_one_performer(
    lab: Registry, quay: httpx.AsyncClient
) -> None:
    """Users' namespaces have one too; entries of other namespaces are not in it."""
    for number in range(50):
        namespace, performer = ("library", "devtable")[number % 2], ("reader", "devtable")[number % 4 == 0]
        lab.log("push_repo", {"number": number}, namespace=namespace, performer=performer, ip="10.0.0.1")
    read: list[int] = []
    query: dict[str, Any] = {}
    while query.get("next_page", "") is not None:
        answer = (await quay.get("/api/v1/organization/library/logs", params=query)).json()
        read += [entry["metadata"]["number"] for entry in answer["logs"]]
        query = {"next_page": answer.get("next_page")}
    assert read == list(range(48, -1, -2))
    answer = await quay.get("/api/v1/organization/devtable/logs", params={"performer": "reader"})
    assert {entry["performer"]["name"] for entry in answer.json()["logs"]} == {"reader"}


async def test_an_organization_takes_its_applications_tokens_with_it(
    lab: Registry, quay: httpx.AsyncClient, automation: Organization
) -> None:
    """All of them, whoever owns them, and be it by one of them; a new name does them no harm."""
    lab.rename(automation, "machinery")
    assert (await quay.delete(f"{SUPERUSER}/organizations/machinery", headers=by("bot"))).status_code == 204
    for token in ("bot", "bot-reads"):
        await assert_refused(quay, token)
    assert (await quay.get(f"{SUPERUSER}/keys")).status_code == 200


async def test_a_disabled_owner_can_not_use_a_token_until_enabled_again(quay: httpx.AsyncClient) -> None:
    """Nothing keeps anybody from disabling the owner of the bot's token for reading."""
    path = f"{SUPERUSER}/users/globalreadonlysuperuser"
    await quay.put(path, json={"enabled": False})
    await assert_refused(quay, "bot-reads")
    await quay.put(path, json={"enabled": True})
    assert (await quay.get(f"{SUPERUSER}/keys", headers=by("bot-reads"))).status_code == 200


async def test_a_deleted_owners_token_is_no_token_of_the_next_one_of_that_name(
    lab: Registry, quay: httpx.AsyncClient
) -> None:
    """Names become free again; tokens don't come back."""
    assert (await quay.delete(f"{SUPERUSER}/users/globalreadonlysuperuser")).status_code == 204
    await assert_refused(quay, "bot-reads")
    lab.add(User(99, "globalreadonlysuperuser", "new@example.com", global_readonly=True))
    await assert_refused(quay, "bot-reads")


async def test_an_expired_token_is_refused_and_still_listed(
    lab: Registry, quay: httpx.AsyncClient, clock: Clock
) -> None:
    """The newest first, with ISO dates."""
    lab.tokens["bot-reads"].lifetime = timedelta(days=30)
    clock.now += timedelta(days=30)
    await assert_refused(quay, "bot-reads")
    tokens = (await quay.get(TOKENS)).json()["tokens"]
    assert [(one["created_by"], one["expires_at"]) for one in tokens] == [
        ("globalreadonlysuperuser", "2026-12-23T22:54:00.000000Z"),
        ("quayadmin", "2027-11-24T22:54:00.000000Z"),
    ]
    assert len({one["uuid"] for one in tokens}) == 2


async def test_the_last_use_of_a_token_is_noted_once_a_minute(quay: httpx.AsyncClient, clock: Clock) -> None:
    """So it narrows down which token is the asking one, and no more than that."""

    async def last_used() -> list[str | None]:
        return [one["last_accessed"] for one in (await quay.get(TOKENS)).json()["tokens"]]

    assert await last_used() == [None, None]
    seen = []
    for seconds in (0, 59, 1):
        clock.now += timedelta(seconds=seconds)
        await quay.get(f"{SUPERUSER}/keys", headers=by("bot"))
        seen.append((await last_used())[1])
    assert seen == ["2026-11-23T22:54:00.000000Z"] * 2 + ["2026-11-23T22:55:00.000000Z"]


async def test_only_who_may_write_sees_an_applications_secret(lab: Registry, quay: httpx.AsyncClient) -> None:
    """The global read-only superuser sees that there is an application."""
    path = "/api/v1/organization/automation/applications"
    secrets = [
        (await quay.get(path, headers=by(token))).json()["applications"][0]["client_secret"]
        for token in ("superuser", "bot-reads")
    ]
    assert secrets == ["sandbox-client-secret", None]
    lab.features.superusers_full_access = False
    assert (await quay.get(path)).status_code == 403
    assert (await quay.get(path, headers=by("bot-reads"))).status_code == 200
