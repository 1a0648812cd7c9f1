"""A document that people wrote is read into a model, and each complaint about it names its line."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from bot.config.documents import DocumentError, Problem, read_document


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bounds(Strict):
    max: int


def listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Rule(Strict):
    name: Annotated[str, Field(min_length=1)]
    may: tuple[str, ...] = ()
    in_: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(default=(), alias="in")
    where: dict[str, Bounds | tuple[str, ...]] = {}
    verdict: Literal["allow", "deny"] = "allow"

    @field_validator("may")
    @classmethod
    def known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name != "keys.read":
                raise ValueError(f'unknown operation "{name}", did you mean "keys.read"?')
        return value


def written(value: object) -> object:
    return str(value)


class House(Strict):
    version: Literal[1] = 1
    workspace: Annotated[str, Field(pattern="^T[0-9]+$")] = "T1"
    zone: ZoneInfo = ZoneInfo("UTC")
    rooms: Annotated[int, Field(ge=1, le=9)] = 1
    open: bool = True
    motto: Annotated[str, BeforeValidator(written)] = ""
    groups: dict[str, tuple[str, ...]] = {}
    rules: tuple[Rule, ...] = ()


def problems(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read_document(text, House, name="house.yaml")
    return str(caught.value).splitlines()


def test_a_good_document_becomes_its_model() -> None:
    """Comments, anchors, aliases and flow style are all taken as YAML means them."""
    house = read_document(
        """
        version: 1   # the first
        groups: {admins: &them [alice, bob], others: *them}
        rules:
          - name: one
            in: here
            where: {limit: {max: 5}, name: [a]}
        """,
        House,
        name="house.yaml",
    )
    assert house.groups == {"admins": ("alice", "bob"), "others": ("alice", "bob")}
    assert house.rules[0].in_ == ("here",)
    assert house.rules[0].where == {"limit": Bounds(max=5), "name": ("a",)}


def test_the_whole_complaint_is_one_line_for_each_problem() -> None:
    """name:line: path: message, in the order of lines."""
    text = "version: 2\nrules:\n- name: one\n  may: [keys.read]\n- name: two\n  may:\n    - keys.reed\n"
    assert problems(text) == [
        "house.yaml:1: version: should be 1, not 2",
        'house.yaml:6: rules[1].may: unknown operation "keys.reed", did you mean "keys.read"?',
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1: the file is empty"),
        ("# nothing\n", "1: the file is empty"),
        ("- a\n", "1: the file should be a mapping, made of `key: value` lines"),
        ("just words\n", "1: the file should be a mapping, made of `key: value` lines"),
        ("groups:\n\ta: [b]\n", "2: a tab is used for indentation; YAML takes spaces only"),
        ("version: 1\nzone: UTC\nversion: 1\n", '3: the key "version" is given twice'),
        ("groups:\n  a: [b]\n  a: [c]\n", '3: the key "a" is given twice'),
        ("version: 1\n---\nversion: 1\n", "2: a second document begins here; the file should hold one"),
        ("version: 1\nzone: \x07\n", "2: a character here is not allowed in YAML"),
        ("version: 1\nzone: *nobody\n", "2: not valid YAML: found undefined alias 'nobody'"),
    ],
)
def test_what_is_not_yaml_is_said_with_its_line(text: str, expected: str) -> None:
    """Syntax, duplicate keys, an empty file and tabs are problems like any other."""
    assert problems(text) == [f"house.yaml:{expected}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("verison: 1", '1: unknown key "verison", did you mean "version"?'),
        ("version: 1\nelephants: 1", '2: unknown key "elephants"'),
        ("rules:\n- name: x\n  inn: y", '3: rules[0]: unknown key "inn", did you mean "in"?'),
        (
            "rules:\n- name: x\n  where:\n    limit: {mx: 1, max: 1}",
            '4: rules[0].where.limit: unknown key "mx"',
        ),
        ("rules:\n- may: []", "2: rules[0].name: is missing"),
        ("rules:\n- name: ''", "2: rules[0].name: should have 1 or more characters"),
        ("rules:\n- name: 5", "2: rules[0].name: should be text, not 5"),
        (
            "rules:\n- name: x\n  verdict: perhaps",
            "3: rules[0].verdict: should be 'allow' or 'deny', not \"perhaps\"",
        ),
        ("rules:\n- name: x\n  in: [a, 7]", "3: rules[0].in[1]: should be text, not 7"),
        ("rules:\n- name: x\n  in: 7", "3: rules[0].in: should be a list, not 7"),
        ("rules: {name: x}", "1: rules: should be a list, not a mapping"),
        ("rules:\n- - name", "2: rules[0]: should be a mapping, not a list"),
        ("rules:\n\nrooms:", "3: rooms: should be a whole number, not nothing"),
        ("rooms: many", '1: rooms: should be a whole number, not "many"'),
        ("rooms: 0", "1: rooms: should be 1 or more, not 0"),
        ("rooms: 10", "1: rooms: should be 9 or less, not 10"),
        ("open: ajar", '1: open: should be true or false, not "ajar"'),
        ("workspace: X1", '1: workspace: "X1" does not fit the pattern ^T[0-9]+$'),
        ("zone: Europe/Atlantis", '1: zone: "Europe/Atlantis" is not a time zone; write an IANA name'),
    ],
)
def test_what_does_not_fit_is_said_in_a_plain_sentence(text: str, expected: str) -> None:
    """The line is that of the key or of the list's entry; a missing key has the line of what misses it."""
    assert any(problem.startswith(f"house.yaml:{expected}") for problem in problems(text))


def test_of_the_alternatives_of_a_value_the_one_that_fits_better_complains() -> None:
    """A mapping that is nearly a Bounds is not told that it is no list."""
    assert problems("rules:\n- name: x\n  where: {limit: {max: lots}}") == [
        'house.yaml:3: rules[0].where.limit.max: should be a whole number, not "lots"'
    ]


def test_a_long_value_is_cut_in_the_complaint() -> None:
    """Nobody wants the whole of it."""
    [problem] = problems(f"rooms: {'x' * 500}")
    assert problem.endswith("x…")
    assert len(problem) < 150


def test_what_python_cannot_write_out_is_a_complaint_too() -> None:
    """A number of thousands of digits, and anchors in anchors in anchors: neither takes a process down."""
    assert problems(f"rooms: 0x{'f' * 5000}") == [
        "house.yaml:1: rooms: should be 9 or less, not a number of very many digits"
    ]
    anchors = "".join(f"- &a{depth} [*a{depth - 1}]\n" for depth in range(1, 1200))
    assert problems(f"odd:\n- &a0 x\n{anchors}motto: *a1199") == [
        "house.yaml:1: an anchor stands inside what it stands for, or too deep"
    ]


def test_problems_can_be_used_one_by_one() -> None:
    """Line, path and message are there for those who show them elsewhere."""
    with pytest.raises(DocumentError) as caught:
        read_document("rooms: 10", House, name="house.yaml")
    assert caught.value.name == "house.yaml"
    assert caught.value.problems == (Problem(1, "rooms", "should be 9 or less, not 10"),)


YAMLISH = st.lists(
    st.sampled_from(
        [*"ab:-?[]{},&*!|>'\"%@`# \n\t01.~<", "rules: ", "- ", "!!set ", "!!int ", "!!omap ", "<<: ", "---\n"]
    )
)


@given(YAMLISH.map("".join))
def test_any_text_is_a_model_or_a_document_error(text: str) -> None:
    """Whatever somebody writes, no other exception comes out, and every line number lies in the text."""
    try:
        read_document(text, House, name="house.yaml")
        found: tuple[Problem, ...] = ()
    except DocumentError as error:
        found = error.problems or (Problem(0, "", "an error without a problem"),)
    assert all(1 <= problem.line <= text.count("\n") + 1 for problem in found)
