"""The sandbox's page and both simulated services on one origin, so that a browser needs only one address."""

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

PAGE = Path(__file__).with_name("page")
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'self'; img-src * data:; base-uri 'none'; frame-ancestors 'none'",
}


def one_origin(*, quay: ASGIApp, slack: ASGIApp) -> ASGIApp:
    """The page at `/` and `/page/`, Quay's controls at `/sandbox/quay/`, and the simulated Slack at all the rest."""
    page = Starlette(routes=[Route("/", _index), Mount("/page", _PageFiles(directory=PAGE))])

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if path.startswith("/sandbox/quay/"):
            await quay(scope, receive, send)
        elif path == "/" or path.startswith("/page/"):
            await page(scope, receive, send)
        else:
            await slack(scope, receive, send)

    return front


class _PageFiles(StaticFiles):
    """The page's files, never kept by the browser, so that a reload shows what is on disk."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(_HEADERS)
        return response


async def _index(_request: Request) -> Response:
    return FileResponse(PAGE / "index.html", headers=_HEADERS)
