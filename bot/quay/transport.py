"""How calls travel: reads share a few kept connections, each write has one of its own.

Quay's gunicorn drops a connection after 2 idle seconds without a word, so a kept one may be dead when it is
used. A read is simply asked again; a write must not be, since nobody can tell whether it got through. On a
fresh connection that doubt does not arise.
"""

import ssl
from functools import cache
from types import TracebackType
from typing import Self

import httpx

from bot.quay.turns import SLOTS

KEEPALIVE_EXPIRY = 1.5
"""Seconds; below the 2 s of Quay's gunicorn."""


class ByMethod(httpx.AsyncBaseTransport):
    """Sends GETs through one transport and everything else through another."""

    def __init__(self, reads: httpx.AsyncBaseTransport, writes: httpx.AsyncBaseTransport) -> None:
        self._reads = reads
        self._writes = writes

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        transport = self._reads if request.method == "GET" else self._writes
        return await transport.handle_async_request(request)

    async def __aenter__(self) -> Self:
        await self._reads.__aenter__()
        await self._writes.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._reads.__aexit__(exc_type, exc_value, traceback)
        await self._writes.__aexit__(exc_type, exc_value, traceback)

    async def aclose(self) -> None:
        await self._reads.aclose()
        await self._writes.aclose()


def open_client(
    base_url: str,
    *,
    proxy: str | None = None,
    ca_file: str | None = None,
    connect_timeout: float = 5,
    timeout: float = 30,
) -> httpx.AsyncClient:
    """Open the HTTP client for a registry; close it with `aclose` or `async with`. Timeouts are in seconds.

    `proxy` is the address of the proxy by which the registry is reached. The certificates in `ca_file` (PEM) are
    trusted besides those of the system, which are those in `SSL_CERT_FILE` where it is set. Redirects are not
    followed: Quay only redirects where it has no route.
    """
    context = _trusted(ca_file)
    kept = httpx.Limits(max_connections=SLOTS, keepalive_expiry=KEEPALIVE_EXPIRY)
    fresh = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(
        base_url=base_url,
        transport=ByMethod(
            reads=httpx.AsyncHTTPTransport(verify=context, limits=kept, proxy=proxy),
            writes=httpx.AsyncHTTPTransport(verify=context, limits=fresh, proxy=proxy),
        ),
        headers={
            "User-Agent": "quaymaster",
            "X-Requested-With": "XMLHttpRequest",
            "Accept": "application/json",
        },
        timeout=httpx.Timeout(timeout, connect=connect_timeout),
        follow_redirects=False,
    )


@cache
def _trusted(ca_file: str | None) -> ssl.SSLContext:
    """Load the certificates that are trusted, once for the process: it takes a while."""
    context = httpx.create_ssl_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
