"""A file that people edit while the bot runs: read whole, swapped whole, and a faulty one leaves what was in force."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from bot.documents import DocumentError

T = TypeVar("T")
_MISSING = (0, 0, 0)

log = structlog.get_logger()


@dataclass(frozen=True)
class FileNews:
    """What became of a changed file; `id` is the same in every process that reads it."""

    file: str
    loaded: bool
    said: tuple[str, ...]
    """What is wrong, a sentence each."""
    id: str


@dataclass
class WatchedFile(Generic[T]):
    """What a file says now. Where it is `optional`, a file that was never there says nothing; one that goes is kept."""

    path: Path
    read: Callable[[str, str], T]
    """Makes a value of the text and the file's name. Raises DocumentError."""
    optional: bool = False
    problems: tuple[str, ...] = ()
    news: FileNews | None = None
    """The latest that nobody has been told of."""
    _value: T | None = None
    _stamp: tuple[int, int, int] = _MISSING

    def load(self) -> T | None:
        """Read the file for the first time. Raises DocumentError or OSError."""
        if self.optional and not self.path.exists():
            return None
        stamp = self._stat()
        self._value = self.read(self.path.read_text(encoding="utf-8"), self.path.name)
        self._stamp = stamp
        return self._value

    def current(self) -> T | None:
        """What is in force now; costs one stat of the file."""
        try:
            stamp = self._stat()
            if stamp != self._stamp:
                self._reload(self.path.read_text(encoding="utf-8"))
                self._stamp = stamp
        except (OSError, UnicodeDecodeError) as error:
            self._stamp = _MISSING
            if self._value is None and isinstance(error, FileNotFoundError):
                self.problems = ()
            else:
                self._refuse((f"{self.path.name} cannot be read: {error}",))
        return self._value

    def _reload(self, text: str) -> None:
        try:
            self._value = self.read(text, self.path.name)
        except DocumentError as error:
            self._refuse(tuple(str(error).splitlines()))
        else:
            self.problems = ()
            self._tell((), text, loaded=True)

    def _refuse(self, problems: tuple[str, ...]) -> None:
        if problems != self.problems:
            self.problems = problems
            self._tell(problems, "", loaded=False)

    def _tell(self, said: tuple[str, ...], text: str, *, loaded: bool) -> None:
        moment = str(self._stat()[0]) if self.path.exists() else ""
        mark = "\0".join((self.path.name, str(loaded), *said, text, moment))
        self.news = FileNews(self.path.name, loaded, said, sha256(mark.encode()).hexdigest())
        log.warning("file_loaded" if loaded else "file_refused", file=self.path.name, said=said)

    def _stat(self) -> tuple[int, int, int]:
        found = self.path.stat()
        return (found.st_mtime_ns, found.st_size, found.st_ino)
