"""permissions.yaml as a file: read whole, proved by its own examples, read again when it changes."""

from collections import deque
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from re import sub
from typing import Literal

import structlog

from bot.documents import DocumentError, complain, read_document
from bot.permissions.asking import ReadCall, failing_expectations
from bot.permissions.difference import difference
from bot.permissions.faults import faults
from bot.permissions.policy import Policy

log = structlog.get_logger()


def read_policy(text: str, name: str, read_call: ReadCall) -> Policy:
    """Read and prove a policy. Raises DocumentError with every problem and its line."""
    policy = read_document(text, Policy, name=name)
    complaints = faults(policy)
    if not complaints:
        complaints += [(("expect", index), said) for index, said in failing_expectations(policy, read_call)]
    if complaints:
        raise complain(text, complaints, name=name)
    return policy.quoting(text, name)


@dataclass(frozen=True)
class News:
    """What became of a changed file; the same in every process that reads it."""

    event: Literal["policy_loaded", "policy_refused"]
    said: tuple[str, ...]
    """What differs for whom, or what is wrong; a sentence each."""
    channels: tuple[str, ...]
    """The first admin channel, of the policy before and of the one after: no change goes unnoticed by moving it."""
    id: str

    @property
    def for_the_record(self) -> list[str]:
        """The same for the log and the audit, which keep nobody's e-mail address: of it the domain alone."""
        return [sub(r"[^@\s“]+@(?=\S)", "…@", line) for line in self.said]


@dataclass
class PolicyFile:
    """The policy in force. A changed file replaces it whole; a bad one leaves it and is told of."""

    path: Path
    read_call: ReadCall
    problems: tuple[str, ...] = ()
    news: deque[News] = field(default_factory=lambda: deque(maxlen=20))
    """What nobody has been told of, the oldest first."""
    _policy: Policy | None = None
    _stamp: tuple[int, int, int] = (0, 0, 0)

    def load(self) -> Policy:
        """Read the file for the first time. Raises DocumentError or OSError."""
        stamp = self._stat()
        self._policy = read_policy(self.path.read_text(encoding="utf-8"), self.path.name, self.read_call)
        self._stamp = stamp
        return self._policy

    def current(self) -> Policy:
        """The policy in force now; costs one stat of the file."""
        if self._policy is None:
            return self.load()
        try:
            stamp = self._stat()
            if stamp != self._stamp:
                self._reload(self.path.read_text(encoding="utf-8"))
                self._stamp = stamp
        except (OSError, UnicodeDecodeError) as error:
            self._stamp = (0, 0, 0)
            self._refuse((f"{self.path.name} cannot be read: {error}",))
        return self._policy

    def _reload(self, text: str) -> None:
        try:
            policy = read_policy(text, self.path.name, self.read_call)
        except DocumentError as error:
            self._refuse(tuple(str(error).splitlines()))
            return
        old = self._policy or policy
        self._policy, self.problems = policy, ()
        self._tell("policy_loaded", tuple(each.said for each in difference(old, policy)), text, old)

    def _refuse(self, problems: tuple[str, ...]) -> None:
        if problems != self.problems:
            self.problems = problems
            self._tell("policy_refused", problems, "\n".join(problems))

    def _tell(
        self,
        event: Literal["policy_loaded", "policy_refused"],
        said: tuple[str, ...],
        about: str,
        old: Policy | None = None,
    ) -> None:
        first = [policy.first_admin_channel for policy in (old, self._policy) if policy is not None]
        channels = tuple(dict.fromkeys(channel for channel in first if channel))
        news = News(event, said, channels, sha256("\0".join((event, about, self._moment())).encode()).hexdigest())
        self.news.append(news)
        log.warning(event, said=news.for_the_record)

    def _moment(self) -> str:
        """When the file was changed; nothing for one that is out of reach."""
        try:
            return str(self._stat()[0])
        except OSError:
            return ""

    def _stat(self) -> tuple[int, int, int]:
        found = self.path.stat()
        return (found.st_mtime_ns, found.st_size, found.st_ino)
