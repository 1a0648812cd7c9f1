"""What `bot/views` makes while something else runs: the elements that people can use, and where each is made."""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import bot.views
from bot.slack.messages import Message
from sandbox.slack.model import INTERACTIVE, interactive

VIEWS = Path(next(iter(bot.views.__path__)))
_MAKERS = {"button"}
_IDS = {"action_id", "callback_id"}


@dataclass(frozen=True, order=True)
class Site:
    """A call in a module of `bot/views`, by where its text begins."""

    module: str
    line: int
    column: int


@dataclass
class SeenViews:
    """Watches this thread from `with` on: every return value of `bot/views`, and every call that it makes."""

    elements: set[tuple[str, str]] = field(default_factory=set)
    """The kind of listener that an element or a modal needs, and its id."""
    made_at: set[Site] = field(default_factory=set)

    def __enter__(self) -> "SeenViews":
        sys.setprofile(self._watch)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _watch(self, frame: FrameType, event: str, returned: Any) -> None:
        if event == "return" and _is_view(frame.f_code):
            self.elements.update(_needed(returned))
        elif event == "call" and frame.f_back is not None and _is_view(frame.f_back.f_code):
            self.made_at.add(_site(frame.f_back.f_code, frame.f_back.f_lasti))


def makers() -> set[Site]:
    """Every call in `bot/views` that makes something with an action id or a callback id."""
    return {
        Site(module.name, node.lineno, node.col_offset)
        for module in VIEWS.glob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and _makes(node)
    }


def _makes(call: ast.Call) -> bool:
    named = call.func.id if isinstance(call.func, ast.Name) else ""
    return named in _MAKERS or any(keyword.arg in _IDS for keyword in call.keywords)


@cache
def _is_view(code: CodeType) -> bool:
    return Path(code.co_filename).parent == VIEWS


@cache
def _site(code: CodeType, instruction: int) -> Site:
    line, _, column, _ = next(islice(code.co_positions(), instruction // 2, None))
    return Site(Path(code.co_filename).name, line or 0, column or 0)


def _needed(returned: Any) -> Iterator[tuple[str, str]]:
    """The listeners that a message, a view, a block or several of them need."""
    if isinstance(returned, Message):
        yield from _needed(returned.blocks)
    elif isinstance(returned, list | tuple):
        for each in returned:
            yield from _needed(each)
    elif isinstance(returned, Mapping):
        yield from _needed(returned.get("blocks"))
        if returned.get("type") == "modal" and "submit" in returned:
            yield "view", returned["callback_id"]
        if returned.get("type") in INTERACTIVE:
            yield from _needed_in(dict(returned))


def _needed_in(block: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A field of a form tells nothing until the form is submitted, unless it says otherwise or searches."""
    for element in interactive(block):
        if element["type"] in {"external_select", "multi_external_select"}:
            yield "options", element["action_id"]
        if block["type"] != "input" or block.get("dispatch_action"):
            yield "action", element["action_id"]
