"""Nothing is built from a long list of parts: whoever needs many is handed some that a factory has put together.

Of functions ruff holds the same (`max-args`); a dataclass has no signature that it could look at.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST = 8
MODULES = [path for package in ("bot", "handlers") for path in sorted((ROOT / package).rglob("*.py"))]


def required_fields(node: ast.ClassDef) -> list[str]:
    """What a dataclass cannot be made without; nothing for any other class."""
    if not any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
        return []
    fields = [statement for statement in node.body if isinstance(statement, ast.AnnAssign)]
    return [ast.unparse(field.target) for field in fields if field.value is None]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_dataclass_takes_more_than_eight_parts(path: Path) -> None:
    """Fields with a default are not handed over by whoever builds it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            found = required_fields(node)
            assert len(found) <= MOST, f"{node.name} takes {len(found)}: {', '.join(found)}"


def test_a_long_list_would_be_seen() -> None:
    """Whatever form the decorator has."""
    for decorator in ("dataclass", "dataclass(frozen=True)", "dataclasses.dataclass"):
        source = f"@{decorator}\nclass Many:\n" + "".join(f"    part_{number}: int\n" for number in range(9))
        (node,) = ast.parse(source).body
        assert isinstance(node, ast.ClassDef)
        assert len(required_fields(node)) == MOST + 1
