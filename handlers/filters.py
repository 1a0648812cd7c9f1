"""The button Filter… under what a command of options alone answers: it opens the command's form."""

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.commands import Command, form_of
from handlers.menu import only_reads

_LONGEST_VALUE = 2000
"""Slack's limit of what a button carries."""


class Asked(BaseModel):
    """A command as it was asked, and where: what the button carries. Both are hints, and asked anew at each click."""

    model_config = ConfigDict(frozen=True)

    channel: str
    text: str


def has_filters(command: Command) -> bool:
    """Whether a command reads the registry without being given anything, but can be given something."""
    form = form_of(command)
    return only_reads(command) and bool(form.fields) and not form.needed


def filter_value(command: Command, channel: str, text: str) -> str:
    """What the button of an answer carries; nothing where the command has no filters."""
    if not has_filters(command):
        return ""
    value = Asked(channel=channel, text=text).model_dump_json()
    if len(value) > _LONGEST_VALUE:
        return Asked(channel=channel, text=command.path).model_dump_json()
    return value


def read_asked(value: str) -> Asked | None:
    """Read what the button carries; None where that is nothing that `filter_value` made."""
    try:
        return Asked.model_validate_json(value)
    except ValidationError:
        return None
