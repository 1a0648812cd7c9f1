"""The interactive elements, and where each may stand."""

from collections.abc import Mapping

from sandbox.slack.blocks.objects import (
    CONFIRM,
    ID,
    IMAGE,
    LINKED_OPTION,
    OPTION,
    OPTION_GROUP,
    OPTIONS,
    RICH_OPTION,
    TEXTS,
    URL,
    chosen_among,
    plain,
)
from sandbox.slack.blocks.shapes import Check, Node, each, either, flag, shape, string, tagged, whole, word

_ANY_NUMBER = 10**12
_TEXT_VALUE = string(3000)
_DATE = string(10, like=r"\d{4}-\d{2}-\d{2}", called="a date such as 2026-11-24")
_TIME = string(5, like=r"\d{2}:\d{2}", called="a time such as 09:30")
_DECIMAL = string(255, 1, like=r"-?\d+(\.\d+)?", called="a number in a string")
_MENU: Mapping[str, Check] = {"placeholder": plain(150), "confirm": CONFIRM, "focus_on_load": flag}
_FIELD: Mapping[str, Check] = {
    "placeholder": plain(150),
    "focus_on_load": flag,
    "initial_value": _TEXT_VALUE,
    "dispatch_action_config": shape(
        {}, {"trigger_actions_on": each(word("on_enter_pressed", "on_character_entered"), 2)}
    ),
}
_OPTIONS: Mapping[str, Check] = {"options": each(OPTION, OPTIONS), "option_groups": each(OPTION_GROUP, OPTIONS)}
_SEARCH: Mapping[str, Check] = {"min_query_length": whole(0, _ANY_NUMBER)}
_MANY: Mapping[str, Check] = {"max_selected_items": whole(1, _ANY_NUMBER)}
_FILTER = shape(
    {},
    {
        "include": each(word("im", "mpim", "private", "public"), 4),
        "exclude_external_shared_channels": flag,
        "exclude_bot_users": flag,
    },
)
_TALK: Mapping[str, Check] = {"default_to_current_conversation": flag, "filter": _FILTER}
_REPLY: Mapping[str, Check] = {"response_url_enabled": flag}


def _element(required: Mapping[str, Check], optional: Mapping[str, Check], *rules: Check) -> Check:
    return shape(required, {"action_id": ID, **optional}, *rules)


def _lengths_agree(node: Node) -> None:
    shortest, longest = node.at("min_length").value, node.at("max_length").value
    if isinstance(shortest, int) and isinstance(longest, int) and shortest > longest:
        node.at("max_length").complain("must not be less than min_length")


def _initials(name: str, check: Check) -> Mapping[str, Check]:
    return {f"initial_{name}": check}


ELEMENTS: Mapping[str, Check] = {
    "button": _element(
        {"text": plain(75)},
        {
            "value": string(2000),
            "url": URL,
            "style": word("primary", "danger"),
            "confirm": CONFIRM,
            "accessibility_label": string(75),
        },
    ),
    "overflow": _element({"options": each(LINKED_OPTION, 5)}, {"confirm": CONFIRM}),
    "checkboxes": _element(
        {"options": each(RICH_OPTION, 10)},
        {"confirm": CONFIRM, "focus_on_load": flag, "initial_options": each(RICH_OPTION, 10)},
        chosen_among("initial_options"),
    ),
    "radio_buttons": _element(
        {"options": each(RICH_OPTION, 10)},
        {"confirm": CONFIRM, "focus_on_load": flag, "initial_option": RICH_OPTION},
        chosen_among("initial_option"),
    ),
    "static_select": _element(
        {},
        {**_MENU, **_OPTIONS, "initial_option": OPTION},
        either("options", "option_groups"),
        chosen_among("initial_option"),
    ),
    "external_select": _element({}, {**_MENU, **_SEARCH, "initial_option": OPTION}),
    "users_select": _element({}, {**_MENU, **_initials("user", ID)}),
    "conversations_select": _element({}, {**_MENU, **_TALK, **_REPLY, **_initials("conversation", ID)}),
    "channels_select": _element({}, {**_MENU, **_REPLY, **_initials("channel", ID)}),
    "multi_static_select": _element(
        {},
        {**_MENU, **_MANY, **_OPTIONS, "initial_options": each(OPTION, OPTIONS)},
        either("options", "option_groups"),
        chosen_among("initial_options"),
    ),
    "multi_external_select": _element({}, {**_MENU, **_MANY, **_SEARCH, "initial_options": each(OPTION, OPTIONS)}),
    "multi_users_select": _element({}, {**_MENU, **_MANY, **_initials("users", each(ID, OPTIONS))}),
    "multi_conversations_select": _element(
        {}, {**_MENU, **_MANY, **_TALK, **_initials("conversations", each(ID, OPTIONS))}
    ),
    "multi_channels_select": _element({}, {**_MENU, **_MANY, **_initials("channels", each(ID, OPTIONS))}),
    "datepicker": _element({}, {**_MENU, "initial_date": _DATE}),
    "timepicker": _element({}, {**_MENU, "initial_time": _TIME, "timezone": string(255)}),
    "datetimepicker": _element(
        {}, {"confirm": CONFIRM, "focus_on_load": flag, "initial_date_time": whole(10**9, 10**10 - 1)}
    ),
    "plain_text_input": _element(
        {},
        {**_FIELD, "multiline": flag, "min_length": whole(0, 3000), "max_length": whole(1, 3000)},
        _lengths_agree,
    ),
    "email_text_input": _element({}, _FIELD),
    "url_text_input": _element({}, _FIELD),
    "number_input": _element(
        {"is_decimal_allowed": flag},
        {**_FIELD, "initial_value": _DECIMAL, "min_value": _DECIMAL, "max_value": _DECIMAL},
    ),
}

_SELECTS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
_MULTI_SELECTS = tuple(f"multi_{name}" for name in _SELECTS)
_CHOICES = ("checkboxes", "radio_buttons")
_FIELDS = ("plain_text_input", "email_text_input", "url_text_input", "number_input")


def _some(*names: str) -> Mapping[str, Check]:
    return {name: ELEMENTS[name] for name in names}


ACCESSORY = tagged(
    {
        "image": IMAGE,
        **_some("button", "overflow", "datepicker", "timepicker", *_CHOICES, *_SELECTS, *_MULTI_SELECTS),
    },
    "beside a section",
)
ACTION = tagged(
    _some("button", "overflow", "datepicker", "timepicker", "datetimepicker", *_CHOICES, *_SELECTS),
    "in a row of actions",
)
INPUT = tagged(
    _some("datepicker", "timepicker", "datetimepicker", *_FIELDS, *_CHOICES, *_SELECTS, *_MULTI_SELECTS),
    "in an input block",
)
CONTEXT = tagged({"image": IMAGE, **TEXTS}, "in a context block")
