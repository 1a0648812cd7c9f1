"""What stands in the elements of a message or view: `state.values`."""

from collections.abc import Iterator, Mapping

from sandbox.slack.model import Json, interactive

_MEMBERS: Mapping[str, str] = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}
_EMPTY: tuple[object, ...] = (None, "", [])


def entered_values(blocks: list[Json], given: Json) -> Json:
    """What every element holds: what was entered, else what it starts with, else nothing."""
    values: Json = {}
    for block in blocks:
        for element in interactive(block):
            member = _MEMBERS.get(element["type"])
            if member is None:
                continue
            held = given.get(block["block_id"], {}).get(element["action_id"], {})
            value = held[member] if member in held else _initial(element, member)
            values.setdefault(block["block_id"], {})[element["action_id"]] = {"type": element["type"], member: value}
    return values


def unfilled_blocks(blocks: list[Json], values: Json) -> Iterator[str]:
    """The ids of the input blocks that have to be filled in and are not."""
    for block in blocks:
        if block["type"] == "input" and not block.get("optional"):
            element = block["element"]
            held = values[block["block_id"]][element["action_id"]]
            if held[_MEMBERS[element["type"]]] in _EMPTY:
                yield block["block_id"]


def _initial(element: Json, member: str) -> object:
    initial = "initial_value" if member == "value" else member.replace("selected", "initial")
    return element.get(initial, [] if member.endswith("s") else None)
