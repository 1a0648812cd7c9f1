"""What people read when something did not work: what happened, what was not done, what to do next."""

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
from bot.slack.messages import Message
from bot.views.blocks import context, message, section
from bot.views.text import clip, code, escape, escape_quoted

_ADVICE: tuple[tuple[type[QuayError], str], ...] = (
    (
        Unauthorized,
        "Create a new token (a superuser's, scope super:user), set it where the bot runs and restart the bot.",
    ),
    (
        Forbidden,
        "The token must have the scope super:user and belong to a superuser, for changes not to a read-only one. "
        "Or Quay has this switched off.",
    ),
    (NotFound, "Check the name, and try again."),
    (FeatureOff, "Quay's administrators can turn it on in Quay's configuration."),
    (ReadOnly, "Quay is in read-only mode. Try again when it is writable."),
    (RateLimited, "Quay asks for fewer requests. Try again in a minute."),
    (Invalid, "Mend what Quay names, and try again."),
    (ServerError, "Quay failed by itself. Try again; if it stays so, look at Quay's own logs."),
    (Unreachable, "Quay did not answer. Check that it runs, and try again."),
)


def sentence(text: str) -> Message:
    """A short answer in plain words."""
    return message(text, (section(escape_quoted(text)),))


def denied(decision: Decision, *, asked: str = "") -> Message:
    """Somebody may not; what, and which rule says so."""
    what = f" {code(clip(asked, 100))}:" if asked else ""
    said = f"You may not do this here. {decision.reason}"
    advice = "Nothing was done. Ask whoever keeps the bot's permissions file."
    return message(said, (section(f"⛔{what} {escape(said)}"), context(advice)))


def not_an_approver(decision: Decision) -> Message:
    """A user pressed a button of a pending change that is for others, such as its requester who can't approve it."""
    said = f"You can't decide on this. {decision.reason}"
    return message(said, (section(f"⛔ {escape(said)}"), context("Nothing changed. The request is still pending.")))


def quay(error: QuayError, incident: str, *, asked: str) -> Message:
    """Quay did not do or say what it was asked for."""
    advice = next((advice for kind, advice in _ADVICE if isinstance(error, kind)), "Try again.")
    said = f"{asked} did not work: {error.message}"
    return message(
        said,
        (
            section(f"❌ *{escape(said)}*\n{escape(advice)}"),
            context(f"Nothing was changed · incident `{incident}`"),
        ),
    )


def storage(incident: str, cause: str) -> Message:
    """Redis can't be used, so nothing can go ahead, and nobody can tell how far it came."""
    said = "The bot can't use its storage."
    advice = (
        "Your request may or may not have been stored: check `pending` once the storage is back. "
        "If it persists, the people who run the bot have to check Redis."
    )
    small = f"Redis: {escape(cause)} · incident `{incident}`"
    return message(said, (section(f"❌ *{said}*\n{advice}"), context(small)))


def unknown_people(incident: str) -> Message:
    """Slack does not say who the people are that a change depends on."""
    said = "Slack does not say who the people are, so nothing was done."
    return message(said, (section(f"❌ *{said}*\nTry again in a minute."), context(f"Incident `{incident}`")))


def unexpected(incident: str) -> Message:
    """The bot itself is at fault."""
    said = "Something in the bot went wrong."
    advice = "Whether anything was done shows in `pending` and in the audit. Tell whoever runs the bot of the incident."
    return message(said, (section(f"❌ *{said}*\n{advice}"), context(f"Incident `{incident}`")))


def restarting() -> Message:
    """The process ends before it could finish what somebody waits for."""
    said = "The bot is restarting and couldn't finish this. Try again in a minute."
    advice = "`pending` shows whether a request or an approval was recorded. No change runs twice."
    return message(said, (section(f"🔄 *{said}*"), context(advice)))


def not_shown(incident: str) -> Message:
    """Slack refused the answer itself."""
    said = "Slack refused to show the answer."
    advice = "Report the incident to the bot's operator."
    return message(said, (section(f"❌ *{said}*\n{advice}"), context(f"Incident `{incident}`")))


def card_not_posted(reason: str, incident: str, *, lasting: bool) -> Message:
    """Slack did not take a card that others must see."""
    if lasting:
        said = f"Slack did not take the card ({reason}), so nobody can approve it."
        advice = "Nothing will be done. Invite the bot to the channel, and ask again."
    else:
        said = f"Slack did not take the card yet ({reason})."
        advice = "The bot goes on trying; `pending` lists it."
    return message(said, (section(f"❌ *{escape(said)}*\n{advice}"), context(f"Incident `{incident}`")))


def slack(reason: str, incident: str, *, asked: str, passing: bool) -> Message:
    """Slack didn't take something that the bot sent: a file, an edit of a message."""
    said = f"{asked}: Slack refused what the bot sent ({reason})."
    if passing:
        advice = "Try again in a minute."
    else:
        advice = "The bot may lack a scope, or isn't in the channel. Report the incident to its operator."
    return message(said, (section(f"❌ *{escape(said)}*\n{advice}"), context(f"Incident `{incident}`")))


def card_stands_at(link: str | None) -> Message:
    """A key's card is in the channel already."""
    said = "The key waits for approval already: its card stands in this channel."
    shown = f"{said} <{link}|Go to the card>" if link else said
    return message(said, (section(shown),))
