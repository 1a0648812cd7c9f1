"""The sandbox has one origin: the page, the controls of Quay, and Slack for everything else."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from sandbox.front import PAGE, one_origin


def saying(name: str) -> Starlette:
    """An application that answers every path with its name."""

    async def answer(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(name)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


@pytest.fixture
def browser() -> httpx.AsyncClient:
    front = one_origin(quay=saying("quay"), slack=saying("slack"))
    return httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://sandbox")


@pytest.mark.parametrize(
    ("path", "answers"),
    [
        ("/sandbox/quay/state", "quay"),
        ("/sandbox/quayside", "slack"),
        ("/sandbox/slack/state", "slack"),
        ("/api/chat.postMessage", "slack"),
    ],
)
async def test_each_path_belongs_to_one_service(browser: httpx.AsyncClient, path: str, answers: str) -> None:
    """Only what is under /sandbox/quay/ is Quay's."""
    assert (await browser.get(path)).text == answers


@pytest.mark.parametrize("file", ["", *(f"page/{found.name}" for found in PAGE.iterdir())])
async def test_every_file_of_the_page_is_served_and_kept_to_itself(browser: httpx.AsyncClient, file: str) -> None:
    """Nothing of the page is cached, and the browser is told to load nothing from elsewhere."""
    answer = await browser.get(f"/{file}")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_nothing_outside_the_page_is_served(browser: httpx.AsyncClient) -> None:
    """A path that climbs out of the page's folder finds nothing."""
    assert (await browser.get("/page/%2e%2e/launcher.py")).status_code == 404
