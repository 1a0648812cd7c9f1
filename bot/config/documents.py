"""YAML files that people write, read into checked models; every complaint names its line."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

M = TypeVar("M", bound=BaseModel)

_LONGEST_INPUT = 60
_LARGEST_SHOWN = 10**_LONGEST_INPUT
"""Python refuses to write an integer of more than 4300 digits, which hexadecimal ones can have."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in a document.

    `line` counts from 1; `path` is the place, such as `rules[2].may`, empty for the document itself.
    """

    line: int
    path: str
    message: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (str(self.line), self.path, self.message)))


class DocumentError(Exception):
    """A document cannot be used; `problems` are in the order of their lines, and there is at least one."""

    def __init__(self, name: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(name, problems)
        self.name = name
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(f"{self.name}:{problem}" for problem in self.problems)


def unreadable(name: str, error: OSError | UnicodeDecodeError) -> str:
    """Say why a file cannot be read; of its path no more than `name`, since channels are told as well."""
    if isinstance(error, FileNotFoundError):
        return f"{name} cannot be read: there is no such file"
    if isinstance(error, UnicodeDecodeError):
        return f"{name} cannot be read: it is not UTF-8 text"
    return f"{name} cannot be read: {(error.strerror or 'the system does not say why').lower()}"


def read_document(text: str, model: type[M], *, name: str) -> M:
    """Read YAML text as a model; `name` is what complaints call the document, usually its file name.

    Raises DocumentError with every problem found.
    """
    tree = _parse(text, name)
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise DocumentError(name, _problems(error, tree, model)) from None
    except RecursionError:
        raise _complaint(name, 1, "an anchor stands inside what it stands for, or too deep") from None


Location = tuple[int | str, ...]


def complain(text: str, complaints: Iterable[tuple[Location, str]], *, name: str) -> DocumentError:
    """Place complaints that a model alone cannot make, such as about a name that another part should define.

    `text` is a document that `read_document` has read; the error is returned, not raised.
    """
    tree = _parse(text, name)
    placed = ((_follow(location, tree), message) for location, message in complaints)
    return DocumentError(name, tuple(sorted(Problem(place.line, str(place), message) for place, message in placed)))


def _parse(text: str, name: str) -> CommentedMap:
    try:
        tree = YAML(typ="rt").load(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _complaint(name, line, "a character here is not allowed in YAML") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _complaint(name, mark.line + 1 if mark else 1, _syntax_sentence(error)) from None
    except Exception as error:  # of several kinds: odd tags and deep nesting break ruamel inside
        raise _complaint(name, 1, f"not valid YAML: {' '.join(str(error).split())}") from error
    if tree is None:
        raise _complaint(name, 1, "the file is empty")
    if not isinstance(tree, CommentedMap):
        raise _complaint(name, 1, "the file should be a mapping, made of `key: value` lines")
    return tree


def _complaint(name: str, line: int, message: str) -> DocumentError:
    return DocumentError(name, (Problem(line, "", message),))


def _syntax_sentence(error: MarkedYAMLError) -> str:
    problem = str(error.problem or error.context or "it cannot be read")
    if isinstance(error, DuplicateKeyError):
        key = problem.partition('"')[2].partition('"')[0]
        return f'the key "{key}" is given twice'
    if "'\\t'" in problem:
        return "a tab is used for indentation; YAML takes spaces only"
    if "another document" in problem:
        return "a second document begins here; the file should hold one"
    context = f" ({error.context})" if error.context and error.problem else ""
    return f"not valid YAML: {problem}{context}"


@dataclass(frozen=True)
class _Place:
    """Where in the document an error of pydantic lies."""

    line: int
    steps: tuple[Hashable, ...]

    def __str__(self) -> str:
        parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.steps)
        return "".join(parts).removeprefix(".")


def _problems(error: ValidationError, tree: CommentedMap, model: type[BaseModel]) -> tuple[Problem, ...]:
    located = [(_place(details, tree), details) for details in error.errors(include_url=False)]
    return tuple(
        sorted(
            {
                Problem(place.line, str(place), _sentence(details, model))
                for place, details in located
                if not (_is_mismatch(details) and _is_explained(place, (other for other, _ in located)))
            }
        )
    )


def _is_mismatch(details: ErrorDetails) -> bool:
    return details["type"].endswith("_type")


def _is_explained(place: _Place, others: Iterator[_Place]) -> bool:
    """Whether another alternative of a union fits better here: it got as far as complaining about a part."""
    depth = len(place.steps)
    return any(len(other.steps) > depth and other.steps[:depth] == place.steps for other in others)


def _place(details: ErrorDetails, tree: CommentedMap) -> _Place:
    place = _follow(details["loc"], tree)
    if details["type"] == "missing":
        return _Place(place.line, (*place.steps, details["loc"][-1]))
    if details["type"] == "extra_forbidden":
        return _Place(place.line, place.steps[:-1])
    return place


def _follow(location: Location, tree: CommentedMap) -> _Place:
    """Follow pydantic's location through the document; names of a union's alternatives are passed over."""
    node: object = tree
    line = 1
    steps: list[Hashable] = []
    for step in location:
        key = _key(node, step)
        if key is None:
            continue
        line = _line_of(node, key, line)
        node = node[key]  # type: ignore[index]  # _key found it there
        steps.append(step)
    return _Place(line, tuple(steps))


def _key(node: object, step: int | str) -> Hashable | None:
    if isinstance(node, CommentedMap):
        return next((key for key in node if str(key) == str(step)), None)
    if isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
        return step
    return None


def _line_of(node: object, key: Hashable, ancestor: int) -> int:
    try:
        if isinstance(node, CommentedMap):
            return int(node.lc.key(key)[0]) + 1
        if isinstance(node, CommentedSeq):
            return int(node.lc.item(key)[0]) + 1
    except (KeyError, AttributeError, TypeError):  # merged in from an anchor, or without a position
        pass
    return ancestor


def _sentence(details: ErrorDetails, model: type[BaseModel]) -> str:
    kind = details["type"]
    if kind == "extra_forbidden":
        return _unknown_key(details["loc"], model)
    if kind not in _SENTENCES:
        return details["msg"].replace("Input should", "should", 1)
    return _SENTENCES[kind].format(given=_shown(details["input"]), **details.get("ctx", {}))


_SENTENCES = {
    "missing": "is missing",
    "value_error": "{error}",
    "assertion_error": "{error}",
    "literal_error": "should be {expected}, not {given}",
    "string_pattern_mismatch": "{given} does not fit the pattern {pattern}",
    "zoneinfo_str": "{given} is not a time zone; write an IANA name, such as Europe/Berlin",
    "too_short": "should have {min_length} or more entries",
    "string_too_short": "should have {min_length} or more characters",
    "string_too_long": "should have {max_length} characters at most",
    "greater_than": "should be greater than {gt}, not {given}",
    "greater_than_equal": "should be {ge} or more, not {given}",
    "less_than": "should be less than {lt}, not {given}",
    "less_than_equal": "should be {le} or less, not {given}",
    "invalid_key": "keys should be text",
} | {
    kind: f"should be {wanted}, not {{given}}"
    for wanted, kinds in {
        "text": ("string_type",),
        "a whole number": ("int_type", "int_parsing", "int_from_float"),
        "true or false": ("bool_type", "bool_parsing"),
        "a list": ("list_type", "tuple_type"),
        "a mapping": ("dict_type", "model_type"),
    }.items()
    for kind in kinds
}


def _shown(given: object) -> str:
    match given:
        case None:
            return "nothing"
        case Mapping():
            return "a mapping"
        case str():
            text = f'"{given}"'
        case Sequence():
            return "a list"
        case bool():
            text = str(given).lower()
        case int() if abs(given) > _LARGEST_SHOWN:
            text = "a number of very many digits"
        case _:
            text = str(given)
    return text if len(text) <= _LONGEST_INPUT else f"{text[: _LONGEST_INPUT - 1]}…"


def _unknown_key(location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    *parents, key = location
    models = {model}
    for step in parents:
        inner = {found for each in models for found in _models_of_field(each, step)}
        models = inner or models
    names = [field.alias or name for each in models for name, field in each.model_fields.items()]
    close = get_close_matches(str(key), names, 1)
    return f"unknown key {_shown(key)}" + (f', did you mean "{close[0]}"?' if close else "")


def _models_of_field(model: type[BaseModel], step: int | str) -> Iterator[type[BaseModel]]:
    for name, field in model.model_fields.items():
        if step in {name, field.alias}:
            yield from _models_in(field.annotation)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
