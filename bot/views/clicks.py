"""What somebody is told whose click came too late, or to nothing."""

from bot.confirmations import Record, State
from bot.slack.messages import Message
from bot.views.blocks import context, message, section
from bot.views.cards import name
from bot.views.text import code, date, escape


def too_late(record: Record, reason: str) -> Message:
    """The record does not admit the click any more: who was first, or what became of it."""
    said = _said(record, reason)
    return message(
        "It is too late for that.", (section(said), context(f"{escape(record.plan.title)} · change `{record.id}`"))
    )


def _said(record: Record, reason: str) -> str:
    if reason == "already yours":
        return "You have agreed to this already."
    if reason == "not offered":
        return "That is not what this record offers. Nothing was done."
    if record.closed_by:
        who = name(record.closed_by.user, record.closed_by_label)
        ended = f"{record.state.value} {date(record.closed_at or record.created_at)}"
        return f"{who} was first: it was {ended}. {escape(record.note)}".strip()
    agreed = record.agreed(record.offer.operation) if record.chosen else ()
    if agreed and record.state is not State.EXPIRED:
        last = agreed[-1]
        verb = "approved" if record.offer is record.offers[0] else "rejected"
        done = "" if record.live else f" It is {record.state.value}. {escape(record.note)}"
        return f"{name(last.actor.user, last.label)} was first and {verb} it {date(last.at)}.{done}"
    if reason == State.EXPIRED or record.state is State.EXPIRED:
        return f"This expired {date(record.expires_at)}; nothing was done. Ask again if it is still wanted."
    return f"This is {record.state.value} already. {escape(record.note)}".strip()


def noted(record: Record, *, at_home: bool) -> Message:
    """The result of a click that no card shows: in Home, or while Slack doesn't take the card's update."""
    if record.state is State.PENDING:
        said = "Your agreement is noted; others have to agree as well."
    elif record.live:
        said = "It is agreed to now."
    else:
        said = f"It is {record.state.value} now. {record.note}".strip()
    where = ""
    if record.live:
        where = (
            " What becomes of it is told in the *Messages* tab, beside *Home*."
            if at_home
            else " Its card couldn't be updated yet; it shows the outcome as soon as Slack takes the update."
        )
    title = record.plan.title
    return message(f"{title}: {said}", (section(f"*{escape(title)}*\n{escape(said)}{where}"),))


def went_elsewhere(channel: str, reason: str) -> Message:
    """Why a message stands in the admin channel."""
    said = f"<#{channel}> didn't take this message. Slack says {code(reason)}. Check the bot's access to that channel."
    return message(f"{channel} didn't take this message: {reason}", (section(said),))


def no_longer(record: Record, reason: str) -> Message:
    """The requester may not confirm their own plan any more."""
    said = "You may no longer confirm this by yourself. Nothing was done."
    advice = "Ask again if it is still wanted: what you may do is looked up anew then."
    return message(said, (section(f"⛔ *{escape(record.plan.title)}*\n{said} {advice}"), context(escape(reason))))


def gone() -> Message:
    """The record is not stored any more."""
    said = "The bot no longer knows of this; what became of it shows in the audit. Ask again if it is still wanted."
    return message(said, (section(said),))


def tampered(record_id: str) -> Message:
    """Somebody wrote to the bot's storage who is not the bot."""
    said = "The stored record of a change was altered by somebody who is not the bot. Nothing is done with it."
    return message(said, (section(f"⛔ *{said}*\nTell your security people."), context(f"Change {code(record_id)}")))
