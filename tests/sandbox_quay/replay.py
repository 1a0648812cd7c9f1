"""Asking the simulated Quay what the real one was asked, and comparing the answers.

Compared are status, the headers that matter as far as the recording has them at all, the words of
every error, the shape of every JSON answer, and on demand the values of some of its fields.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import httpx

from sandbox.quay.state import Registry

RECORDINGS = Path(__file__).parents[1] / "recordings"
RECORDED_HOST = "https://quay.example.com"
HEADERS = ("content-type", "access-control-allow-origin", "vary", "location", "allow", "connection")
FREE_FORM = ("metadata", "jwk", "config", "warning", "env", "schema", "status", "teams", "ordered_teams")

Preparation = Callable[[Registry], None]


def nothing(_registry: Registry) -> None:
    """Most cases need no preparation."""


def recorded_cases(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())
    return found


def shape(value: object) -> object:
    """What kind of JSON it is; free-form parts count as one kind, and of a list its first entry counts."""
    if isinstance(value, dict):
        return {name: "free" if name in FREE_FORM else shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value[:1]]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def agree(expected: object, actual: object) -> bool:
    """Whether two shapes are the same, where null goes with anything."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        optional = {"next_page", "performer"}
        same_names = expected.keys() ^ actual.keys() <= optional
        return same_names and all(agree(expected[name], actual[name]) for name in expected.keys() & actual.keys())
    if isinstance(expected, list) and isinstance(actual, list):
        return all(agree(one, other) for one, other in zip(expected, actual, strict=False))
    return expected == actual or "NoneType" in (expected, actual)


def request_of(client: httpx.AsyncClient, recorded: dict[str, Any], next_page: str | None) -> httpx.Request:
    headers = dict(recorded["headers"] or {})
    if "Authorization" in headers:
        headers["Authorization"] = re.sub(
            r"<(.*)>", lambda stand_in: token_named(stand_in[1]), headers["Authorization"]
        )
    query = dict(recorded["query"] or {})
    if query.get("next_page", "garbage") != "garbage" and next_page:
        query["next_page"] = next_page
    body: dict[str, Any] = {}
    if "raw_body" in recorded:
        body["content"] = recorded["raw_body"]
    elif recorded.get("json") is not None:
        body["json"] = recorded["json"]
    return client.build_request(recorded["method"], recorded["path"], params=query or None, headers=headers, **body)


def token_named(words: str) -> str:
    """The token that a recording's words for one stand for: `superuser, every scope` is `superuser-every-scope`."""
    return re.sub(r"[ ,:]+", "-", words)


def recorded_headers(recorded: list[dict[str, Any]]) -> set[str]:
    """Which headers a recording has in any of its answers; the others were not written down."""
    return {name for case in recorded for name in case["response"].get("headers") or ()}


def difference(
    recorded: dict[str, Any],
    answer: httpx.Response,
    base_url: str,
    headers: Collection[str] = HEADERS,
    exact: Collection[str] = (),
) -> str | None:
    """The first thing in which an answer differs from the recorded one; of `exact` fields the value counts."""
    if recorded["status"] != answer.status_code:
        return f"status {answer.status_code} instead of {recorded['status']}: {answer.text[:300]}"
    for name in (name for name in HEADERS if name in headers):
        wanted = recorded["headers"].get(name, "").replace(RECORDED_HOST, base_url)
        got = answer.headers.get(name, "")
        if name == "allow":
            wanted, got = str(sorted(wanted.split(", "))), str(sorted(got.split(", ")))
        if wanted != got:
            return f"{name} {got!r} instead of {wanted!r}"
    wanted = recorded.get("json")
    if wanted is None:
        return None
    got = answer.json()
    if answer.status_code >= 400:
        wanted = json.loads(json.dumps(wanted).replace(RECORDED_HOST, base_url))
        return None if got == wanted else f"says {json.dumps(got)}\ninstead of {json.dumps(wanted)}"
    if not agree(shape(wanted), shape(got)):
        return f"{shape(got)}\ninstead of {shape(wanted)}"
    expected, found = list(values(wanted, exact)), list(values(got, exact))
    return None if expected == found else f"{found}\ninstead of {expected}"


def values(content: object, names: Collection[str]) -> Iterator[tuple[str, object]]:
    """The fields of these names, wherever they are in a JSON answer but in its log entries, in its order."""
    if isinstance(content, list):
        for part in content:
            yield from values(part, names)
    elif isinstance(content, dict):
        for name, part in sorted(content.items()):
            if name in names:
                yield name, part
            elif name != "logs":
                yield from values(part, names)
