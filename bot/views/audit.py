"""The audit as people read it: its entries as a list, and its head as it is published."""

from collections.abc import Mapping, Sequence

from bot.audit import JSON, Entry, Head
from bot.messages import Message
from bot.views.blocks import Mention, context, message, section
from bot.views.lists import Shown, listing
from bot.views.text import code, count

_SAID = {
    "command_allowed": "allowed",
    "command_denied": "denied",
    "denials_counted": "denied more",
    "change_proposed": "asked",
    "change_approved": "approved",
    "change_rejected": "rejected",
    "change_cancelled": "withdrew",
    "change_expired": "expired",
    "change_stale": "no longer fits",
    "change_intent": "is sent",
    "key_arrived": "key arrived",
    "key_noted": "added notes",
    "secret_shown": "saw secret",
    "secret_withheld": "denied secret",
    "secret_expired": "secret expired",
    "policy_loaded": "new policy",
    "policy_refused": "faulty policy",
    "alerts_loaded": "new alerts file",
    "alerts_refused": "faulty alerts file",
    "alert_acknowledged": "acknowledged",
    "alert_snoozed": "snoozed",
    "record_tampered": "TAMPERED",
    "changes_frozen": "froze",
    "changes_thawed": "thawed",
    "segment_sealed": "month sealed",
    "segment_trimmed": "month trimmed",
}
_NAMES = ("namespace", "name", "username", "kid", "service")
"""The arguments that say what a change is about."""


def entries(shown: Shown[Entry], *, asked: str) -> Message:
    """Entries, the newest first; times are in UTC."""
    rows = [(f"{entry.at:%m-%d %H:%M}", who(entry), what(entry), about(entry)) for entry in shown.rows]
    return listing(
        shown,
        "audit entry",
        asked,
        ("UTC", "Who", "What", "About"),
        rows,
        many="audit entries",
        hint="The file has every field. Whoever runs the bot proves the record with `quaymaster audit verify`.",
    )


def altered(number: int) -> str:
    """What is said above a page on which entries are missing that cannot be believed."""
    if not number:
        return ""
    return f"{count(number)} stored here were altered by somebody who is not the bot. Run quaymaster audit verify."


def published(head: Head) -> Message:
    """The head, for whoever wants to prove later that nothing before it was changed or cut off."""
    sequence, hash_ = head
    said = f"Audit head: entry {count(sequence)}, {hash_[:12]}…"
    prove = f"{code(f'{sequence}:{hash_}')}\nNothing up to here can be changed unnoticed any more. To prove it, run"
    return message(
        said,
        (
            section(f"🔏 *{said}*"),
            context(f"{prove} {code(f'quaymaster audit verify --published {sequence}:{hash_}')}"),
        ),
    )


def end_altered() -> Message:
    """The head cannot be published, since the end of the record is not as the bot left it."""
    said = "The end of the audit was altered by somebody who is not the bot."
    advice = "Tell your security people, and run `quaymaster audit verify`."
    return message(said, (section(f"⛔ *{said}*\n{advice}"),))


def who(entry: Entry) -> Mention | str:
    """The person, as Slack names them; the bot itself where nobody is behind it."""
    return Mention(entry.actor.rpartition("/")[2]) if entry.actor else "the bot"


def what(entry: Entry) -> str:
    """What happened, in a word or two."""
    if entry.event == "change_outcome":
        return str(entry.details.get("outcome"))
    return _SAID.get(entry.event, entry.event)


def about(entry: Entry) -> str:
    """Of what an entry tells: the operation or command, what it concerns, and what was said of it."""
    details = entry.details
    named = details.get("arguments")
    arguments: Mapping[str, JSON] = named if isinstance(named, Mapping) else {}
    concerned = next((str(arguments[name])[:24] for name in _NAMES if arguments.get(name)), "")
    subject = details.get("operation") or details.get("command") or details.get("segment") or details.get("what") or ""
    said = _first(details, ("said", "reason", "note"))
    if entry.event == "denials_counted":
        said = f"{details.get('count')} times, not recorded singly"
    elif entry.event == "change_approved":
        said = f"{details.get('approvals')} of {max(int(str(details.get('needed', 1))), 1)}"
    return " · ".join(filter(None, (f"{subject} {concerned}".strip(), said)))


def _first(details: Mapping[str, JSON], names: Sequence[str]) -> str:
    return next((str(details[name]) for name in names if details.get(name)), "")
