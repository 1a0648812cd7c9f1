"""permissions.yaml as a file: read whole, proved by its own examples, read again when it changes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bot.documents import DocumentError, complain, read_document
from bot.permissions.asking import ReadCall, failing_expectations
from bot.permissions.policy import Policy

log = structlog.get_logger()


def read_policy(text: str, name: str, read_call: ReadCall) -> Policy:
    """Read and prove a policy. Raises DocumentError with every problem and its line."""
    policy = read_document(text, Policy, name=name)
    complaints = policy.undefined_names()
    if not complaints:
        complaints += [(("expect", index), said) for index, said in failing_expectations(policy, read_call)]
    if complaints:
        raise complain(text, complaints, name=name)
    return policy


@dataclass
class PolicyFile:
    """The policy in force. A changed file replaces it whole; a bad one leaves it and is told of."""

    path: Path
    read_call: ReadCall
    told: Callable[[str, str], None] = lambda event, said: log.warning(event, said=said)
    problems: tuple[str, ...] = ()
    _policy: Policy | None = None
    _stamp: tuple[int, int, int] = field(default=(0, 0, 0))

    def load(self) -> Policy:
        """Read the file for the first time. Raises DocumentError or OSError."""
        self._stamp = self._stat()
        self._policy = read_policy(self.path.read_text(encoding="utf-8"), self.path.name, self.read_call)
        return self._policy

    def current(self) -> Policy:
        """The policy in force now; costs one stat of the file."""
        if self._policy is None:
            return self.load()
        try:
            stamp = self._stat()
            if stamp != self._stamp:
                self._stamp = stamp
                self._reload()
        except OSError as error:
            self._refuse((f"{self.path.name} cannot be read: {error.strerror}",))
        return self._policy

    def _reload(self) -> None:
        try:
            text = self.path.read_text(encoding="utf-8")
            self._policy = read_policy(text, self.path.name, self.read_call)
        except (DocumentError, UnicodeDecodeError) as error:
            self._refuse(tuple(str(error).splitlines()))
        else:
            self.problems = ()
            self.told("policy_loaded", self.path.name)

    def _refuse(self, problems: tuple[str, ...]) -> None:
        if problems != self.problems:
            self.problems = problems
            self.told("policy_refused", "\n".join(problems))

    def _stat(self) -> tuple[int, int, int]:
        found = self.path.stat()
        return (found.st_mtime_ns, found.st_size, found.st_ino)
