"""docs/permissions.md: every key has an example, and every example comes true."""

import re
from collections.abc import Iterator
from functools import partial
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.config.documents import DocumentError
from bot.loading import build_grammar
from bot.permissions import Policy
from bot.permissions.difference import difference
from bot.permissions.file import read_policy
from bot.permissions.schema import schema
from handlers.arguments import operations_of

READ_CALL = partial(operations_of, build_grammar("/quay"))
TEXT = (Path(__file__).parents[2] / "docs" / "permissions.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(yaml|text|diff)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def parsed(text: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(text)
    return found


WHOLE = parsed(BLOCKS[0][1])


def read(example: dict[str, Any]) -> Policy:
    """The whole file with an example's keys in place of its own; its examples are about it alone."""
    out = StringIO()
    YAML().dump({**{key: value for key, value in WHOLE.items() if key != "expect"}, **example}, out)
    return read_policy(out.getvalue(), "permissions.yaml", READ_CALL)


def examples(following: str | None) -> list[Any]:
    """The examples behind which a block of this kind stands, with it; None: all that are no faults."""
    return [
        pytest.param(parsed(text), next_text, id=f"line {TEXT[: TEXT.index(text)].count(chr(10)) + 1}")
        for (kind, text), (next_kind, next_text) in pairwise([*BLOCKS, ("yaml", "")])
        if kind == "yaml" and (next_kind == following or (following is None and next_kind != "text"))
    ]


@pytest.mark.parametrize(("example", "_"), examples(None))
def test_every_example_holds_what_it_expects(example: dict[str, Any], _: str) -> None:
    """And each expects something."""
    assert read(example).expect


@pytest.mark.parametrize(("example", "complaint"), examples("text"))
def test_every_fault_is_complained_of_as_shown(example: dict[str, Any], complaint: str) -> None:
    """A file with it never comes into force."""
    with pytest.raises(DocumentError) as raised:
        read(example)
    assert complaint.strip() in str(raised.value)


@pytest.mark.parametrize(("example", "lines"), examples("diff"))
def test_every_difference_is_told_as_shown(example: dict[str, Any], lines: str) -> None:
    """From the whole file to the example."""
    marks = {"gains": "+", "loses": "-"}
    told = {f"{marks.get(each.kind, ' ')} {each.said}" for each in difference(read({}), read(example))}
    assert set(lines.splitlines()) <= told


def _keys(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from _keys(value)
    elif isinstance(node, list):
        for value in node:
            yield from _keys(value)


def test_every_key_has_an_example_and_words() -> None:
    """A key that nobody is told of does not exist."""
    shown = {key for kind, text in BLOCKS if kind == "yaml" for key in _keys(parsed(text))}
    models = [schema(), *schema()["$defs"].values()]
    for key, described in ((key, value) for model in models for key, value in model["properties"].items()):
        assert key in shown, key
        assert re.search(rf"(?:`|^##.*){key}\b", TEXT, re.MULTILINE), key
        assert key == "version" or "description" in described, key
