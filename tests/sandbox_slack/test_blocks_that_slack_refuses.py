"""Every limit of Block Kit, at every depth, is held; and what keeps within them is taken."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.blocks import check_blocks, check_message, check_options, check_view

Json = dict[str, Any]


def plain(text: str = "x") -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Json:
    return {"type": "mrkdwn", "text": text}


def section(**members: object) -> Json:
    return {"type": "section", "text": mrkdwn(), **members}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def button(**members: object) -> Json:
    return {"type": "button", "text": plain(), "action_id": "a", "value": "v", **members}


def option(text: str = "x", value: str = "v", **members: object) -> Json:
    return {"text": plain(text), "value": value, **members}


def select(**members: object) -> Json:
    return {"type": "static_select", "action_id": "s", "options": [option()], **members}


def confirm(**members: object) -> Json:
    return {"title": plain(), "text": mrkdwn(), "confirm": plain(), "deny": plain(), **members}


def field(element: Json, **members: object) -> Json:
    return {"type": "input", "label": plain(), "element": element, **members}


def text_field(**members: object) -> Json:
    return {"type": "plain_text_input", "action_id": "t", **members}


def raw(text: str = "x") -> Json:
    return {"type": "raw_text", "text": text}


def table(rows: int = 1, columns: int = 1, cell: str = "x", **members: object) -> Json:
    return {"type": "table", "rows": [[raw(cell)] * columns] * rows, **members}


def data_table(rows: int = 2, columns: int = 1, cell: str = "x", **members: object) -> Json:
    return table(rows, columns, cell, **{"type": "data_table", "caption": "c", **members})


def points(*labels: str) -> list[Json]:
    return [{"label": label, "value": 1} for label in labels]


def chart(kind: str = "bar", **members: object) -> Json:
    drawn = {"type": kind, "series": [{"name": "s", "data": points("a")}], "axis_config": {"categories": ["a"]}}
    return {"type": "data_visualization", "title": "t", "chart": {**drawn, **members}}


def pie(segments: list[Json], title: str = "t") -> Json:
    return {"type": "data_visualization", "title": title, "chart": {"type": "pie", "segments": segments}}


def many(count: int) -> list[Json]:
    return [option(value=str(n)) for n in range(count)]


GOOD: dict[str, Json] = {
    "section of 3000": section(text=mrkdwn("x" * 3000)),
    "ten fields of 2000": {"type": "section", "fields": [mrkdwn("x" * 2000)] * 10},
    "header of 150": {"type": "header", "text": plain("x" * 150)},
    "ten things in a context": {"type": "context", "elements": [mrkdwn()] * 10},
    "image in a context": {
        "type": "context",
        "elements": [{"type": "image", "image_url": "http://x/y.png", "alt_text": "y"}],
    },
    "25 buttons": actions(*[button(action_id=str(n)) for n in range(25)]),
    "button at its limits": actions(
        button(text=plain("x" * 75), value="x" * 2000, confirm=confirm(text=mrkdwn("x" * 300)))
    ),
    "100 options of 75 and 150": actions(select(options=[option("x" * 75, "x" * 150)] * 100)),
    "groups": actions(
        {"type": "static_select", "action_id": "s", "option_groups": [{"label": plain(), "options": many(2)}]}
    ),
    "overflow menu beside": section(accessory={"type": "overflow", "action_id": "o", "options": many(5)}),
    "external select": section(accessory={"type": "external_select", "action_id": "e", "min_query_length": 0}),
    "table of 100 × 20": table(100, 20, column_settings=[{"align": "right", "is_wrapped": True}]),
    "table of 10,000 characters": table(100, 20, "x" * 5),
    "data table of 101 × 20": data_table(101, 20, page_size=100, row_header_column_index=19),
    "bar chart": chart(),
    "pie": pie(points("a", "b", "c", "d", "e", "f"), "t" * 50),
    "confirm that warns": actions(button(confirm=confirm(style="danger"))),
    "3000 code points, each two in UTF-16": section(text=mrkdwn("🗝" * 3000)),
    "75 code points in a button": actions(button(text=plain("🗝" * 75))),
    "markdown of 12,000": {"type": "markdown", "text": "x" * 12_000},
    "rich text": {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}],
    },
    "input": field(text_field(max_length=3000)),
    "image": {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "x", "title": plain()},
}

BAD: dict[str, tuple[Json, str, str]] = {
    "unknown block": ({"type": "carousel"}, "/0/type", "failed_constraint"),
    "block without type": ({"text": plain()}, "/0/type", "missing_field"),
    "alert in a message": ({"type": "alert", "text": plain()}, "/0/type", "failed_constraint"),
    "unknown member": (section(colour="red"), "/0/colour", "additional_property"),
    "empty section": ({"type": "section"}, "/0", "missing_field"),
    "section text as a string": (section(text="x"), "/0/text", "invalid_type"),
    "section text of 3001": (section(text=mrkdwn("x" * 3001)), "/0/text/text", "failed_constraint"),
    "section text that is empty": (section(text=mrkdwn("")), "/0/text/text", "failed_constraint"),
    "11 fields": (section(fields=[mrkdwn()] * 11), "/0/fields", "failed_constraint"),
    "field of 2001": (section(fields=[mrkdwn("x" * 2001)]), "/0/fields/0/text", "failed_constraint"),
    "header of 151": ({"type": "header", "text": plain("x" * 151)}, "/0/text/text", "failed_constraint"),
    "header in mrkdwn": ({"type": "header", "text": mrkdwn()}, "/0/text/type", "failed_constraint"),
    "mrkdwn with emoji": (section(text={**mrkdwn(), "emoji": True}), "/0/text/emoji", "additional_property"),
    "11 things in a context": ({"type": "context", "elements": [mrkdwn()] * 11}, "/0/elements", "failed_constraint"),
    "button in a context": ({"type": "context", "elements": [button()]}, "/0/elements/0/type", "failed_constraint"),
    "26 buttons": (actions(*[button(action_id=str(n)) for n in range(26)]), "/0/elements", "failed_constraint"),
    "no buttons": (actions(), "/0/elements", "failed_constraint"),
    "text input in actions": (actions(text_field()), "/0/elements/0/type", "failed_constraint"),
    "text input beside a section": (section(accessory=text_field()), "/0/accessory/type", "failed_constraint"),
    "button in an input": (field(button()), "/0/element/type", "failed_constraint"),
    "same action_id twice": (actions(button(), button()), "/0/elements/1/action_id", "duplicate"),
    "action_id of 256": (actions(button(action_id="x" * 256)), "/0/elements/0/action_id", "failed_constraint"),
    "block_id of 256": (section(block_id="x" * 256), "/0/block_id", "failed_constraint"),
    "button text of 76": (actions(button(text=plain("x" * 76))), "/0/elements/0/text/text", "failed_constraint"),
    "button text in mrkdwn": (actions(button(text=mrkdwn())), "/0/elements/0/text/type", "failed_constraint"),
    "button value of 2001": (actions(button(value="x" * 2001)), "/0/elements/0/value", "failed_constraint"),
    "button url of 3001": (actions(button(url="x" * 3001)), "/0/elements/0/url", "failed_constraint"),
    "button in green": (actions(button(style="green")), "/0/elements/0/style", "failed_constraint"),
    "confirm title of 101": (
        actions(button(confirm=confirm(title=plain("x" * 101)))),
        "/0/elements/0/confirm/title/text",
        "failed_constraint",
    ),
    "confirm text of 301": (
        actions(button(confirm=confirm(text=mrkdwn("x" * 301)))),
        "/0/elements/0/confirm/text/text",
        "failed_constraint",
    ),
    "confirm button of 31": (
        actions(button(confirm=confirm(deny=plain("x" * 31)))),
        "/0/elements/0/confirm/deny/text",
        "failed_constraint",
    ),
    "confirm in green": (
        actions(button(confirm=confirm(style="green"))),
        "/0/elements/0/confirm/style",
        "failed_constraint",
    ),
    "3001 code points, each two in UTF-16": (section(text=mrkdwn("🗝" * 3001)), "/0/text/text", "failed_constraint"),
    "76 code points in a button": (
        actions(button(text=plain("🗝" * 76))),
        "/0/elements/0/text/text",
        "failed_constraint",
    ),
    "confirm without deny": (
        actions(button(confirm={name: value for name, value in confirm().items() if name != "deny"})),
        "/0/elements/0/confirm/deny",
        "missing_field",
    ),
    "101 options": (actions(select(options=many(101))), "/0/elements/0/options", "failed_constraint"),
    "option text of 76": (
        actions(select(options=[option("x" * 76)])),
        "/0/elements/0/options/0/text/text",
        "failed_constraint",
    ),
    "option value of 151": (
        actions(select(options=[option(value="x" * 151)])),
        "/0/elements/0/options/0/value",
        "failed_constraint",
    ),
    "options and groups": (
        actions(select(option_groups=[{"label": plain(), "options": many(1)}])),
        "/0/elements/0",
        "missing_field",
    ),
    "initial option that is none": (
        actions(select(initial_option=option("other", "o"))),
        "/0/elements/0/initial_option",
        "failed_constraint",
    ),
    "placeholder of 151": (
        actions(select(placeholder=plain("x" * 151))),
        "/0/elements/0/placeholder/text",
        "failed_constraint",
    ),
    "11 radio buttons": (
        actions({"type": "radio_buttons", "action_id": "r", "options": many(11)}),
        "/0/elements/0/options",
        "failed_constraint",
    ),
    "6 in an overflow menu": (
        section(accessory={"type": "overflow", "options": many(6)}),
        "/0/accessory/options",
        "failed_constraint",
    ),
    "date in words": (
        actions({"type": "datepicker", "initial_date": "today"}),
        "/0/elements/0/initial_date",
        "failed_constraint",
    ),
    "input without label": ({"type": "input", "element": text_field()}, "/0/label", "missing_field"),
    "lengths the wrong way round": (
        field(text_field(min_length=5, max_length=4)),
        "/0/element/max_length",
        "failed_constraint",
    ),
    "max_length of 3001": (field(text_field(max_length=3001)), "/0/element/max_length", "failed_constraint"),
    "image without alt_text": ({"type": "image", "image_url": "http://x"}, "/0/alt_text", "missing_field"),
    "image without source": ({"type": "image", "alt_text": "x"}, "/0", "missing_field"),
    "image url of 3001": (
        {"type": "image", "alt_text": "x", "image_url": "x" * 3001},
        "/0/image_url",
        "failed_constraint",
    ),
    "alt_text of 2001": (
        {"type": "image", "alt_text": "x" * 2001, "image_url": "http://x"},
        "/0/alt_text",
        "failed_constraint",
    ),
    "table of 101 rows": (table(101), "/0/rows", "failed_constraint"),
    "table of 21 columns": (table(1, 21), "/0/rows/0", "failed_constraint"),
    "table of 10,001 characters": (table(1, 1, "x" * 10_001), "/0/rows", "failed_constraint"),
    "table with an empty cell": (table(1, 1, ""), "/0/rows/0/0/text", "failed_constraint"),
    "data table without caption": (
        {"type": "data_table", "rows": [[raw()], [raw()]]},
        "/0/caption",
        "missing_field",
    ),
    "data table of 102 rows": (data_table(102), "/0/rows", "failed_constraint"),
    "data table of a header alone": (data_table(1), "/0/rows", "failed_constraint"),
    "data table with rich text as header": (
        data_table(rows=2) | {"rows": [[{"type": "rich_text", "elements": []}], [raw()]]},
        "/0/rows/0/0/type",
        "failed_constraint",
    ),
    "data table with ragged rows": (
        {"type": "data_table", "caption": "c", "rows": [[raw(), raw()], [raw()]]},
        "/0/rows/1",
        "failed_constraint",
    ),
    "data table of 20,001 characters": (data_table(2, 1, "x" * 10_001), "/0/rows", "failed_constraint"),
    "page of 101": (data_table(page_size=101), "/0/page_size", "failed_constraint"),
    "chart title of 51": (pie(points("a"), "t" * 51), "/0/title", "failed_constraint"),
    "chart label of 21": (pie(points("x" * 21)), "/0/chart/segments/0/label", "failed_constraint"),
    "pie of seven": (pie(points(*"abcdefg")), "/0/chart/segments", "failed_constraint"),
    "pie with nothing": (
        pie([{"label": "a", "value": 0}]),
        "/0/chart/segments/0/value",
        "failed_constraint",
    ),
    "seven series": (
        chart(series=[{"name": str(n), "data": points("a")} for n in range(7)]),
        "/0/chart/series",
        "failed_constraint",
    ),
    "21 points": (
        chart(
            series=[{"name": "s", "data": points(*map(str, range(21)))}],
            axis_config={"categories": list(map(str, range(21)))},
        ),
        "/0/chart/series/0/data",
        "failed_constraint",
    ),
    "series of one name": (
        chart(series=[{"name": "s", "data": points("a")}] * 2),
        "/0/chart/series/1/name",
        "duplicate",
    ),
    "point beside the categories": (
        chart(series=[{"name": "s", "data": points("b")}]),
        "/0/chart/series/0/data",
        "failed_constraint",
    ),
    "unknown chart": (chart("radar"), "/0/chart/type", "failed_constraint"),
    "markdown of 12,001": ({"type": "markdown", "text": "x" * 12_001}, "/0/text", "failed_constraint"),
    "unknown rich text": (
        {"type": "rich_text", "elements": [{"type": "rich_text_poem"}]},
        "/0/elements/0/type",
        "failed_constraint",
    ),
}


@pytest.mark.parametrize("block", GOOD.values(), ids=GOOD)
def test_a_block_within_the_limits_is_taken(block: Json) -> None:
    """At the limit is within it."""
    assert check_blocks([block]) == []


@pytest.mark.parametrize(("block", "pointer", "code"), BAD.values(), ids=BAD)
def test_a_block_beyond_a_limit_is_refused_where_it_is_wrong(block: Json, pointer: str, code: str) -> None:
    """A pointer says where, and a code says what kind of wrong."""
    assert (pointer, code) in {(problem.pointer, problem.code) for problem in check_blocks([block])}


@pytest.mark.parametrize(
    ("blocks", "pointer"),
    [
        ([section()] * 51, "/blocks"),
        ([section(block_id="b"), section(block_id="b")], "/blocks/1/block_id"),
        ([table(), table()], "/blocks/1"),
        ([chart(), chart(), chart()], "/blocks/2"),
        ([{"type": "markdown", "text": "x" * 7000}] * 2, "/blocks"),
        ("none", "/blocks"),
    ],
)
def test_a_message_has_limits_of_its_own(blocks: object, pointer: str) -> None:
    """50 blocks, unique block ids, one table, two charts, 12,000 characters of markdown."""
    assert [problem.pointer for problem in check_message({"text": "x", "blocks": blocks})] == [pointer]


@pytest.mark.parametrize(
    ("message", "pointers"),
    [
        ({"text": "x" * 40_000}, []),
        ({"text": "x" * 40_001}, ["/text"]),
        ({"text": "", "blocks": []}, ["/text"]),
        ({"blocks": [section()]}, []),
        ({"text": "x", "blocks": [section()] * 50, "channel": "C1"}, []),
    ],
)
def test_a_message_needs_text_or_blocks_and_no_more_than_40000_characters(message: Json, pointers: list[str]) -> None:
    """What else goes with a call is not looked at."""
    assert [problem.pointer for problem in check_message(message)] == pointers


def test_one_action_id_may_stand_in_two_blocks() -> None:
    """Slack asks for an action_id that is unique in its block; the recorded forms use one in several."""
    assert check_blocks([actions(button()), actions(button())]) == []


MODAL: Json = {"type": "modal", "title": plain(), "blocks": [section()]}


@pytest.mark.parametrize(
    ("view", "pointers"),
    [
        (MODAL, []),
        (MODAL | {"title": plain("x" * 24), "private_metadata": "x" * 3000, "notify_on_close": True}, []),
        (MODAL | {"blocks": [{"type": "alert", "text": plain("x" * 200), "level": "warning"}]}, []),
        (MODAL | {"blocks": [field(text_field())], "submit": plain()}, []),
        ({"type": "home", "blocks": [section()] * 100}, []),
        (MODAL | {"title": plain("x" * 25)}, ["/title/text"]),
        (MODAL | {"submit": plain("x" * 25)}, ["/submit/text"]),
        (MODAL | {"close": plain("x" * 25)}, ["/close/text"]),
        (MODAL | {"private_metadata": "x" * 3001}, ["/private_metadata"]),
        (MODAL | {"callback_id": "x" * 256}, ["/callback_id"]),
        (MODAL | {"blocks": [section()] * 101}, ["/blocks"]),
        (MODAL | {"blocks": [field(text_field())]}, ["/submit"]),
        (MODAL | {"blocks": [table()]}, ["/blocks/0/type"]),
        (MODAL | {"blocks": [{"type": "alert", "text": plain("x" * 201)}]}, ["/blocks/0/text/text"]),
        (MODAL | {"blocks": [section(block_id="b")] * 2}, ["/blocks/1/block_id"]),
        (MODAL | {"colour": "red"}, ["/colour"]),
        (
            MODAL | {"blocks": [field(text_field(focus_on_load=True))] * 2, "submit": plain()},
            ["/blocks/1/element/focus_on_load"],
        ),
        ({"type": "modal", "blocks": []}, ["/title"]),
        ({"type": "home", "blocks": [{"type": "alert", "text": plain()}]}, ["/blocks/0/type"]),
        ({"type": "window", "blocks": []}, ["/type"]),
    ],
)
def test_a_view_has_limits_of_its_own(view: Json, pointers: list[str]) -> None:
    """100 blocks, 24 characters of title and buttons, 3000 of metadata, submit where there are inputs."""
    assert [problem.pointer for problem in check_view(view)] == pointers


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ({"options": []}, True),
        ({"options": many(100)}, True),
        ({"options": many(101)}, False),
        ({"option_groups": [{"label": plain(), "options": many(1)}]}, True),
        ({}, False),
    ],
)
def test_suggestions_are_at_most_100_options(answer: Json, right: bool) -> None:
    """Either options or groups of them."""
    assert (check_options(answer) == []) is right


WORDS = ["type", "text", "elements", "element", "options", "rows", "chart", "series", "blocks", "title", "accessory"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_no_json_makes_the_checker_fall_over(value: object) -> None:
    """Whatever comes, the answer is a list of problems."""
    members = value if isinstance(value, dict) else dict.fromkeys(WORDS, value)
    for kind in {block["type"] for block in GOOD.values()}:
        check_blocks([members | {"type": kind}])
    check_message({"text": value, "blocks": value})
    check_view({"type": "modal", "title": value, "blocks": value})
