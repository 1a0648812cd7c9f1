"""A chain of entries, checked one by one."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.audit.entry import BEGINNING, NO_SEAL, Entry, Head


@dataclass(frozen=True)
class AuditVerification:
    """What reading the record showed: how many entries, the last one's head, and everything that is wrong."""

    count: int
    head: Head
    problems: tuple[str, ...]

    @property
    def proven_head(self) -> Head | None:
        """The head, unless nothing that is there is a genuine entry."""
        return None if self.head == BEGINNING else self.head

    @property
    def is_of_another_key(self) -> bool:
        """Whether no entry at all carries our seal, so that probably another key sealed it."""
        return 0 < self.count == sum(problem.endswith(NO_SEAL) for problem in self.problems)


class Chain:
    """The genuine entries in the order in which they are stored, checked one by one.

    `beginning` is the head after which the first one must follow, None where any may be the first. `required` are
    heads that must be in it, each with a name for people.
    """

    def __init__(self, beginning: Head | None, required: Mapping[Head, str]) -> None:
        self.count = 0
        self.head = beginning or BEGINNING
        self.problems: list[str] = []
        self._begins_anywhere = beginning is None
        self._required = {head: name for head, name in required.items() if head not in {BEGINNING, beginning}}
        self._first = self.head[0] + 1

    def complain(self, problem: str) -> None:
        """Count something that is no genuine entry."""
        self.count += 1
        self.problems.append(problem)

    def add(self, entry: Entry) -> None:
        """Check that an entry follows the one before."""
        self.count += 1
        if self._begins_anywhere:
            self._begins_anywhere = False
            self.head, self._first = (entry.sequence - 1, entry.previous), entry.sequence
            self._required.pop(self.head, None)
        expected = self.head[0] + 1
        if entry.sequence < expected:
            self.problems.append(f"entry {entry.sequence} stands where entry {expected} belongs")
            return
        if entry.sequence > expected:
            missing = f"{expected}" if entry.sequence == expected + 1 else f"{expected} to {entry.sequence - 1}"
            self.problems.append(f"missing before entry {entry.sequence}: {missing}")
        elif entry.previous != self.head[1]:
            self.problems.append(f"entry {entry.sequence} was not recorded after the one that stands before it")
        self.head = entry.head
        self._required.pop(entry.head, None)

    def finish(self, stored: Head | None = None) -> AuditVerification:
        """Compare the end with the required heads, and with the one in Redis where it is given."""
        if stored is not None and stored != self.head:
            last = f"the last entry is {self.head[0]}" if self.head[0] else "there is no entry that is ours"
            self.problems.append(f"the head in Redis says entry {stored[0]}, {last}")
        for (sequence, _), name in self._required.items():
            where = "lies before the first entry that is here" if sequence < self._first else "is not in the record"
            self.problems.append(f"{name}, entry {sequence}, {where}")
        return AuditVerification(self.count, self.head, tuple(self.problems))
