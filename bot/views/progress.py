"""What is said of lists that have ended, of files that are being made, and of looking through much."""

from bot.slack.messages import Message
from bot.views.blocks import actions, button, context, message, section
from bot.views.text import code, count, escape, left_out


def ended() -> Message:
    """The list is too old to be turned."""
    said = "This list has ended: lists are kept for 15 minutes. Ask again, and it is fresh."
    return message(said, (section(said),))


def of_another() -> Message:
    """The list was shown to another person."""
    said = "This is somebody else's. Ask for your own."
    return message(said, (section(said),))


def waiting_for_quay() -> Message:
    """Quay takes its time over an answer."""
    return _line("⏳", "Still waiting for Quay…")


def in_progress(name: str, rows: int, work: str, *, looked: int = 0, entries: str = "") -> Message:
    """A file is being made, of which so many rows are there; they may be picked from what was looked at."""
    among = f" among the first {count(looked)} {entries}" if looked else ""
    said = f"Making {name}: {count(rows)} rows{among} so far …"
    return message(
        said, (section(f"⏳ {escape(said)}"), actions([button("Cancel", "work_cancel", work)], f"work:{work}"))
    )


def done(name: str, rows: int) -> Message:
    """The progress message in the end."""
    return _line("✅", f"{name} is made: {count(rows)} rows.")


def stopped(name: str, rows: int) -> Message:
    """Somebody pressed Cancel."""
    return _line("🚫", f"{name} was stopped after {count(rows)} rows; nothing was sent.")


def broken(name: str, rows: int) -> Message:
    """It did not come to an end; the one who asked is told why where they asked."""
    return _line("❌", f"{name} broke off after {count(rows)} rows; nothing was sent. Ask again.")


def sent(name: str, rows: int, *, cut: bool, unreadable: int = 0) -> Message:
    """The file is in the person's direct messages."""
    said = f"{name} with {count(rows)} row{'' if rows == 1 else 's'} is in your direct messages with me."
    notes = ["There are more: a file holds no more rows than that, so narrow the list down."] if cut else []
    notes += [left_out(unreadable)] if unreadable else []
    more = " ".join(notes)
    return message(f"{said} {more}".strip(), (section(f"✅ *{escape(said)}*"), *([context(more)] if more else [])))


def under_way(name: str) -> Message:
    """The same file was asked for twice."""
    return _line("⏳", f"{name} is being made already.")


def not_sent(name: str, reason: str, incident: str) -> Message:
    """Slack did not take the file."""
    said = f"Slack did not take {name} ({reason})."
    advice = "The bot needs the scopes files:write and im:write, and its messages tab. Whoever runs it can add them."
    return message(said, (section(f"❌ *{escape(said)}*\n{advice}"), context(f"Incident {code(incident)}")))


def looking(entries: str, looked: int, found: int, run: str) -> Message:
    """Much is being looked through for one page of a list."""
    said = f"Read {count(looked)} {entries}, {_matching(found)} …"
    cancel = actions([button("Cancel", "work_cancel", run)], f"work:{run}")
    return message(said, (section(f"⏳ {escape(said)}"), cancel))


def look_elsewhere(entries: str) -> Message:
    """Where one sees how far it is; to be said where the list was asked for."""
    return _line("⏳", f"Looking through the {entries}. How far it is, and Cancel: in your direct messages with me.")


def looked(entries: str, looked: int, found: int) -> Message:
    """The page is found."""
    return _line("✅", f"Read {count(looked)} {entries}, {count(found)} to show. The list is where you asked for it.")


def look_stopped(entries: str, looked: int, found: int) -> Message:
    """Somebody pressed Cancel, or it took too long; what was found so far is shown."""
    said = f"Stopped after {count(looked)} {entries}, {_matching(found)} so far."
    return _line("🚫", f"{said} The list is where you asked for it.")


def look_broken(entries: str, looked: int, found: int) -> Message:
    """Quay did not answer any more; the one who asked is told why where they asked."""
    return _line("❌", f"Broke off after {count(looked)} {entries}, {_matching(found)} so far. Ask again.")


def look_under_way() -> Message:
    """The same page was asked for twice."""
    return _line("⏳", "That page is being looked for already.")


def _matching(found: int) -> str:
    return f"{count(found)} match{'es' if found == 1 else ''}"


def cancelling() -> Message:
    """The work stops at its next step."""
    return _line("🚫", "It stops in a moment.")


def over() -> Message:
    """There is nothing left to cancel."""
    return _line("⌛", "That is over already, or it is somebody else's.")


def _line(mark: str, said: str) -> Message:
    return message(said, (section(f"{mark} {escape(said)}"),))
