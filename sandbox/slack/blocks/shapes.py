"""The few ways in which a rule looks at JSON. Block Kit itself is tables made of these."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Problem:
    """One thing that Slack refuses, in the shape of blocks.validate.

    `code` is missing_field, invalid_type, additional_property, failed_constraint or duplicate.
    """

    pointer: str
    code: str
    message: str


@dataclass(frozen=True)
class Node:
    """A JSON value, where it stands (a JSON pointer), and the list that takes what is wrong with it."""

    value: object
    pointer: str = ""
    problems: list[Problem] = field(default_factory=list)

    def complain(self, message: str, code: str = "failed_constraint") -> None:
        """Note a problem here."""
        self.problems.append(Problem(self.pointer, code, message))

    def at(self, key: str | int) -> "Node":
        """Look at a member; its value is None where there is none."""
        value = None
        if isinstance(self.value, dict):
            value = self.value.get(key)
        elif isinstance(self.value, list) and isinstance(key, int) and key < len(self.value):
            value = self.value[key]
        return Node(value, f"{self.pointer}/{key}", self.problems)

    def has(self, key: str) -> bool:
        """Say whether a member is there; null counts as absent."""
        return self.at(key).value is not None

    def items(self) -> Iterator["Node"]:
        """Go through a list; nothing where it is none."""
        if isinstance(self.value, list):
            for index in range(len(self.value)):
                yield self.at(index)

    @property
    def type(self) -> str:
        """The `type` of an object, or nothing."""
        return str(self.at("type").value or "")


Check = Callable[[Node], None]


def string(longest: int, shortest: int = 0, *, like: str = "", called: str = "") -> Check:
    """A string of so many characters; `like` is a regular expression and `called` what it stands for."""

    def check(node: Node) -> None:
        if not isinstance(node.value, str):
            return node.complain("must be a string", "invalid_type")
        if len(node.value) > longest:
            return node.complain(f"must be at most {longest} characters, and has {len(node.value)}")
        if len(node.value) < shortest:
            return node.complain(f"must be at least {shortest} characters")
        if like and not re.fullmatch(like, node.value):
            return node.complain(f"must be {called}")
        return None

    return check


def whole(lowest: int, highest: int) -> Check:
    """A whole number in a range."""

    def check(node: Node) -> None:
        if not isinstance(node.value, int) or isinstance(node.value, bool):
            return node.complain("must be a whole number", "invalid_type")
        if not lowest <= node.value <= highest:
            return node.complain(f"must be between {lowest} and {highest}")
        return None

    return check


def number(node: Node) -> None:
    """A number."""
    if not isinstance(node.value, int | float) or isinstance(node.value, bool):
        node.complain("must be a number", "invalid_type")


def flag(node: Node) -> None:
    """A boolean."""
    if not isinstance(node.value, bool):
        node.complain("must be true or false", "invalid_type")


def word(*allowed: str) -> Check:
    """One of a few words."""

    def check(node: Node) -> None:
        if node.value not in allowed:
            node.complain(f"must be one of {', '.join(allowed)}")

    return check


def each(check_one: Check, most: int, least: int = 1) -> Check:
    """A list of so many members, each of which is checked."""

    def check(node: Node) -> None:
        if not isinstance(node.value, list):
            return node.complain("must be a list", "invalid_type")
        if len(node.value) > most:
            node.complain(f"must have at most {most} members, and has {len(node.value)}")
        if len(node.value) < least:
            node.complain(f"must have at least {least} member{'s' if least > 1 else ''}")
        for member in node.items():
            check_one(member)
        return None

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, *rules: Check) -> Check:
    """An object with these members and no others (`type` is always allowed), for which further rules hold."""
    known = {"type": _anything, **(optional or {}), **required}

    def check(node: Node) -> None:
        if not isinstance(node.value, dict):
            return node.complain("must be an object", "invalid_type")
        for name in required:
            if not node.has(name):
                node.at(name).complain(f"is missing: {name} is required", "missing_field")
        for name in node.value:
            if name not in known:
                node.at(name).complain(f"is not known here: {name}", "additional_property")
            elif node.has(name):
                known[name](node.at(name))
        for rule in rules:
            rule(node)
        return None

    return check


def tagged(kinds: Mapping[str, Check], where: str) -> Check:
    """An object that is one of several kinds, told apart by its `type`; `where` says in which place they stand."""

    def check(node: Node) -> None:
        if not isinstance(node.value, dict):
            return node.complain("must be an object", "invalid_type")
        if not node.has("type"):
            return node.at("type").complain("is missing: type is required", "missing_field")
        if node.type not in kinds:
            return node.at("type").complain(f"must be one of {', '.join(kinds)} {where}, and is {node.type}")
        return kinds[node.type](node)

    return check


def either(one: str, other: str) -> Check:
    """A rule of objects: exactly one of two members."""

    def check(node: Node) -> None:
        if node.has(one) == node.has(other):
            node.complain(f"must have either {one} or {other}", "missing_field")

    return check


def _anything(_: Node) -> None:
    return None
