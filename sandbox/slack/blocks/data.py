"""Blocks that show data: rich text, tables and charts."""

from sandbox.slack.blocks.objects import ID
from sandbox.slack.blocks.shapes import Check, Node, each, flag, number, shape, string, tagged, whole, word

COLUMNS = 20
TABLE_ROWS = 100
DATA_TABLE_ROWS = 101
TABLE_CHARACTERS = 10_000
DATA_TABLE_CHARACTERS = 20_000
_ROOM = 10**9

_STYLE = shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight"), flag))
_INLINE = tagged(
    {
        "text": shape({"text": string(_ROOM, 1)}, {"style": _STYLE}),
        "link": shape({"url": string(3000, 1)}, {"text": string(_ROOM), "unsafe": flag, "style": _STYLE}),
        "emoji": shape({"name": ID}, {"unicode": string(255), "style": _STYLE}),
        "user": shape({"user_id": ID}, {"style": _STYLE}),
        "usergroup": shape({"usergroup_id": ID}, {"style": _STYLE}),
        "channel": shape({"channel_id": ID}, {"style": _STYLE}),
        "broadcast": shape({"range": word("here", "channel", "everyone")}, {"style": _STYLE}),
        "color": shape({"value": ID}, {"style": _STYLE}),
        "date": shape(
            {"timestamp": whole(0, _ROOM * 10), "format": string(255, 1)},
            {"url": string(3000), "fallback": string(_ROOM), "style": _STYLE},
        ),
    },
    "in rich text",
)
_INLINES = each(_INLINE, _ROOM, least=0)
_RICH_SECTION = shape({"elements": _INLINES})
_BORDER = whole(0, 1)
_RICH_PART = tagged(
    {
        "rich_text_section": _RICH_SECTION,
        "rich_text_preformatted": shape({"elements": _INLINES}, {"border": _BORDER, "language": string(255)}),
        "rich_text_quote": shape({"elements": _INLINES}, {"border": _BORDER}),
        "rich_text_list": shape(
            {
                "style": word("bullet", "ordered"),
                "elements": each(tagged({"rich_text_section": _RICH_SECTION}, "in a list"), _ROOM, least=0),
            },
            {"indent": whole(0, 8), "offset": whole(0, _ROOM), "border": _BORDER},
        ),
    },
    "in a rich_text block",
)
RICH_TEXT = shape({"elements": each(_RICH_PART, _ROOM)}, {"block_id": ID})

_RAW = {
    "raw_text": shape({"text": string(_ROOM, 1)}),
    "raw_number": shape({"value": number, "text": string(_ROOM, 1)}),
}
_CELL = tagged({**_RAW, "rich_text": RICH_TEXT}, "in a table")
_HEADING = tagged(_RAW, "in the header row of a table")


def characters(node: Node) -> int:
    """How many characters a table's cells show."""
    return sum(_shown(row.value) for row in node.at("rows").items())


def _shown(value: object) -> int:
    if isinstance(value, list):
        return sum(map(_shown, value))
    if not isinstance(value, dict):
        return 0
    text = value.get("text")
    return len(text) if isinstance(text, str) else _shown(value.get("elements"))


def _room(most: int) -> Check:
    def check(node: Node) -> None:
        found = characters(node)
        if found > most:
            node.at("rows").complain(f"must have at most {most} characters in all cells, and has {found}")

    return check


def _header_row_and_equal_lengths(node: Node) -> None:
    rows = list(node.at("rows").items())
    for cell in rows[0].items() if rows else ():
        _HEADING(cell)
    widths = [len(row.value) for row in rows if isinstance(row.value, list)]
    for row in rows:
        if isinstance(row.value, list) and len(row.value) != widths[0]:
            row.complain(f"must have as many cells as the header row, {widths[0]}")
    column = node.at("row_header_column_index")
    if isinstance(column.value, int) and widths and column.value >= widths[0]:
        column.complain("must be one of the columns")


TABLE = shape(
    {"rows": each(each(_CELL, COLUMNS), TABLE_ROWS)},
    {
        "block_id": ID,
        "column_settings": each(
            shape({}, {"align": word("left", "center", "right"), "is_wrapped": flag}), COLUMNS, least=0
        ),
    },
    _room(TABLE_CHARACTERS),
)
DATA_TABLE = shape(
    {"caption": string(_ROOM, 1), "rows": each(each(_CELL, COLUMNS), DATA_TABLE_ROWS, least=2)},
    {"block_id": ID, "page_size": whole(1, 100), "row_header_column_index": whole(0, COLUMNS - 1)},
    _room(DATA_TABLE_CHARACTERS),
    _header_row_and_equal_lengths,
)

_LABEL = string(20, 1)
_POINT = shape({"label": _LABEL, "value": number})
_SERIES = shape({"name": _LABEL, "data": each(_POINT, 20)})
_AXES = shape({"categories": each(_LABEL, 20)}, {"x_label": string(50), "y_label": string(50)})


def _positive_segments(node: Node) -> None:
    for segment in node.at("segments").items():
        value = segment.at("value")
        if isinstance(value.value, int | float) and value.value <= 0:
            value.complain("must be greater than 0")


def _a_point_for_each_category(node: Node) -> None:
    categories = node.at("axis_config").at("categories").value
    names: set[object] = set()
    for series in node.at("series").items():
        name = series.at("name")
        if isinstance(name.value, str) and name.value in names:
            name.complain("must not be the name of another series", "duplicate")
        names.add(str(name.value))
        labels = [point.at("label").value for point in series.at("data").items()]
        if isinstance(categories, list) and sorted(map(str, labels)) != sorted(map(str, categories)):
            series.at("data").complain("must have exactly one point for each category")


_PLOT = shape({"series": each(_SERIES, 6), "axis_config": _AXES}, {}, _a_point_for_each_category)
CHART = shape(
    {
        "title": string(50, 1),
        "chart": tagged(
            {
                "pie": shape({"segments": each(_POINT, 6)}, {}, _positive_segments),
                "bar": _PLOT,
                "area": _PLOT,
                "line": _PLOT,
            },
            "as a chart",
        ),
    },
    {"block_id": ID},
)
