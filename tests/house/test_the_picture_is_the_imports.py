"""docs/architecture.md draws the real imports between the parts, and tells of each part and each file that is there."""

import re
from collections.abc import Mapping
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
PICTURE = re.search(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)


def drawn() -> dict[str, set[str]]:
    """The arrows of the picture, by the names in its boxes."""
    assert PICTURE
    names = dict(re.findall(r"(\w+)\[([\w.]+)\]", PICTURE[1]))
    arrows = re.findall(r"(\w+)(?:\[[\w.]+\])? --> (\w+)", PICTURE[1])
    return {name: {names[end] for start, end in arrows if start == short} for short, name in names.items()}


def imported() -> dict[str, set[str]]:
    """Which part imports which: packages of bot, its two modules at the root, handlers and sandbox."""
    graph = grimp.build_graph("bot", "handlers", "sandbox")
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        part = _part(module)
        others = {_part(other) for other in graph.find_modules_directly_imported_by(module)}
        if part:
            found.setdefault(part, set()).update(other for other in others if other and other != part)
    return found


def _part(module: str) -> str | None:
    """The part that a module belongs to; the empty package `bot` is none."""
    root, *rest = module.split(".")
    return root if root != "bot" else f"bot.{rest[0]}" if rest else None


def reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """Everything that can be reached along the arrows."""
    found: set[str] = set()
    for end in graph[start]:
        found |= {end} | reachable(graph, end)
    return found


def test_every_part_is_drawn() -> None:
    """And nothing that is not there."""
    assert set(drawn()) == set(imported())


def test_the_arrows_are_the_imports() -> None:
    """An import that other arrows imply isn't drawn; every other one is, and no arrow stands for nothing."""
    real = imported()
    needed = {
        part: {end for end in ends if not any(end in reachable(real, other) for other in ends - {end})}
        for part, ends in real.items()
    }
    assert drawn() == needed


def test_every_part_is_explained_and_every_file_exists() -> None:
    """The tables name what is there."""
    for part in imported():
        path = part.replace(".", "/")
        assert f"`{path}/`" in PAGE or f"`{path}.py`" in PAGE, part
    for path in re.findall(r"`((?:bot|handlers|sandbox)/[\w/.]*)`", PAGE):
        assert (ROOT / path).exists(), path


def test_nothing_stands_loose_in_bot() -> None:
    """Besides the composition root and its loader."""
    assert {path.name for path in (ROOT / "bot").glob("*.py")} == {"__init__.py", "app.py", "loading.py"}
