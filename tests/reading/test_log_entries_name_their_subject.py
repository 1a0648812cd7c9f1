"""The usage log names what it was about at the time, also what is gone or renamed, in a phrase for each kind."""

import json
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from bot.model.log_entries import PHRASES, names_of, namespace_of, phrase_of
from bot.quay.models import LogEntry
from tests.support.answers import asked, rows
from tests.support.world import World

RECORDINGS = Path(__file__).parents[1] / "recordings"
GONE = "8d0c0b6e-5a6f-4c1e-9f6a-3a1b7c2f4e10"


def entry(kind: str, called: str | None = "team-a", /, **metadata: Any) -> LogEntry:
    account = {"name": called, "kind": "org"} if called else None
    at = "Mon, 23 Nov 2026 23:08:04 -0000"
    return LogEntry.model_validate({"kind": kind, "datetime": at, "metadata": metadata, "namespace": account})


@pytest.mark.parametrize(
    ("logged", "name", "names"),
    [
        (entry("org_delete", GONE, namespace="team-legacy"), "team-legacy", {"team-legacy"}),
        (entry("push_repo", GONE, namespace="team-legacy", repo="api", tag="v1"), "team-legacy", {"team-legacy"}),
        (entry("user_delete", GONE, username="tmp.intern"), GONE, {"tmp.intern"}),
        (
            entry("org_change_name", "team-mobile", old_name="team-apps", new_name="team-mobile"),
            "team-mobile",
            {"team-apps", "team-mobile"},
        ),
        (entry("push_repo", "team-mobile", namespace="team-apps"), "team-apps", {"team-apps", "team-mobile"}),
        (entry("take_ownership", "quayadmin", namespace="team-edge"), "team-edge", {"team-edge", "quayadmin"}),
        (entry("create_robot", "team-a", robot="ci"), "team-a", {"team-a"}),
        (entry("service_key_create", None, kid="abc", service="clair"), "", set()),
        (entry("odd", GONE, namespace=None), GONE, set()),
        (entry("odd", "team-a", namespace=["x"]), "team-a", {"team-a"}),
    ],
)
def test_an_entry_has_the_name_of_its_time(logged: LogEntry, name: str, names: set[str]) -> None:
    """And is found by every name that its namespace had."""
    assert namespace_of(logged) == name
    assert names_of(logged) == frozenset(names)


@pytest.mark.parametrize(
    ("logged", "phrase"),
    [
        (entry("org_change_name", old_name="a", new_name="b"), "renamed a to b"),
        (entry("create_robot", robot="ci"), "created the robot ci"),
        (entry("take_ownership", namespace="team-edge"), "took ownership of team-edge"),
        (
            entry(
                "org_change_quota_limit",
                type="Reject",
                threshold_percent=90,
                previous_type="Warning",
                previous_threshold_percent=80,
            ),
            "changed a quota limit: Warning 80% → Reject 90%",
        ),
        (entry("create_namespace_autoprune_policy", method="number_of_tags", value=10), None),
        (entry("add_repo_permission", repo="web", role="write", team="devs"), "gave devs write on web"),
        (entry("push_repo", repo="web"), "push_repo, repo web"),
        (entry("of_next_year", colour="blue", password="hunter2-hunter2"), "of_next_year, colour blue"),
        (entry("of_next_year"), "of_next_year"),
    ],
)
def test_an_entry_says_what_was_done(logged: LogEntry, phrase: str | None) -> None:
    """A kind that isn't known shows its metadata, and never what may be a secret."""
    said = phrase_of(logged)
    assert "hunter2" not in said
    assert said == phrase if phrase and "colour" not in phrase else said.startswith(phrase or "created")


def test_an_application_of_a_token_is_not_what_an_entry_is_about() -> None:
    """It stands in every entry that the bot made."""
    assert "J7XHF" not in phrase_of(entry("of_next_year", oauth_token_application_id="J7XHFOQW9EJ3JO13RBE0"))


@pytest.mark.parametrize("path", sorted(RECORDINGS.glob("*[lL]ogs*.json")), ids=lambda path: path.stem)
def test_every_recorded_entry_can_be_said(path: Path) -> None:
    """Each recorded kind has its phrase."""
    for case in json.loads(path.read_text()):
        answer = case["response"].get("json")
        for logged in answer.get("logs", []) if isinstance(answer, dict) else []:
            if isinstance(logged, dict) and "datetime" in logged:
                read = LogEntry.model_validate(logged)
                assert phrase_of(read)
                assert read.kind in PHRASES, read.kind


def test_every_phrase_can_be_filled_in() -> None:
    """None has a format that could fail."""
    for kind, phrase in PHRASES.items():
        filled = {name: "x" for _, name, _, _ in Formatter().parse(phrase) if name}
        assert "{" not in phrase_of(entry(kind, **filled))


async def everything(world: World, text: str) -> list[list[str]]:
    page = await asked(world, text)
    return rows(page)


@pytest.mark.parametrize(
    ("namespace", "kind"),
    [("team-legacy", "push_repo"), ("team-apps", "org_change_name"), ("team-mobile", "org_change_name")],
)
async def test_what_is_gone_or_renamed_is_found_by_its_name(world: World, namespace: str, kind: str) -> None:
    """The registry itself calls it by a UUID or by its new name."""
    found = await everything(world, f"logs --since 30d --namespace {namespace} --kind {kind}")
    assert found
    assert all(row[-1] == kind for row in found)
