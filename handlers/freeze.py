"""Stopping all changes at once, and letting them go on."""

from bot.commands import CommandSet
from bot.commands.arguments import Reason
from bot.confirmations.freeze import Unchanged
from bot.slack.messages import Message
from bot.views import freeze as views
from handlers.context import Handed

FREEZING = CommandSet("", "Stopping all changes at once.")


@FREEZING.command("freeze", permission="freeze", examples=("freeze Quay is being upgraded",))
async def freeze(reason: Reason, *, here: Handed) -> Message | None:
    """Stop every change at once, everywhere, until somebody thaws it. Reads go on, and what is pending waits.

    Parameters
    ----------
    reason
        Why; everybody reads it whose change is stopped.
    """
    try:
        frozen = await here.bot.changes.freeze_notices.freeze(here.person, here.place, reason)
    except Unchanged as unchanged:
        return views.frozen_already(unchanged.freeze)
    return None if await here.bot.changes.freeze_notices.was_told(here.place) else views.frozen(frozen)


@FREEZING.command("thaw", permission="freeze", examples=("thaw",))
async def thaw(*, here: Handed) -> Message | None:
    """Let changes go on after a freeze. What was agreed to and has not expired is done then."""
    try:
        await here.bot.changes.freeze_notices.thaw(here.person, here.place)
    except Unchanged as unchanged:
        return views.not_frozen(unchanged.freeze)
    return None if await here.bot.changes.freeze_notices.was_told(here.place) else views.thawed()
