"""Real HTTP servers for tests, in the test's own loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from sandbox.serving import bound_socket, serving, url_of


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application on a free loopback port, and yield its URL without a trailing slash."""
    with bound_socket(0) as listening:
        async with serving(app, listening):
            yield url_of(listening)
