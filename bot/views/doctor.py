"""What `doctor` found: as a message, worst first, and as lines of text."""

from collections.abc import Sequence
from datetime import timedelta

from bot.model.checkup import Finding, Status
from bot.slack.messages import Block, Message
from bot.views.blocks import context, message, section
from bot.views.text import clip, count, duration, escape

MOST_SHOWN = 40
"""So many checks are shown in full; a message has 50 blocks at most."""
_MARKS: dict[Status, str] = {"failed": "❌", "warning": "⚠️", "ok": "✅"}


def summary(findings: Sequence[Finding]) -> str:
    """One line: whether anything is wrong."""
    failures = sum(each.result.status == "failed" for each in findings)
    warnings = sum(each.result.status == "warning" for each in findings)
    said = [
        *([f"{count(failures)} failed"] if failures else []),
        *([f"{count(warnings)} warning{'' if warnings == 1 else 's'}"] if warnings else []),
    ]
    if len(findings) == 1:
        return f"1 check: {said[0]}" if said else "1 check passed"
    return f"{count(len(findings))} checks: {', '.join(said)}" if said else f"All {count(len(findings))} checks passed"


def report(findings: Sequence[Finding], age: timedelta) -> Message:
    """The findings, which come worst first; `age` is how long ago they were made."""
    said = summary(findings)
    wrong = [each for each in findings if each.result.status != "ok"]
    fine = [f"{each.group} {each.name}" for each in findings if each.result.status == "ok"]
    blocks: list[Block] = [section(f"*{said}*"), *map(_shown, wrong[:MOST_SHOWN])]
    if left := wrong[MOST_SHOWN:]:
        blocks.append(section(f"… and {count(len(left))} more: run `quaymaster doctor` where the bot runs."))
    if fine:
        blocks.append(context(f"✅ {escape(', '.join(fine))}"))
    if age > timedelta(seconds=1):
        blocks.append(context(f"Checked {duration(age)} ago; checks run once a minute at most"))
    return message(said, blocks)


def _shown(finding: Finding) -> Block:
    result = finding.result
    lines = [f"{_MARKS[result.status]} *{finding.group}: {escape(finding.name)}*", escape(clip(result.found, 1200))]
    lines += [f"→ {escape(line)}" for line in clip(result.todo, 800).splitlines()]
    return section("\n".join(lines))


def as_text(findings: Sequence[Finding]) -> str:
    """The findings in their order, for a terminal."""
    width = max((len(f"{each.group}: {each.name}") for each in findings), default=0)
    lines: list[str] = []
    for each in findings:
        indent = " " * (width + 11)
        first, *others = each.result.found.splitlines()
        lines.append(f"{each.result.status:8} {each.group + ': ' + each.name:{width}}  {first}")
        lines += [f"{indent}{line}" for line in others]
        lines += [f"{indent}→ {line}" for line in each.result.todo.splitlines()]
    return "\n".join((*lines, "", f"{summary(findings)}."))
