"""Where an outcome is unknown: the command that shows how things are now."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.commands import quoted
from bot.confirmations import Record

LOOK_AGAIN = "look_again"
"""The action_id of its button; the value is the record's id."""
_READS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "keys create": ("keys list --service", ("service",)),
        "keys": ("keys show", ("kid",)),
        "quota": ("quota show", ("namespace",)),
        "users": ("users show", ("username",)),
        "orgs": ("orgs show", ("name",)),
        "registry": ("registry size", ()),
    }
)
"""By the changing command or its first word: the command that reads, and what it is given."""


def reading_of(record: Record) -> str:
    """The command that reads what a change was about, as one would type it."""
    command, arguments = record.offer.command, record.offer.arguments
    reads, names = _READS.get(command) or _READS[command.split()[0]]
    return " ".join([reads, *(quoted(str(arguments[name])) for name in names)])
