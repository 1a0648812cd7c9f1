"""Forms as modals: one input for each argument, and back from what was entered."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    CheckboxesElement,
    DatePickerElement,
    EmailInputElement,
    ExternalDataSelectElement,
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from bot.commands import Field, Form, Value
from bot.slack.messages import Block
from bot.views.blocks import section
from bot.views.text import clip, escape, visible

FORM = "command_form"
"""The callback_id of every form."""
SEARCH = "search:"
"""Before the source of names, the action_id of a field that suggests them."""
_OPTION_TEXT, _OPTION_VALUE, _TEXT = 75, 150, 3000
"""Slack's limits."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def form(slash: str, asked: Form, given: Mapping[str, Value], metadata: str, *, submit: str) -> dict[str, Any]:
    """A form that holds already what was given; `metadata` is what the submission has to come with.

    `submit` is the word on its button.
    """
    blocks: list[Block] = [section(escape(asked.summary))]
    blocks += [_input(field, given.get(field.name)) for field in asked.fields]
    return View(
        type="modal",
        callback_id=FORM,
        private_metadata=metadata,
        title=_plain(f"{slash} {asked.path}", 24),
        submit=_plain(submit, 24),
        close=_plain("Cancel", 24),
        blocks=[dict(block) for block in blocks],
    ).to_dict()


def entered(asked: Form, state: Mapping[str, Mapping[str, Any]]) -> dict[str, Value]:
    """What was entered, by the parameters' names. `state` is the view's `state.values`; empty fields are left out."""
    found = {
        field.name: _entered(field, state.get(block_id(field), {}).get(_action_id(field), {})) for field in asked.fields
    }
    return {name: value for name, value in found.items() if value}


def block_id(field: Field) -> str:
    """Where a field stands, and where what is wrong with it is said."""
    return f"field:{field.name}"


def options(names: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """What a field suggests: values, and how each is shown. Slack's limits: texts of 75 characters, values of 150."""
    return [_option(value, text).to_dict() for value, text in names if 0 < len(value) <= _OPTION_VALUE]


def _input(field: Field, given: Value | None) -> Block:
    return InputBlock(
        block_id=block_id(field),
        label=_plain(field.label, 2000),
        hint=_plain(field.hint, 2000) if field.hint else None,
        optional=not field.required,
        element=_element(field, given),
    ).to_dict()


def _element(field: Field, given: Value | None) -> InputInteractiveElement:
    action_id = _action_id(field)
    example = _plain(field.example, 150) if field.example else None
    match field.kind:
        case "search":
            suits = isinstance(given, str) and 0 < len(given) <= _OPTION_VALUE
            return ExternalDataSelectElement(
                action_id=action_id,
                placeholder=_plain("Type to search", 150),
                min_query_length=0,
                initial_option=_option(str(given), str(given)) if suits else None,
            )
        case "choice" | "switch":
            choices = {choice: _option(choice, _label(choice)) for choice in field.choices}
            return StaticSelectElement(
                action_id=action_id, options=list(choices.values()), initial_option=choices.get(str(given))
            )
        case "flag":
            ticked = [_option("yes", "Yes")]
            return CheckboxesElement(action_id=action_id, options=ticked, initial_options=ticked if given else None)
        case "date":
            suits = isinstance(given, str) and _DATE.fullmatch(given) is not None
            return DatePickerElement(action_id=action_id, initial_date=str(given) if suits else None)
        case "email":
            return EmailInputElement(action_id=action_id, placeholder=example, initial_value=_text(given))
        case _:
            return PlainTextInputElement(
                action_id=action_id, placeholder=example, initial_value=_text(given), multiline=field.kind == "lines"
            )


def _entered(field: Field, held: Mapping[str, Any]) -> Value:
    match field.kind:
        case "search" | "choice" | "switch":
            return str((held.get("selected_option") or {}).get("value") or "")
        case "flag":
            return bool(held.get("selected_options"))
        case "date":
            return str(held.get("selected_date") or "")
        case "lines":
            return tuple(filter(None, (line.strip() for line in str(held.get("value") or "").splitlines())))
        case _:
            return str(held.get("value") or "").strip()


def _action_id(field: Field) -> str:
    return f"{SEARCH}{field.source.value}" if field.kind == "search" else "value"


def _text(given: Value | None) -> str | None:
    text = "\n".join(given) if isinstance(given, tuple) else str(given or "")
    return text if 0 < len(text) <= _TEXT else None


def _label(choice: str) -> str:
    """`--enable` is read as Enable."""
    words = choice.removeprefix("--").replace("-", " ")
    return words[:1].upper() + words[1:] if choice.startswith("--") else choice


def _option(value: str, text: str) -> Option:
    return Option(value=value, text=_plain(text, _OPTION_TEXT))


def _plain(text: str, limit: int) -> PlainTextObject:
    return PlainTextObject(text=clip(visible(text), limit), emoji=False)
