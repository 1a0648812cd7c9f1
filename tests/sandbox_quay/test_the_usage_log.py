"""What the usage log says of accounts that were renamed or deleted, and of what administrators did."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from sandbox.quay.seed import seed
from sandbox.quay.state import Registry
from tests.sandbox_quay.conftest import RECORDINGS
from tests.sandbox_quay.replay import recorded_cases

API = "/api/v1/superuser"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
INFERRED = {
    "create_namespace_autoprune_policy",
    "update_namespace_autoprune_policy",
    "delete_namespace_autoprune_policy",
    "user_create",
    "user_change_email",
    "user_enable",
}
"""Kinds whose metadata no recording has: as Quay's source writes them."""
ADMINISTRATION = {
    *(
        "take_ownership",
        "create_robot",
        "delete_robot",
        "regenerate_robot_token",
        "org_create_team",
        "org_set_team_role",
    ),
    *("org_create_quota", "org_create_quota_limit", "org_change_quota_limit", "org_delete_quota_limit"),
    *("org_change_name", "org_delete", "user_delete", "create_repository_autoprune_policy", *INFERRED),
}
DAILY = {"push_repo", "pull_repo", "create_repo", "delete_tag", "add_repo_permission", "org_add_team_member"}


async def entries(quay: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await quay.get(f"{API}/logs")).json()["logs"]
    return found


def is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("path", "name", "kind", "named_by"),
    [
        ("organizations/library", "library", "org_delete", "namespace"),
        ("users/reader", "reader", "user_delete", "username"),
    ],
)
async def test_what_is_gone_is_a_uuid_in_all_its_entries(
    lab: Registry, quay: httpx.AsyncClient, path: str, name: str, kind: str, named_by: str
) -> None:
    """The same in the older ones, as whose namespace and as whose deeds; only metadata has its name."""
    lab.log("push_repo", {"namespace": name, "repo": "a"}, namespace=name, performer="reader", ip="10.0.0.1")
    await quay.delete(f"{API}/{path}")
    found = await entries(quay)
    deletion, push = found
    assert (deletion["kind"], deletion["metadata"][named_by]) == (kind, name)
    assert deletion["namespace"]["kind"] == ("org" if kind == "org_delete" else "user")
    assert is_uuid(deletion["namespace"]["name"])
    assert push["namespace"] == deletion["namespace"]
    assert push["performer"]["name"] == ("reader" if kind == "org_delete" else push["namespace"]["name"])
    assert push["metadata"]["namespace"] == name


async def test_a_renamed_organization_has_its_new_name_in_all_its_entries(
    lab: Registry, quay: httpx.AsyncClient
) -> None:
    """Both names are in the metadata of the one that says so; its robots are called by the new one."""
    lab.log("push_repo", {"namespace": "library"}, namespace="library", performer="library+bot", ip="10.0.0.1")
    await quay.put(f"{API}/organizations/library", json={"name": "shelf"})
    renaming, push = await entries(quay)
    assert (renaming["metadata"]["old_name"], renaming["metadata"]["new_name"]) == ("library", "shelf")
    assert {entry["namespace"]["name"] for entry in (renaming, push)} == {"shelf"}
    assert (push["performer"]["name"], push["performer"]["is_robot"]) == ("shelf+bot", True)
    assert push["metadata"] == {"namespace": "library"}


async def test_a_name_that_is_used_again_does_not_claim_the_old_entries(lab: Registry, quay: httpx.AsyncClient) -> None:
    """The account is another one."""
    lab.log("push_repo", {}, namespace="reader", performer="reader", ip="10.0.0.1")
    await quay.delete(f"{API}/users/reader")
    lab.being_deleted.clear()
    await quay.post(f"{API}/users/", json={"username": "reader"})
    creation, deletion, push = await entries(quay)
    assert creation["namespace"]["name"] == "reader"
    assert is_uuid(deletion["namespace"]["name"])
    assert is_uuid(push["namespace"]["name"])


def recorded_metadata() -> dict[str, set[frozenset[str]]]:
    """Which names the metadata of each kind had in any recording, but for those entries that the recorder made up."""
    found: defaultdict[str, set[frozenset[str]]] = defaultdict(set)
    for path in RECORDINGS.glob("*.json"):
        for case in recorded_cases(path):
            for entry in logged(case["response"].get("json")):
                if any(name.startswith("oauth_token") for name in entry["metadata"]) or "performer" not in entry:
                    found[entry["kind"]].add(names(entry["metadata"]))
    return found


def logged(content: object) -> Iterator[dict[str, Any]]:
    if isinstance(content, dict):
        yield from (entry for entry in content.get("logs") or () if "kind" in entry)


def names(metadata: dict[str, Any]) -> frozenset[str]:
    return frozenset(name for name in metadata if not name.startswith("oauth_token"))


def test_the_seeded_deeds_of_administrators_are_told_as_real_ones() -> None:
    """Ownership, robots, teams, quotas and their limits, auto-prune, renames: with the metadata of recorded ones."""
    recorded = recorded_metadata()
    seeded = {entry.kind: entry for entry in seed(lambda: NOW).logs if entry.kind not in DAILY}
    assert seeded.keys() >= ADMINISTRATION
    for kind, entry in seeded.items():
        assert kind in INFERRED or names(entry.metadata) in recorded[kind], kind


def test_the_seeded_registry_has_had_two_namespaces_that_are_gone() -> None:
    """An organization and a user, whose entries have a UUID where their name was."""
    registry = seed(lambda: NOW)
    gone = [entry for entry in registry.logs if entry.namespace in registry.gone]
    assert {entry.metadata.get("namespace") or entry.metadata["username"] for entry in gone} == {
        "team-legacy",
        "tmp.intern",
    }
    assert not {"team-legacy", "tmp.intern", *registry.gone} & registry.namespaces.keys()
