"""That changes are stopped, or go on again: by whom, since when, why, and who can undo it."""

from bot.confirmations.freeze import Freeze
from bot.slack.messages import Message
from bot.views.blocks import context, message, section
from bot.views.text import code, date, escape

_HOW_TO_THAW = "Whom the permissions file gives `freeze` lets them go on with `thaw`."
_MEANING = "Nothing is proposed, agreed to or executed; reads go on. What is pending waits, and expires as it would."


def line(freeze: Freeze) -> str:
    """One line of markup on what stops changes."""
    if freeze.doubt:
        return f"🧊 *Changes are frozen:* {escape(freeze.doubt)}."
    when = f" {date(freeze.since)}" if freeze.since else ""
    return f"🧊 *Changes are frozen* since{when} by {_who(freeze)}: {escape(freeze.reason)}"


def refused(freeze: Freeze, *, done: str) -> Message:
    """A change is not gone on with; `done` says what did not happen: `Nothing was proposed.`"""
    said = f"Changes are frozen. {done}"
    return message(said, (section(f"{line(freeze)}\n{escape(done)}"), context(_HOW_TO_THAW)))


def frozen(freeze: Freeze) -> Message:
    """The answer to whoever froze."""
    said = "Changes are frozen, everywhere and from now on."
    return message(said, (section(f"{line(freeze)}\n{_MEANING}"), context(_HOW_TO_THAW)))


def thawed() -> Message:
    """The answer to whoever thawed."""
    said = "Changes go on. What was agreed to and has not expired is done now."
    return message(said, (section(said),))


def frozen_already(freeze: Freeze) -> Message:
    """Somebody froze before; their reason stays."""
    return refused(freeze, done="That stays as it is.")


def not_frozen(freeze: Freeze) -> Message:
    """There is nothing to thaw."""
    said = "Changes are not frozen; nothing was done."
    last = f" They were thawed {date(freeze.since)} by {_who(freeze)}." if freeze.since else ""
    return message(said, (section(f"{said}{last}"),))


def news(freeze: Freeze) -> Message:
    """What the admin channel is told."""
    if freeze.doubt:
        said = "Changes are frozen: somebody wrote to the bot's storage who is not the bot."
        advice = "Tell your security people: find out who can write to Redis, then `thaw`."
        return message(said, (section(f"⛔ {line(freeze)}\n{advice}"), context(_MEANING)))
    if freeze.on:
        said = f"{freeze.label} froze all changes: {freeze.reason}"
        return message(said, (section(line(freeze)), context(f"{_MEANING} {_HOW_TO_THAW}")))
    said = f"{freeze.label} let changes go on."
    what = "What was agreed to and has not expired is done now."
    return message(said, (section(f"🌤️ {_who(freeze)} let changes go on. {what}"),))


def _who(freeze: Freeze) -> str:
    """People are named without being pinged."""
    user = f" ({code(freeze.by.user)})" if freeze.by else ""
    return f"{escape(freeze.label)}{user}"
