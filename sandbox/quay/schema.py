"""The part of JSON Schema that Quay's request bodies use, failing in the words of Quay's validator.

Quay puts the validator's text into `detail` as it comes: one line that says what is wrong, then where in the
schema, then the instance. Of several errors it reports the shallowest, and of the alternatives of a
`oneOf` or `anyOf` the deepest.
"""

import pprint
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

Schema = Mapping[str, Any]
Step = str | int

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


@dataclass(frozen=True)
class Violation:
    """One way in which an instance breaks its schema; the last step of `schema_path` is the keyword."""

    message: str
    schema: Schema
    instance: object
    path: tuple[Step, ...]
    schema_path: tuple[Step, ...]
    alternatives: tuple["Violation", ...] = ()

    def below(self, path: Sequence[Step], schema_path: Sequence[Step]) -> "Violation":
        """The same violation as seen from further out."""
        return replace(self, path=(*path, *self.path), schema_path=(*schema_path, *self.schema_path))

    def text(self) -> str:
        """All that Quay says about it."""
        *where, keyword = self.schema_path
        rule = f"Failed validating {keyword!r} in schema{_index(where)}:\n{_block(self.schema)}"
        return f"{self.message}\n\n{rule}\n\nOn instance{_index(self.path)}:\n{_block(self.instance)}"


def complaint(instance: object, schema: Schema) -> str | None:
    """Quay's text about a body that breaks the schema, or None about one that keeps it."""
    violations = list(_violations(instance, schema))
    if not violations:
        return None
    worst = max(violations, key=_relevance)
    while worst.alternatives:
        worst = min(worst.alternatives, key=_relevance)
    return worst.text()


def _relevance(violation: Violation) -> tuple[int, bool]:
    return -len(violation.path), violation.schema_path[-1] not in ("anyOf", "oneOf")


def _violations(instance: object, schema: Schema) -> Iterator[Violation]:
    for keyword, value in schema.items():
        if check := _CHECKS.get(keyword):
            for found in check(value, instance, schema):
                if isinstance(found, Violation):
                    yield found.below((), (keyword,))
                else:
                    message, alternatives = found
                    yield Violation(message, schema, instance, (), (keyword,), alternatives)


_Found = Violation | tuple[str, tuple[Violation, ...]]


def _type(value: str | list[str], instance: object, _schema: Schema) -> Iterator[_Found]:
    names = [value] if isinstance(value, str) else value
    if not any(_is_a(instance, name) for name in names):
        yield f"{instance!r} is not of type {', '.join(map(repr, names))}", ()


def _is_a(instance: object, name: str) -> bool:
    if isinstance(instance, bool):
        return name == "boolean"
    if name == "integer" and isinstance(instance, float):
        return instance.is_integer()
    return isinstance(instance, _TYPES[name])


def _required(value: list[str], instance: object, _schema: Schema) -> Iterator[_Found]:
    if isinstance(instance, dict):
        yield from ((f"{name!r} is a required property", ()) for name in value if name not in instance)


def _properties(value: Mapping[str, Schema], instance: object, _schema: Schema) -> Iterator[_Found]:
    if isinstance(instance, dict):
        for name, schema in value.items():
            if name in instance:
                yield from (found.below((name,), (name,)) for found in _violations(instance[name], schema))


def _additional_properties(_value: bool, instance: object, schema: Schema) -> Iterator[_Found]:
    extra = [name for name in instance if name not in schema["properties"]] if isinstance(instance, dict) else []
    if extra:
        verb = "was" if len(extra) == 1 else "were"
        names = ", ".join(map(repr, extra))
        yield f"Additional properties are not allowed ({names} {verb} unexpected)", ()


def _pattern(value: str, instance: object, _schema: Schema) -> Iterator[_Found]:
    if isinstance(instance, str) and not re.search(value, instance):
        yield f"{instance!r} does not match {value!r}", ()


def _minimum(value: int, instance: object, _schema: Schema) -> Iterator[_Found]:
    if isinstance(instance, int | float) and not isinstance(instance, bool) and instance < value:
        yield f"{instance!r} is less than the minimum of {value!r}", ()


def _not(value: Schema, instance: object, _schema: Schema) -> Iterator[_Found]:
    if not list(_violations(instance, value)):
        yield f"{value!r} is not allowed for {instance!r}", ()


def _any_of(value: list[Schema], instance: object, _schema: Schema) -> Iterator[_Found]:
    attempts = _attempts(value, instance)
    if all(attempts):
        yield f"{instance!r} is not valid under any of the given schemas", tuple(chain(*attempts))


def _one_of(value: list[Schema], instance: object, schema: Schema) -> Iterator[_Found]:
    yield from _any_of(value, instance, schema)
    keeping = [one for one, attempt in zip(value, _attempts(value, instance), strict=True) if not attempt]
    if len(keeping) > 1:
        first, *others = keeping
        yield f"{instance!r} is valid under each of {', '.join(map(repr, [*others, first]))}", ()


def _attempts(schemas: list[Schema], instance: object) -> list[list[Violation]]:
    return [
        [found.below((), (number,)) for found in _violations(instance, schema)] for number, schema in enumerate(schemas)
    ]


_CHECKS: Mapping[str, Callable[[Any, object, Schema], Iterator[_Found]]] = {
    "type": _type,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional_properties,
    "pattern": _pattern,
    "minimum": _minimum,
    "not": _not,
    "anyOf": _any_of,
    "oneOf": _one_of,
}


def _index(steps: Sequence[Step]) -> str:
    return "".join(f"[{step!r}]" for step in steps)


def _block(value: object) -> str:
    return textwrap.indent(pprint.pformat(value, width=72), "    ")
