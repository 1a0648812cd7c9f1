"""What people read when something did not work: what happened, what was not done, what to do next."""

from bot.messages import Message
from bot.permissions import Decision
from bot.quay.errors import (
    FeatureOff,
    Forbidden,
    Invalid,
    NotFound,
    QuayError,
    RateLimited,
    ReadOnly,
    ServerError,
    Unauthorized,
    Unreachable,
)
from bot.views.blocks import context, section
from bot.views.text import escape

_ADVICE: tuple[tuple[type[QuayError], str], ...] = (
    (
        Unauthorized,
        "The bot's Quay token is wrong or has expired. Whoever runs the bot has to set a new QUAY_TOKEN.",
    ),
    (
        Forbidden,
        "The bot's Quay token may not do this. It must belong to a superuser and have the scope super:user.",
    ),
    (NotFound, "Check the name, and try again."),
    (FeatureOff, "This Quay has the feature switched off in its configuration."),
    (ReadOnly, "Quay is in read-only mode. Try again when it is writable."),
    (RateLimited, "Quay asks for fewer requests. Try again in a minute."),
    (Invalid, "Mend what Quay names, and try again."),
    (ServerError, "Quay failed by itself. Try again; if it stays so, look at Quay's own logs."),
    (Unreachable, "Quay did not answer. Check that it runs, and try again."),
)


def sentence(text: str) -> Message:
    """A short answer in plain words."""
    return Message(text, (section(escape(text)),))


def denied(decision: Decision) -> Message:
    """Somebody may not; which rule says so, and how to find out more."""
    said = f"You may not do this here. {decision.reason}"
    return Message(
        said,
        (section(f"⛔ {escape(said)}"), context("Nothing was sent to Quay. `why OPERATION` explains it.")),
    )


def quay(error: QuayError, incident: str, *, asked: str) -> Message:
    """Quay did not do or say what it was asked for."""
    advice = next((advice for kind, advice in _ADVICE if isinstance(error, kind)), "Try again.")
    said = f"{asked} did not work: {error.message}"
    return Message(
        said,
        (
            section(f"❌ *{escape(said)}*\n{escape(advice)}"),
            context(f"Nothing was changed · incident `{incident}`"),
        ),
    )


def storage(incident: str) -> Message:
    """Redis did not answer, so nothing may go ahead."""
    said = "The bot cannot reach its storage, so nothing was done."
    advice = "Try again in a minute. If it stays so, whoever runs the bot has to look at Redis."
    return Message(said, (section(f"❌ *{said}*\n{advice}"), context(f"Incident `{incident}`")))


def unexpected(incident: str) -> Message:
    """The bot itself is at fault."""
    said = "Something in the bot went wrong."
    advice = "Whether anything was done shows in `pending` and in the audit. Tell whoever runs the bot of the incident."
    return Message(said, (section(f"❌ *{said}*\n{advice}"), context(f"Incident `{incident}`")))


def card_not_posted(reason: str, incident: str) -> Message:
    """A card that others must see could not be posted, so nobody can approve it."""
    said = f"Slack did not take the card ({reason}), so nobody can approve it, and nothing will be done."
    advice = "Invite the bot to the channel, and ask again."
    return Message(said, (section(f"❌ *{escape(said)}*\n{advice}"), context(f"Incident `{incident}`")))
