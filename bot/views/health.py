"""What is said when Quay cannot be used, and when it can again."""

from datetime import datetime
from typing import Literal

from bot.messages import Message
from bot.views.blocks import context, header, message, section
from bot.views.text import date, duration, escape

Condition = Literal["well", "down", "refused"]
"""What a look at Quay showed: it did as asked; it did not answer, or with a failure; it refused the bot's token."""

TITLES: dict[Condition, str] = {
    "well": "Quay answers the bot again",
    "down": "Quay does not answer the bot as it should",
    "refused": "Quay refuses the bot's token",
}
_ADVICE: dict[Condition, str] = {
    "well": "",
    "down": "Look at Quay's own logs; `status` asks it once more.",
    "refused": (
        "Whoever runs the bot has to make a new token of a superuser with the scope super:user, "
        "set it, and restart the bot."
    ),
}
_MEANWHILE = "Meanwhile the bot notices no new keys and no full namespaces, and changes nothing."


def trouble(condition: Condition, said: str, began: datetime) -> Message:
    """Quay cannot be used: since when, what it says itself, and what to do."""
    title = TITLES[condition]
    blocks = (
        header(title),
        section(f"{escape(said)}\n{_ADVICE[condition]}".strip()),
        context(f"Since {date(began)}. {_MEANWHILE} This message will say when it is over."),
    )
    return message(f"{title}: {said}", blocks)


def over(began: datetime, ended: datetime) -> Message:
    """The last state of the message: from when to when it was."""
    title = TITLES["well"]
    lasted = duration(ended - began)
    return message(
        f"{title}, after {lasted}",
        (header(title), context(f"It could not be used for {lasted}, from {date(began)} to {date(ended)}")),
    )


def turned(condition: Condition, said: str, began: datetime, since: datetime) -> Message:
    """A reply under the message: it is over, or it has become something else."""
    if condition == "well":
        text = f"{TITLES[condition]}, after {duration(since - began)}."
    else:
        text = f"{TITLES[condition]} now: {said}"
    return message(text, (section(escape(text)),))
