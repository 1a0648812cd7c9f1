"""A registry on a real socket that replays recorded answers, and a client that talks to it."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.quay.client import Quay, open_client


@pytest.fixture
def answers() -> deque[dict[str, Any]]:
    """What the registry will answer, one after the other, in the shape of the recordings.

    With `breaks` the connection ends after half of the answer, or before any of it.
    `closes` ends it silently after the answer, as gunicorn does with an idle one; with `pause` there is no answer.
    """
    return deque()


@pytest.fixture
def requests() -> list[dict[str, Any]]:
    """What the registry was asked, in the shape of the recordings, with the number of the connection."""
    return []


@pytest.fixture
async def quay_url(answers: deque[dict[str, Any]], requests: list[dict[str, Any]]) -> AsyncIterator[str]:
    """The address of the replaying registry."""
    connections: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        number = len(connections)
        try:
            while request := await _read_request(reader):
                requests.append(request | {"connection": number})
                answer = answers.popleft()
                if answer.get("pause"):
                    continue
                writer.write(_response(answer))
                await writer.drain()
                if answer.get("breaks") or answer.get("closes"):
                    break
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for writer in connections:
        writer.close()
    await server.wait_closed()


@pytest.fixture
async def quay(quay_url: str) -> AsyncIterator[Quay]:
    """A client with two tokens that waits for nothing between attempts."""
    async with open_client(quay_url) as http:
        yield Quay(http, "write-token", "read-token", attempts=3, wait=0)


async def _read_request(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = dict(_header(line) for line in lines)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return {
        "method": method,
        "path": urlsplit(target).path,
        "query": dict(parse_qsl(urlsplit(target).query)),
        "headers": headers,
        "json": json.loads(body) if body else None,
    }


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name.lower(), value


_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def _response(answer: dict[str, Any]) -> bytes:
    if answer.get("breaks") == "before":
        return b""
    body = json.dumps(answer["json"]) if "json" in answer else answer.get("text") or ""
    content = b"" if answer["status"] == 204 else body.encode()
    headers: Iterable[tuple[str, str]] = (*answer.get("headers", {}).items(), ("content-length", str(len(content))))
    lines = [f"HTTP/1.1 {answer['status']} {_PHRASES.get(answer['status'], 'Of a Gateway')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    head = "\r\n".join([*lines, "", ""]).encode()
    return head + (content[: len(content) // 2] if answer.get("breaks") else content)
