"""Secrets for one person: the button, the modal that shows one once, and what is said when it is too late."""

from typing import Any

from slack_sdk.models.blocks import (
    ButtonElement,
    PlainTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextPreformattedElement,
)
from slack_sdk.models.views import View

from bot.slack.messages import Block, Message
from bot.storage.vault import StoredSecret
from bot.views.blocks import actions, button, context, message, section
from bot.views.text import code, date, escape

TITLE = "For you alone"
PIECE = 2500
"""A long key is cut between lines into pieces of so many characters; a section of Slack's holds 3000."""


def ready(kept: StoredSecret) -> Message:
    """A secret waits for the person who reads this, and for nobody else."""
    said = f"{_capital(kept.label)} is ready for you alone."
    return message(said, offered(kept))


def offered(kept: StoredSecret) -> tuple[Block, ...]:
    """A secret that waits, with its button."""
    said = f"🔑 *{escape(_capital(kept.label))}* is ready for you alone."
    small = f"It is shown once, and is destroyed {date(kept.expires_at)} if you never look. Have a safe place for it."
    return section(said), context(small), actions([reveal_button(kept)], f"secret:{kept.id}")


def reveal_button(kept: StoredSecret) -> ButtonElement:
    """The button; whoever presses it is asked for again, and only the owner gets to see anything."""
    return button("Reveal once", "secret_reveal", kept.id, style="primary")


def loading() -> dict[str, Any]:
    """What is opened at once, since Slack gives 3 seconds."""
    return _modal([dict(section("Just a moment …"))])


def shown(kept: StoredSecret, secret: str) -> dict[str, Any]:
    """The modal that holds the secret, as it is and ready to be copied."""
    blocks = [dict(section(f"*{escape(_capital(kept.label))}*, this once:"))]
    blocks += [_preformatted(piece) for piece in pieces(secret)]
    blocks.append(dict(context("Put it in a safe place before you close this: the bot shows it no second time.")))
    return _modal(blocks)


def told(said: Message) -> dict[str, Any]:
    """The modal, where there is nothing to reveal."""
    return _modal([dict(block) for block in said.blocks])


def pieces(secret: str) -> list[str]:
    """A secret in pieces that Slack takes, cut between lines where there are lines."""
    found = [""]
    for line in secret.splitlines(keepends=True):
        for start in range(0, len(line), PIECE):
            part = line[start : start + PIECE]
            if found[-1] and len(found[-1]) + len(part) > PIECE:
                found.append("")
            found[-1] += part
    return [piece.rstrip("\n") for piece in found]


def not_yours() -> Message:
    """Somebody pressed a button that was not for them."""
    return _sentence("This is for somebody else. Nothing was shown.")


def gone(kept: StoredSecret | None) -> Message:
    """The secret is not there any more: seen already, expired, or never known."""
    if kept is None:
        return _sentence("The bot knows of no such secret.")
    if kept.fate == "seen":
        said = f"{_capital(kept.label)} was seen already, and the bot has forgotten it."
    else:
        said = _destroyed(kept)
    return message(said, (section(f"{escape(said)} {_otherwise(kept)}"),))


def was_shown(kept: StoredSecret) -> Message:
    """What stands in the place of the button afterwards."""
    return _sentence(f"{_capital(kept.label)} was shown to you. The bot has forgotten it.")


def not_shown(kept: StoredSecret) -> Message:
    """Slack did not take the modal; the secret waits on."""
    return _sentence(f"Slack did not show {kept.label}. It still waits: press the button again, or see 'pending'.")


def expired(kept: StoredSecret) -> Message:
    """Tells the owner that nobody will ever see it."""
    said = _destroyed(kept)
    return message(said, (section(f"⌛ <@{kept.owner.user}>: {escape(said)} {_otherwise(kept)}"),))


def _destroyed(kept: StoredSecret) -> str:
    if kept.fate == "lapsed":
        return f"{_capital(kept.label)} was opened, the bot never heard whether it was seen, and it was destroyed."
    return f"{_capital(kept.label)} expired unseen, and was destroyed."


def _otherwise(kept: StoredSecret) -> str:
    return f"If you still need one: {code(kept.way_out)}"


def _sentence(said: str) -> Message:
    return message(said, (section(escape(said)),))


def _capital(label: str) -> str:
    return label[:1].upper() + label[1:]


def _preformatted(text: str) -> dict[str, Any]:
    element = RichTextPreformattedElement(elements=[RichTextElementParts.Text(text=text)])
    return RichTextBlock(elements=[element]).to_dict()


def _modal(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    return View(
        type="modal",
        title=PlainTextObject(text=TITLE),
        close=PlainTextObject(text="Close"),
        blocks=blocks,
    ).to_dict()
