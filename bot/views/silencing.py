"""What somebody is told who silences an alert, where its message does not say it."""

from bot.messages import Message
from bot.notices import Silence
from bot.views.blocks import message, section
from bot.views.cards import name
from bot.views.text import date


def over() -> Message:
    """There is no such alert any more."""
    said = "This alert is over, or goes on in a newer message. Nothing was changed."
    return message(said, (section(said),))


def acknowledged_already(silence: Silence) -> Message:
    """Somebody was first."""
    said = f"{name(silence.user, silence.label)} acknowledged it {date(silence.at)}."
    return message("It was acknowledged already.", (section(said),))


def somebody_was_faster() -> Message:
    """Two wishes at the same moment: the other one holds."""
    said = "Somebody else silenced it at the same moment; the message shows who. Press again if you want it otherwise."
    return message(said, (section(said),))


def noted(silence: Silence) -> Message:
    """It is silenced, though Slack did not take the edit of its message."""
    said = "Noted. Slack did not take the edit of the message; it will show it after the next look at the registry."
    until = f" It is snoozed until {date(silence.until)}." if silence.until else ""
    return message(said, (section(f"{said}{until}"),))
