"""News of the permissions file."""

from bot.messages import Message
from bot.views.blocks import message, section
from bot.views.text import escape


def news(event: str, said: str) -> Message:
    """The file was read anew, or was refused and the one before it stays in force."""
    if event == "policy_loaded":
        text = f"{said} was read anew and is in force."
        return message(text, (section(f"🔐 {escape(text)}"),))
    problems = [f"• {escape(line)}" for line in said.splitlines()[:10]]
    text = "The permissions file is faulty; the one before it stays in force."
    return message(text, (section("\n".join([f"⚠️ *{text}*", *problems])),))
