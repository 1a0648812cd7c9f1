"""Parts of YAML files as they stand there, for messages that say what decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import dedent

from ruamel.yaml import YAML
from ruamel.yaml.nodes import Node, SequenceNode


@dataclass(frozen=True)
class Quote:
    """A part of a document as it stands there, with its comments; `line` counts from 1."""

    line: int
    text: str


def quote_entries(text: str, key: str) -> tuple[Quote, ...]:
    """The entries of the list under a key at the top of a document that `read_document` has read."""
    found = (value for name, value in YAML(typ="rt").compose(text).value if name.value == key)
    entries = next((value for value in found if isinstance(value, SequenceNode)), None)
    if entries is None:
        return ()
    lines = text.splitlines()
    return tuple(_quote(lines, entry, dashed=not entries.flow_style) for entry in entries.value)


def _quote(lines: Sequence[str], entry: Node, *, dashed: bool) -> Quote:
    """The lines of an entry, from its dash on, without what stands behind it: blank lines and comments on the next."""
    start, end = entry.start_mark, entry.end_mark
    first = _dash_of(lines, start.line) if dashed else start.line
    last = end.line + 1 if "".join(lines[end.line : end.line + 1])[: end.column].strip() else end.line
    margin = _indentation(lines[first])
    while last > first + 1 and _is_between(lines[last - 1], margin):
        last -= 1
    return Quote(first + 1, dedent("\n".join(lines[first:last])))


def _dash_of(lines: Sequence[str], line: int) -> int:
    """The line of an entry's dash, which may stand above it with comments in between."""
    for above in range(line, -1, -1):
        if lines[above].lstrip().startswith("-"):
            return above
        if above < line and not _is_between(lines[above], _indentation(lines[above])):
            break
    return line


def _is_between(line: str, margin: int) -> bool:
    return not line.strip() or (line.lstrip().startswith("#") and _indentation(line) <= margin)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())
