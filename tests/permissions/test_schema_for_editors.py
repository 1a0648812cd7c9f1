"""docs/permissions.schema.json is what editors complete and check permissions.yaml by."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.permissions.names import sets
from bot.permissions.schema import schema
from tests.support.cli import run

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "permissions.schema.json"


def test_the_published_schema_is_current() -> None:
    """Make it anew with `quaymaster check --schema > docs/permissions.schema.json`."""
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == schema()
    assert json.loads(run("check", "--schema").stdout) == schema()


@pytest.mark.parametrize("file", ["permissions.yaml", "sandbox/permissions.yaml"])
def test_the_shipped_files_name_it_for_the_language_server(file: str) -> None:
    """In their first line, relative to themselves."""
    path = ROOT / file
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert (path.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve() == PUBLISHED


@pytest.mark.parametrize(
    ("path", "good", "bad"),
    [
        (
            ("Bounds", "properties", "max", "anyOf", "0", "pattern"),
            ["500GiB", "1.5TB", "100 GiB"],
            ["500", "GiB"],
        ),
        (("Bounds", "properties", "max_increase", "anyOf", "0", "pattern"), ["20%", "12.5 %"], ["20", "%"]),
        (("ConfirmationRule", "properties", "expires", "pattern"), ["15m", "1h30m", "7D"], ["15", "m"]),
    ],
)
def test_patterns_take_what_the_bot_takes(path: tuple[str, ...], good: list[str], bad: list[str]) -> None:
    """Sizes, percentages and lengths of time."""
    node: Any = schema()["$defs"]
    for step in path:
        node = node[int(step)] if isinstance(node, list) else node[step]
    assert all(re.search(node, text) for text in good)
    assert not any(re.search(node, text) for text in bad)


def test_editors_know_every_operation_and_set() -> None:
    """And refuse what is none."""
    assert schema()["$defs"]["Rule"]["properties"]["may"]["items"]["enum"] == sorted(sets())
