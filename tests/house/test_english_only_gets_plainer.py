"""docs/style.md is kept by a ratchet: the number of old idioms in what people read may only fall.

`idioms.yaml` lists each idiom as a pattern, what to write instead, and how many are left. When you remove some, lower
the number. Never raise one: rewrite the sentence.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
IDIOMS: list[dict[str, Any]] = YAML(typ="safe").load(Path(__file__).with_name("idioms.yaml"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = [path for folder in ("bot", "handlers") for path in sorted((ROOT / folder).rglob("*.py"))]


def texts() -> Iterator[tuple[str, str]]:
    """Everything that users and operators read, with where it stands."""
    for page in PAGES:
        if page.name != "style.md":  # it quotes what not to write
            for number, line in enumerate(page.read_text().splitlines(), 1):
                yield f"{page.relative_to(ROOT)}:{number}", line
    for path in CODE:
        for line_number, text in _strings(path):
            yield f"{path.relative_to(ROOT)}:{line_number}", text


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    """The string literals of a module without its docstrings; a command's docstring is its help, so it counts."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value.value = ""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    if path.parent.name == "handlers":
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.AsyncFunctionDef) and function.decorator_list:
                yield function.lineno, ast.get_docstring(function) or ""


TEXTS = list(texts())


@pytest.mark.parametrize("idiom", IDIOMS, ids=[idiom["pattern"] for idiom in IDIOMS])
def test_no_idiom_comes_back(idiom: dict[str, Any]) -> None:
    """A new one fails here, with its place and what to write instead."""
    pattern = re.compile(idiom["pattern"], re.IGNORECASE)
    found = [f"{where}: {match.group()}" for where, text in TEXTS for match in pattern.finditer(text)]
    assert len(found) <= idiom["left"], f"write {idiom['instead']}:\n" + "\n".join(found)


def test_the_scan_reads_messages_help_and_pages() -> None:
    """Otherwise nothing could ever be found."""
    everything = "\n".join(text for _, text in TEXTS)
    assert "Nothing was changed" in everything or "Nothing changed" in everything
    assert "Send the log of a build" in everything or "build log" in everything
    assert "make sandbox" in everything
