"""OAuth applications and their tokens: who acts, by which client of the API, and with which scopes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

_ACCESS_IS_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Application:
    """An organization's application. Quay names it by `client_id` in every log entry that one of its tokens made."""

    client_id: str
    name: str
    client_secret: str = "sandbox-client-secret"


@dataclass
class Token:
    """A token of an application, by which its owner, a user's name, acts within the scopes of `scope`."""

    id: int
    owner: str
    application: Application
    created: datetime
    scope: str = "super:user"
    lifetime: timedelta = timedelta(days=366)
    last_accessed: datetime | None = None

    @property
    def uuid(self) -> str:
        """What the API calls it by."""
        return str(uuid5(NAMESPACE_URL, f"{self.application.client_id}/{self.id}"))

    @property
    def expires(self) -> datetime:
        """From when on it is refused."""
        return self.created + self.lifetime

    def has(self, scope: str) -> bool:
        """Whether it was given that scope."""
        return scope in self.scope.split()

    def note_access(self, now: datetime) -> None:
        """Remember that it was used, at most once a minute, as Quay does."""
        if self.last_accessed is None or now - self.last_accessed >= _ACCESS_IS_NOTED_EVERY:
            self.last_accessed = now
