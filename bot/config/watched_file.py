"""A file that people edit while the bot runs: read whole, swapped whole, and a faulty one leaves what was in force."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from bot.config.documents import DocumentError, unreadable

T = TypeVar("T")
_MISSING = (0, 0, 0)
_LOCAL_PART = re.compile(r"[^@\s“]+@(?=\S)")

log = structlog.get_logger()


@dataclass(frozen=True)
class FileChange(Generic[T]):
    """What became of a changed file; `id` is the same in every process that reads it."""

    file: str
    loaded: bool
    said: tuple[str, ...]
    """What differs, or what is wrong; a sentence each."""
    before: T
    after: T
    id: str

    @property
    def for_the_record(self) -> list[str]:
        """The same for the log and the audit, which keep nobody's e-mail address: of it the domain alone."""
        return [_LOCAL_PART.sub("…@", line) for line in self.said]


@dataclass
class WatchedFile(Generic[T]):
    """What a file says now."""

    path: Path
    read: Callable[[str, str], T]
    """Makes a value of the text and the file's name. Raises DocumentError."""
    describe: Callable[[T, T], tuple[str, ...]] = lambda _before, _after: ()
    """What differs between two values, a sentence each."""
    absent: Callable[[], T] | None = None
    """What a file says that was never there; without it, there must be one. A file that goes is kept."""
    problems: tuple[str, ...] = ()
    news: deque[FileChange[T]] = field(default_factory=lambda: deque(maxlen=20))
    """What nobody has been told of, the oldest first."""
    _value: T = field(init=False)
    _stamp: tuple[int, int, int] = _MISSING
    _was_there: bool = False

    def load(self) -> T:
        """Read the file for the first time. Raises DocumentError or OSError."""
        if self.absent is not None and not self.path.exists():
            self._value = self.absent()
            return self._value
        stamp = self._stat()
        self._value = self.read(self.path.read_text(encoding="utf-8"), self.path.name)
        self._stamp, self._was_there = stamp, True
        return self._value

    def current(self) -> T:
        """What is in force now, of a file that was loaded; costs one stat of it."""
        try:
            stamp = self._stat()
            if stamp != self._stamp:
                self._reload(self.path.read_text(encoding="utf-8"))
                self._stamp = stamp
        except (OSError, UnicodeDecodeError) as error:
            self._stamp = _MISSING
            if isinstance(error, FileNotFoundError) and not self._was_there:
                self.problems = ()
            else:
                self._refuse((unreadable(self.path.name, error),))
        return self._value

    def _reload(self, text: str) -> None:
        try:
            value = self.read(text, self.path.name)
        except DocumentError as error:
            self._refuse(tuple(str(error).splitlines()))
            return
        before, self._value = self._value, value
        self.problems, self._was_there = (), True
        self._tell(self.describe(before, value), text, before, loaded=True)

    def _refuse(self, problems: tuple[str, ...]) -> None:
        if problems != self.problems:
            self.problems = problems
            self._tell(problems, "\n".join(problems), self._value, loaded=False)

    def _tell(self, said: tuple[str, ...], about: str, before: T, *, loaded: bool) -> None:
        mark = sha256("\0".join((self.path.name, str(loaded), about, self._moment())).encode()).hexdigest()
        news = FileChange(self.path.name, loaded, said, before, self._value, mark)
        self.news.append(news)
        log.warning("file_loaded" if loaded else "file_refused", file=news.file, said=news.for_the_record)

    def _moment(self) -> str:
        """When the file was changed; nothing for one that is out of reach."""
        try:
            return str(self._stat()[0])
        except OSError:
            return ""

    def _stat(self) -> tuple[int, int, int]:
        found = self.path.stat()
        return (found.st_mtime_ns, found.st_size, found.st_ino)
