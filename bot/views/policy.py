"""The permissions file: what became of it, and why somebody may or may not."""

from collections.abc import Sequence

from bot.config.watched_file import FileChange
from bot.permissions import Policy
from bot.permissions.askable import Approvers, Explanation
from bot.permissions.conditions import SUPPOSED, fact
from bot.slack.messages import Block, Message
from bot.views.blocks import context, message, preformatted, section
from bot.views.text import clip, code, count, duration, escape, escape_quoted

LISTED = 40
_MARKS = {"allow": "✅", "request": "🙋", "deny": "⛔"}
_VERDICTS = {"allow": "may use", "request": "may ask for", "deny": "may not use"}


def news(changed: FileChange[Policy]) -> Message:
    """The file was read anew, or was refused and the one before it stays in force."""
    if changed.loaded:
        text = f"{changed.file} was changed and is in force."
        shown = changed.said or ["Nobody may do more or less than before."]
        return message(text, (section(f"🔐 *{escape(text)}*"), *_list(shown)))
    text = f"{changed.file} is faulty; the one before it stays in force."
    return message(text, (section(f"⚠️ *{escape(text)}*"), *_list(changed.said)))


def _list(said: Sequence[str]) -> list[Block]:
    lines = [f"• {clip(escape_quoted(line), 270)}" for line in said[:LISTED]]
    blocks = [section("\n".join(lines[at : at + 10])) for at in range(0, len(lines), 10)]
    if len(said) > LISTED:
        blocks.append(context(f"And {count(len(said) - LISTED)} more; `quaymaster check --diff OLD` lists all."))
    return blocks


def why(who: str, explanations: Sequence[Explanation]) -> Message:
    """May this person do this here, by which rule, and who could agree to it."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for each in explanations:
        verdict = each.decision.verdict.value
        reason = f"{escape(each.decision.reason)} {_agreement(each)}".strip()
        said = f"{_MARKS[verdict]} {escape(who)} *{_VERDICTS[verdict]}*"
        grouped.setdefault((said, reason), []).append(code(each.operation))
    text = "\n".join(f"{said} {' and '.join(named)} here. {reason}" for (said, reason), named in grouped.items())
    unseen = {asked for each in explanations for asked in each.unseen}
    notes = [
        context(f"It also depends on what is there now: add {code(f'{fact(name)}={value}')}.")
        for name, value in SUPPOSED.items()
        if fact(name) in unseen
    ]
    quotes = dict.fromkeys(each.quote for each in explanations if each.quote)
    return message(f"What {who} may do", (section(text), *notes, *map(preformatted, quotes)))


def _agreement(each: Explanation) -> str:
    entry = each.entry
    if entry is None:
        return ""
    expires = f"expires after {duration(entry.expires)}"
    if not entry.approvals:
        return f"Their own confirmation is enough ({expires})."
    people = "person" if entry.approvals == 1 else "people"
    own = "" if entry.self_approval else " other than the requester"
    groups = " or ".join(_group(group) for group in each.approvers)
    return f"It needs {entry.approvals} {people} of {groups}{own} ({expires})."


def _group(group: Approvers) -> str:
    """A group with those of its members whom the file names by id. Only its reader sees it, so it pings nobody."""
    members = [f"<@{user}>" for user in group.users]
    members += map(escape, group.unnamed)
    return f"{escape(group.group)} ({', '.join(members) or 'nobody'})"
