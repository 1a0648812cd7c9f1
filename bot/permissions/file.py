"""permissions.yaml as a file: read whole, proved by its own examples, read again when it changes."""

from pathlib import Path
from typing import TypeAlias

from bot.config.documents import complain, read_document
from bot.config.watched_file import FileChange, WatchedFile
from bot.permissions.askable import ReadCall, failing_expectations
from bot.permissions.difference import difference
from bot.permissions.faults import faults
from bot.permissions.policy import Policy

PolicyFile: TypeAlias = WatchedFile[Policy]
"""The policy in force. A changed file replaces it whole; a bad one leaves it and is told of."""


def read_policy(text: str, name: str, read_call: ReadCall) -> Policy:
    """Read and prove a policy. Raises DocumentError with every problem and its line."""
    policy = read_document(text, Policy, name=name)
    complaints = faults(policy)
    if not complaints:
        complaints += [(("expect", index), said) for index, said in failing_expectations(policy, read_call)]
    if complaints:
        raise complain(text, complaints, name=name)
    return policy.quoting(text, name)


def open_policy_file(path: Path, read_call: ReadCall) -> PolicyFile:
    """Read a policy for the first time, to be watched from then on. Raises DocumentError or OSError."""
    file = WatchedFile(
        path,
        lambda text, name: read_policy(text, name, read_call),
        lambda before, after: tuple(each.said for each in difference(before, after)),
    )
    file.load()
    return file


def channels_told(news: FileChange[Policy]) -> list[str]:
    """The first admin channel, of the policy before and of the one after: no change goes unnoticed by moving it."""
    first = (news.before.first_admin_channel, news.after.first_admin_channel)
    return [channel for channel in dict.fromkeys(first) if channel]
