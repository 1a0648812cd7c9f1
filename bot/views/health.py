"""What is said when Quay cannot be used, and when it can again."""

from datetime import datetime
from typing import Literal

from bot.slack.messages import Message
from bot.views.blocks import context, header, message, section
from bot.views.text import code, date, duration, escape

Condition = Literal["well", "down", "refused", "powerless", "borrowing", "unlisted"]
"""What a look at Quay showed: it did as asked; it did not answer, or with a failure; it refused the bot's token; only
that with which the bot changes things; only that with which it reads, so that it reads with the other. Or it does not
list its namespaces, while it answers otherwise."""

TITLES: dict[Condition, str] = {
    "well": "Quay answers the bot again",
    "down": "Quay does not answer the bot as it should",
    "refused": "Quay refuses the bot's token",
    "powerless": "Quay refuses the bot's token for changes",
    "borrowing": "Quay refuses the bot's token for reading",
    "unlisted": "Quota alerts are paused",
}
_ENDED: dict[Condition, str] = {
    "borrowing": "Quay takes the bot's token for reading again",
    "unlisted": "Quota alerts work again",
}
"""What is said when it is over, where that is not that Quay answers again."""
_RENEW = (
    "Make a new token of a superuser with the scope `super:user`, set it as {setting} where the bot runs, and restart "
    "the bot."
)
_ADVICE: dict[Condition, str] = {
    "well": "",
    "down": "Look at Quay's own logs. `status` asks Quay once more.",
    "refused": _RENEW.format(setting="`QUAY_READ_TOKEN` (`QUAY_TOKEN` where there is none for reading)"),
    "powerless": _RENEW.format(setting="`QUAY_TOKEN`"),
    "borrowing": (
        "Make a new token of a read-only superuser with the scope `super:user`, set it as `QUAY_READ_TOKEN` where the "
        "bot runs, and restart the bot."
    ),
    "unlisted": "`orgs list` and `users list` show whether Quay lists its namespaces again.",
}
_BLIND = "Until then the bot notices no new keys and no full namespaces, and changes nothing."
_MEANWHILE: dict[Condition, str] = {
    "well": "",
    "down": _BLIND,
    "refused": _BLIND,
    "powerless": "Until then the bot reads and tells as before, and no change can be done.",
    "borrowing": "Until then the bot reads with `QUAY_TOKEN`, and everything works.",
    "unlisted": "Until then no quota alert is said, changed or ended; keys and changes work.",
}


def trouble(condition: Condition, said: str, began: datetime) -> Message:
    """Quay cannot be used: since when, what it says itself, and what to do."""
    title = TITLES[condition]
    blocks = (
        header(title),
        section(f"Since {date(began)}: {escape(said)}\n{_ADVICE[condition]}".strip()),
        context(f"{_MEANWHILE[condition]} This message will say when it is over."),
    )
    return message(f"{title}: {said}", blocks)


def token_ends(setting: str, ends: datetime, now: datetime) -> Message:
    """A token of the bot that ends soon: when, and what to do."""
    title = f"The bot's {setting} ends in {duration(ends - now)}"
    said = f"Valid until {date(ends)}; then Quay refuses it. {_RENEW.format(setting=code(setting))}"
    return message(title, (header(title), section(said)))


def over(told: Condition, began: datetime, ended: datetime) -> Message:
    """The last state of a message that told of a condition: from when to when it was."""
    title, lasted = _ENDED.get(told, TITLES["well"]), duration(ended - began)
    return message(
        f"{title}, after {lasted}", (header(title), context(f"Lasted {lasted}, from {date(began)} to {date(ended)}"))
    )


def turned(told: Condition, condition: Condition, said: str, began: datetime, since: datetime) -> Message:
    """A reply under the message that told of a condition: it is over, or it has become something else."""
    if condition == "well":
        text = f"{_ENDED.get(told, TITLES['well'])}, after {duration(since - began)}."
    else:
        text = f"{TITLES[condition]} now: {said}"
    return message(text, (section(escape(text)),))
