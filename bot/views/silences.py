"""What is said of a silence: in the message of its alert, and to somebody who silences one."""

from bot.model.alert_facts import Silence
from bot.slack.messages import Message
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


def silenced(silence: Silence, *, over: bool) -> str:
    """What the message of an alert, or of one that is over, says of a silence; nobody is pinged."""
    who = name(silence.user, silence.label)
    if silence.until:
        return f"💤 Snoozed until {date(silence.until)} by {who}; {_but_for_the_highest(silence)}"
    if over:
        level = "" if silence.at_highest else " up to the level that was acknowledged"
        meaning = f"if it rises again within 24 hours, it stays quiet{level}"
    else:
        meaning = "quiet until it recovers" if silence.at_highest else "said again only at a higher level"
    return f"👀 Acknowledged by {who} {date(silence.at)}; {meaning}"


def _but_for_the_highest(silence: Silence) -> str:
    if silence.broken:
        return "the highest level was told, and nothing more is said until then"
    if silence.at_highest:
        return "nothing is said until then"
    return "its highest level would be said all the same"
