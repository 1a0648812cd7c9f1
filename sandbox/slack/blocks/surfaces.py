"""The blocks of each surface, and what holds for a whole message or view."""

from collections import Counter
from collections.abc import Iterator, Mapping

from sandbox.slack.blocks.data import CHART, DATA_TABLE, RICH_TEXT, TABLE
from sandbox.slack.blocks.elements import ACCESSORY, ACTION, CONTEXT, INPUT
from sandbox.slack.blocks.objects import ID, IMAGE_SOURCE, OPTION, OPTION_GROUP, OPTIONS, plain, prose
from sandbox.slack.blocks.shapes import (
    Check,
    Node,
    Problem,
    each,
    either,
    flag,
    shape,
    string,
    tagged,
    whole,
    word,
)

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MESSAGE_TEXT = 40_000
MARKDOWN = 12_000
MESSAGE_BLOCK_CHARACTERS = 13_200
_HEADER_COST = 100
_COUNTED_APART = {"table", "data_table", "data_visualization"}
_CHARTS = 2


def _block(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, *rules: Check) -> Check:
    return shape(required, {"block_id": ID, **(optional or {})}, *rules)


def _text_or_fields(node: Node) -> None:
    if not node.has("text") and not node.has("fields"):
        node.complain("must have text or fields", "missing_field")


_EVERYWHERE: Mapping[str, Check] = {
    "section": _block(
        {},
        {"text": prose(3000), "fields": each(prose(2000), 10), "accessory": ACCESSORY, "expand": flag},
        _text_or_fields,
    ),
    "actions": _block({"elements": each(ACTION, 25)}),
    "context": _block({"elements": each(CONTEXT, 10)}),
    "divider": _block({}),
    "header": _block({"text": plain(150)}, {"level": whole(1, 4)}),
    "image": _block(
        {"alt_text": string(2000)}, {**IMAGE_SOURCE, "title": plain(2000)}, either("image_url", "slack_file")
    ),
    "input": _block(
        {"label": plain(2000), "element": INPUT},
        {"hint": plain(2000), "optional": flag, "dispatch_action": flag},
    ),
    "rich_text": RICH_TEXT,
}
_MESSAGE = tagged(
    {
        **_EVERYWHERE,
        "markdown": _block({"text": string(MARKDOWN, 1)}),
        "table": TABLE,
        "data_table": DATA_TABLE,
        "data_visualization": CHART,
    },
    "in a message",
)
_HOME = tagged(_EVERYWHERE, "in a Home tab")
_MODAL = tagged(
    {
        **_EVERYWHERE,
        "alert": _block({"text": prose(200)}, {"level": word("default", "info", "warning", "error", "success")}),
    },
    "in a modal",
)
_MESSAGE_LIST = each(_MESSAGE, MESSAGE_BLOCKS, least=0)


def check_message(payload: Mapping[str, object]) -> list[Problem]:
    """Find what Slack refuses in a message's `text` and `blocks`; its other members are not looked at."""
    node = Node(dict(payload))
    if not node.at("text").value and not node.at("blocks").value:
        node.at("text").complain("is missing: a message needs text or blocks", "missing_field")
    if node.has("text"):
        string(MESSAGE_TEXT)(node.at("text"))
    if node.has("blocks"):
        _check_message_blocks(node.at("blocks"))
    return node.problems


def block_characters(blocks: object) -> int:
    """How many characters the blocks of a message count for: what they show, and 100 more for each header.

    Slack documents no limit for all blocks together, and refuses `chat.*` above some 13,200 with `msg_blocks_too_long`;
    measured by several people (slackapi/bolt-js#2509, #2867). Tables and charts have limits of their own.
    """
    total = 0
    for block in Node(blocks).items():
        if block.type not in _COUNTED_APART:
            total += _shown(block.value) + (_HEADER_COST if block.type == "header" else 0)
    return total


def _shown(value: object) -> int:
    if isinstance(value, list):
        return sum(map(_shown, value))
    if not isinstance(value, dict):
        return 0
    text = value.get("text")
    return (len(text) if isinstance(text, str) else 0) + sum(
        _shown(member) for name, member in value.items() if name != "confirm"
    )


def check_blocks(blocks: object) -> list[Problem]:
    """Find what Slack refuses in the blocks of a message; pointers start at the list."""
    node = Node(blocks)
    _check_message_blocks(node)
    return node.problems


def check_view(view: Mapping[str, object]) -> list[Problem]:
    """Find what Slack refuses in a modal or a Home tab."""
    node = Node(dict(view))
    tagged(_VIEWS, "as a view")(node)
    return node.problems


def check_options(answer: Mapping[str, object]) -> list[Problem]:
    """Find what Slack refuses in the answer to a block_suggestion."""
    node = Node(dict(answer))
    lists = {
        "options": each(OPTION, OPTIONS, least=0),
        "option_groups": each(OPTION_GROUP, OPTIONS, least=0),
    }
    shape({}, lists, either("options", "option_groups"))(node)
    return node.problems


def _check_message_blocks(blocks: Node) -> None:
    _MESSAGE_LIST(blocks)
    _unique_ids(blocks)
    for kind, most in (("table", 1), ("data_visualization", _CHARTS)):
        for block in [block for block in blocks.items() if block.type == kind][most:]:
            block.complain(f"must not be more than {most} {kind} in a message")
    markdown = [str(block.at("text").value or "") for block in blocks.items() if block.type == "markdown"]
    if len(markdown) > 1 and sum(map(len, markdown)) > MARKDOWN:
        blocks.complain(f"must have at most {MARKDOWN} characters in all markdown blocks")


def elements_of(block: Node) -> Iterator[Node]:
    """The interactive elements of a block."""
    yield from block.at("elements").items() if block.type == "actions" else ()
    for name in ("accessory", "element"):
        if block.has(name):
            yield block.at(name)


def _unique_ids(blocks: Node) -> None:
    """Slack: a block_id is unique in its message or view, an action_id in its block."""
    _unique(block.at("block_id") for block in blocks.items())
    for block in blocks.items():
        _unique(element.at("action_id") for element in elements_of(block))


def _unique(ids: Iterator[Node]) -> None:
    seen: Counter[str] = Counter()
    for node in ids:
        if isinstance(node.value, str):
            seen[node.value] += 1
            if seen[node.value] > 1:
                node.complain(f"must be unique, and {node.value} is there already", "duplicate")


def _view_rules(node: Node) -> None:
    blocks = node.at("blocks")
    _unique_ids(blocks)
    focused = [
        element for block in blocks.items() for element in elements_of(block) if element.at("focus_on_load").value
    ]
    for element in focused[1:]:
        element.at("focus_on_load").complain("must be set on one element at most")


def _submit_with_inputs(node: Node) -> None:
    if not node.has("submit") and any(block.type == "input" for block in node.at("blocks").items()):
        node.at("submit").complain("is missing: a modal with input blocks needs submit", "missing_field")


_VIEW_MEMBERS: Mapping[str, Check] = {
    "private_metadata": string(3000),
    "callback_id": string(255),
    "external_id": string(255),
}
_VIEWS: Mapping[str, Check] = {
    "modal": shape(
        {"title": plain(24), "blocks": each(_MODAL, VIEW_BLOCKS, least=0)},
        {
            **_VIEW_MEMBERS,
            "submit": plain(24),
            "close": plain(24),
            "clear_on_close": flag,
            "notify_on_close": flag,
            "submit_disabled": flag,
        },
        _view_rules,
        _submit_with_inputs,
    ),
    "home": shape({"blocks": each(_HOME, VIEW_BLOCKS, least=0)}, _VIEW_MEMBERS, _view_rules),
}
