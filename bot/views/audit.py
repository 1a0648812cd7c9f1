"""The audit as people read it: its entries as a list, and its head as it is published."""

from collections.abc import Mapping, Sequence

from bot.audit import JSON, Entry, Head
from bot.quay.operations import KNOWN
from bot.slack.messages import Message
from bot.views.blocks import Mention, context, message, section
from bot.views.lists import Shown, listing
from bot.views.text import clip, code, count, size

_SAID = {
    "command_allowed": "allowed",
    "command_denied": "denied",
    "denials_counted": "denied more",
    "reads_counted": "allowed more",
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
    "audit_verified": "audit verified",
    "audit_exported": "audit exported",
}
_NAMES = ("namespace", "name", "username", "kid", "service")
"""The arguments that say what a change is about."""
ID_SHOWN = 8
"""So many characters of a change's id tell it from others."""
_SUBJECT, _SENTENCE = 70, 70


def entries(shown: Shown[Entry], *, asked: str) -> Message:
    """Entries, the newest first, each to be understood by itself; times are in UTC."""
    rows = [(what(entry), who(entry), f"{entry.at:%m-%d %H:%M}") for entry in shown.rows]
    return listing(
        shown,
        "audit entry",
        asked,
        ("What", "Who", "UTC"),
        rows,
        wrapped=(0,),
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
    """What happened to what, what was said of it, and the first characters of the change's id."""
    details = entry.details
    said = _first(details, ("said", "reason", "note"))
    if entry.event in {"denials_counted", "reads_counted"}:
        said = f"{details.get('count')} times, not recorded singly"
    elif entry.event == "change_approved":
        said = f"{details.get('approvals')} of {max(int(str(details.get('needed', 1))), 1)}"
    happened = str(details.get("outcome")) if entry.event == "change_outcome" else _SAID.get(entry.event, entry.event)
    change = f"#{str(details['change'])[:ID_SHOWN]}" if details.get("change") else ""
    parts = (clip(f"{happened} {_subject(details)}".strip(), _SUBJECT), clip(said, _SENTENCE), change)
    return " · ".join(filter(None, parts))


def _subject(details: Mapping[str, JSON]) -> str:
    """The command as it was typed, or near it: `quota set team-alpha 100 GiB`; else what the entry is about."""
    operation = str(details.get("operation") or "")
    command = KNOWN[operation].command if operation in KNOWN else operation
    subject = details.get("command") or command or details.get("segment") or details.get("what") or ""
    named = details.get("arguments")
    arguments: Mapping[str, JSON] = named if isinstance(named, Mapping) else {}
    concerned = next((str(arguments[name])[:24] for name in _NAMES if arguments.get(name)), "")
    limit = arguments.get("limit")
    return " ".join(filter(None, (str(subject), concerned, size(limit) if isinstance(limit, int) else "")))


def _first(details: Mapping[str, JSON], names: Sequence[str]) -> str:
    return next((str(details[name]) for name in names if details.get(name)), "")
