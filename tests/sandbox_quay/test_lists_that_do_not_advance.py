"""Page tokens that another pod made: no list ever ends, though each of its answers looks right."""

from typing import Any

import httpx
import pytest

from sandbox.quay.state import Registry, Repository

DOOR = "/sandbox/quay"
API = "/api/v1"
USERS, ORGANIZATIONS, LOGS = "superuser/users/", "superuser/organizations/", "superuser/logs"
LISTS: list[tuple[str, dict[str, Any], str]] = [
    (USERS, {"limit": 5}, "users"),
    (ORGANIZATIONS, {"limit": 5}, "organizations"),
    (LOGS, {}, "logs"),
    ("organization/library/logs", {}, "logs"),
    ("repository", {"namespace": "library"}, "repositories"),
]


@pytest.fixture
def many(lab: Registry) -> None:
    """Enough log entries and repositories for several pages."""
    for number in range(70):
        lab.log("push_repo", {"number": number}, namespace="library", performer="reader", ip="10.0.0.1")
    library = lab.namespaces["library"]
    library.repositories = [Repository(lab.next_id(), f"app-{number}") for number in range(250)]


async def pages(quay: httpx.AsyncClient, path: str, query: dict[str, Any], noun: str, wanted: int) -> list[Any]:
    """The first entry of each page, as far as there are pages, and no two tokens that are the same."""
    firsts: list[Any] = []
    tokens: list[str] = []
    following: dict[str, str] = {}
    while len(firsts) < wanted:
        content = (await quay.get(f"{API}/{path}", params={**query, **following})).json()
        firsts.append(content[noun][0])
        if "next_page" not in content:
            break
        tokens.append(content["next_page"])
        following = {"next_page": content["next_page"]}
    assert len(set(tokens)) == len(tokens)
    return firsts


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(("path", "query", "noun"), LISTS)
async def test_page_one_comes_again_with_a_fresh_token(
    quay: httpx.AsyncClient, path: str, query: dict[str, Any], noun: str
) -> None:
    """For as long as somebody asks."""
    healthy = await pages(quay, path, query, noun, 3)
    await quay.post(f"{DOOR}/faults", json={"stuck_pages": [{"kind": "repeat"}]})
    assert await pages(quay, path, query, noun, 9) == healthy[:1] * 9


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(("path", "query", "noun"), LISTS)
async def test_two_pages_come_in_turn(quay: httpx.AsyncClient, path: str, query: dict[str, Any], noun: str) -> None:
    """A, B, A, B, each time with a token that was not there before; a fresh start begins with A."""
    healthy = await pages(quay, path, query, noun, 3)
    await quay.post(f"{DOOR}/faults", json={"stuck_pages": [{"kind": "alternate"}]})
    for wanted in (7, 6):
        assert await pages(quay, path, query, noun, wanted) == (healthy[:2] * 4)[:wanted]


@pytest.mark.usefixtures("many")
async def test_only_the_lists_that_are_meant_are_stuck_and_only_so_often(quay: httpx.AsyncClient) -> None:
    """Two tokens get lost; then the list goes on where it should."""
    healthy = await pages(quay, USERS, {"limit": 5}, "users", 3)
    stuck = {"operation": "listAllUsers", "remaining": 2}
    await quay.post(f"{DOOR}/faults", json={"stuck_pages": [stuck]})
    assert len(await pages(quay, ORGANIZATIONS, {"limit": 5}, "organizations", 3)) == 3
    assert await pages(quay, USERS, {"limit": 5}, "users", 5) == [healthy[0], healthy[0], *healthy]
