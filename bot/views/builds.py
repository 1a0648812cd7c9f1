"""One build, answered: how far it has come first."""

from collections.abc import Sequence
from datetime import datetime

from bot.quay.models import Build
from bot.slack.messages import Block, Message
from bot.views.blocks import context, message, preformatted, section
from bot.views.text import code, count, date, duration, escape, left_out

_MARKS = {"complete": "✅", "error": "❌", "internalerror": "❌", "expired": "⌛", "cancelled": "🚫"}
_OVER = frozenset(_MARKS)


def build(shown: Build, now: datetime) -> Message:
    """A build with what it builds and who set it off."""
    lines = [_headline(shown), *_progress(shown)]
    if shown.started:
        ago = "" if shown.phase in _OVER else f", {duration(now - shown.started)} ago"
        verb = "Asked for" if shown.phase == "waiting" else "Started"
        lines.append(f"{verb} {date(shown.started)}{ago}")
    if shown.tags:
        lines.append(f"Tags: {', '.join(escape(tag) for tag in shown.tags[:20])}")
    if shown.trigger and isinstance(service := shown.trigger.get("service"), str):
        lines.append(f"Set off by {escape(service)}")
    if shown.error:
        lines.append(f"Quay says: {escape(str(shown.error))}")
    return message(_said(shown), (section("\n".join(lines)), _small(shown)))


def status(shown: Build) -> Message:
    """How far a build has come, in a line or two."""
    return message(_said(shown), (section("\n".join([_headline(shown), *_progress(shown)])), _small(shown)))


def log_sent(build_id: str, lines: int, tail: Sequence[str], unreadable: int = 0) -> Message:
    """The log is on its way as a file; its end is here already."""
    said = f"{count(lines)} line{'' if lines == 1 else 's'} of log: the file comes in your direct messages with me."
    blocks: list[Block] = [section(f"*{said}*")]
    if any(tail):
        blocks.append(preformatted("\n".join(tail)))
    if unreadable:
        blocks.append(section(f"⚠️ {left_out(unreadable)}"))
    return message(said, (*blocks, context(f"Build {code(build_id)}")))


def log_empty(build_id: str) -> Message:
    """There is no line yet."""
    said = "The build has no log: it has not begun, or Quay has let its log go."
    return message(said, (section(f"*{said}*"), context(code(f"builds status {build_id}"))))


def log_not_archived(build_id: str) -> Message:
    """Quay says that the log is archived, and does not have it there."""
    said = "Quay archived this log, but can't read it from its archive."
    return message(said, (section(f"*{said}*\nLook at Quay's log storage."), context(f"Build {code(build_id)}")))


def _said(shown: Build) -> str:
    where = f" of {shown.repository.namespace}/{shown.repository.name}" if shown.repository else ""
    return f"The build{where} is in phase {shown.phase}"


def _headline(shown: Build) -> str:
    return f"{_MARKS.get(shown.phase, '⏳')} *{escape(_said(shown))}*"


def _progress(shown: Build) -> list[str]:
    done, of_all = (shown.status or {}).get("current_command"), (shown.status or {}).get("total_commands")
    if isinstance(done, int) and isinstance(of_all, int) and of_all:
        return [f"Step {done} of {of_all}"]
    return []


def _small(shown: Build) -> Block:
    return context(f"Build {code(shown.id)} · {code(f'builds logs {shown.id}')}")
