"""What a simulated registry consists of, and what its background workers do to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Literal
from uuid import uuid4

from cryptography.fernet import Fernet

from sandbox.quay.features import Features
from sandbox.quay.oauth import Application, Token

Backfill = Literal["waiting", "running", "complete"]
LimitType = Literal["Warning", "Reject"]
TeamRole = Literal["member", "creator", "admin"]

UNAPPROVED_KEY_LIFE = timedelta(days=1)
EXPIRED_KEY_LIFE = timedelta(days=7)
DELETION_TIME = timedelta(minutes=5)
SIZE_QUEUE_TIME = timedelta(seconds=5)
SIZE_RUN_TIME = timedelta(seconds=10)


@dataclass
class Limit:
    """A threshold of a quota: at `percent` of it pushes are warned about or rejected."""

    id: int
    type: LimitType
    percent: int


@dataclass
class Quota:
    """What a namespace may use, in bytes."""

    id: int
    limit_bytes: int
    limits: list[Limit] = field(default_factory=list)


@dataclass
class Repository:
    """A repository of a namespace; `quota_bytes` is its size, and shared layers count in each one."""

    id: int
    name: str
    quota_bytes: int = 0
    is_public: bool = False
    description: str | None = None


@dataclass
class Namespace:
    """What users and organizations have in common; their names share one space."""

    id: int
    name: str
    email: str
    quota: Quota | None = None
    quota_bytes: int = 0
    backfill: Backfill = "waiting"
    repositories: list[Repository] = field(default_factory=list)


@dataclass
class User(Namespace):
    """A user; what a superuser may do with a token hangs on the two last flags."""

    verified: bool = True
    enabled: bool = True
    super_user: bool = False
    global_readonly: bool = False


@dataclass
class Organization(Namespace):
    """An organization with the settings that only `PUT /api/v1/organization/{name}` really changes."""

    invoice_email: bool = False
    invoice_email_address: str | None = None
    tag_expiration_s: int = 1209600
    teams: dict[str, list[str]] = field(default_factory=lambda: {"owners": []})
    """The names of each team's members, robots among them."""
    team_roles: dict[str, TeamRole] = field(default_factory=lambda: {"owners": "admin"})
    """What a team is in its organization; one that isn't named is of role member."""
    applications: list[Application] = field(default_factory=list)
    upstream_registry: str = ""
    """The registry whose images it caches, if it does."""

    def admins(self) -> set[str]:
        """Who is in any team of role admin: its owners, whatever the teams are called."""
        return {name for team, names in self.teams.items() if self.team_roles.get(team) == "admin" for name in names}


@dataclass(frozen=True)
class Approval:
    """Who let a service key in; `approver` is a user's name, or None for one that Quay approved itself."""

    type: str
    date: datetime
    approver: str | None
    notes: str


@dataclass
class ServiceKey:
    """A service's public key; it waits as long as `approval` is None."""

    kid: str
    service: str
    jwk: dict[str, str]
    created: datetime
    name: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    expiration: datetime | None = None
    rotation_duration: int | None = None
    approval: Approval | None = None


@dataclass(frozen=True)
class LogEntry:
    """One usage log entry; `performer` and `namespace` are names, as of now, or the UUIDs of what is gone."""

    id: int
    kind: str
    datetime: datetime
    metadata: dict[str, Any]
    ip: str
    performer: str | None
    namespace: str


@dataclass
class Build:
    """A repository build. `archive_head` is what the file of archived logs has beside the logs."""

    uuid: str
    phase: str
    started: datetime
    namespace: str
    repository: str
    display_name: str = "build-name"
    resource_key: str = ""
    status: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    source: str | None = None
    logs: list[dict[str, Any]] = field(default_factory=list)
    archived: bool = False
    archive_head: dict[str, Any] = field(default_factory=dict)


@dataclass
class RegistrySize:
    """The last measurement of the whole registry, and the next one's progress."""

    size_bytes: int = 0
    last_ran: datetime | None = None
    queued_at: datetime | None = None
    running_since: datetime | None = None

    @property
    def busy(self) -> bool:
        """Whether a measurement is queued or running."""
        return self.queued_at is not None or self.running_since is not None


@dataclass(frozen=True)
class Principal:
    """A valid token and its owner at the moment of a request."""

    user: User
    token: Token

    @property
    def scoped(self) -> bool:
        """Whether the token has the scope that the superuser API asks for."""
        return self.token.has("super:user")

    @property
    def may_read(self) -> bool:
        """Superusers and global read-only ones may do every GET."""
        return self.scoped and (self.user.super_user or self.user.global_readonly)

    @property
    def may_write(self) -> bool:
        """Only superusers may write."""
        return self.scoped and self.user.super_user

    @property
    def kind(self) -> str:
        """The word for this token in the request log."""
        if not self.scoped:
            return "noscope"
        if self.user.super_user:
            return "superuser"
        return "readonly" if self.user.global_readonly else "user"


@dataclass
class Registry:
    """A whole simulated registry. `clock` gives the current time, timezone-aware and in UTC."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    features: Features = field(default_factory=Features)
    tokens: dict[str, Token] = field(default_factory=dict)
    namespaces: dict[str, User | Organization] = field(default_factory=dict)
    keys: dict[str, ServiceKey] = field(default_factory=dict)
    logs: list[LogEntry] = field(default_factory=list)
    builds: dict[str, Build] = field(default_factory=dict)
    size: RegistrySize = field(default_factory=RegistrySize)
    being_deleted: dict[str, datetime] = field(default_factory=dict)
    gone: dict[str, Literal["user", "org"]] = field(default_factory=dict)
    """What deleted namespaces were, by the UUIDs that the log has instead of their names."""
    page_cipher: Fernet = field(default_factory=lambda: Fernet(Fernet.generate_key()))
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def next_id(self) -> int:
        """A number that no row of this registry has had before."""
        return next(self._ids)

    def users(self) -> list[User]:
        """All users, oldest first."""
        return [found for found in self.namespaces.values() if isinstance(found, User)]

    def organizations(self) -> list[Organization]:
        """All organizations, oldest first."""
        return [found for found in self.namespaces.values() if isinstance(found, Organization)]

    def user(self, name: str) -> User | None:
        """The user of that name; an organization's name finds nothing."""
        found = self.namespaces.get(name)
        return found if isinstance(found, User) else None

    def organization(self, name: str) -> Organization | None:
        """The organization of that name; a user's name finds nothing."""
        found = self.namespaces.get(name)
        return found if isinstance(found, Organization) else None

    def email_owner(self, email: str) -> User | None:
        """The user with exactly that address; organizations may share theirs."""
        return next((user for user in self.users() if user.email == email), None)

    def principal(self, token: str) -> Principal | None:
        """Whose a token is; None for an unknown or expired one, and for one whose owner is disabled."""
        known = self.tokens.get(token)
        if known is None or known.expires <= self.clock():
            return None
        owner = self.user(known.owner)
        return Principal(owner, known) if owner and owner.enabled else None

    def add(self, namespace: User | Organization) -> None:
        """Put a user or an organization in."""
        self.namespaces[namespace.name] = namespace

    def rename(self, namespace: User | Organization, name: str) -> None:
        """Give it another name, in the same place of the list; its robots follow, and the log does."""
        self.namespaces = {name if old is namespace else key: old for key, old in self.namespaces.items()}
        old, namespace.name = namespace.name, name
        self._rename_in_log(lambda called: name + called[len(old) :] if called.partition("+")[0] == old else called)

    def delete_later(self, name: str) -> str:
        """Take a namespace out at once, and keep its name until the background worker has cleaned up.

        A user's tokens and memberships go with them, an organization's applications with all of their tokens.
        Returns the UUID that the log has for it from now on: Quay renames what it deletes, so that its name is only
        where an entry's metadata has it.
        """
        gone = self.namespaces.pop(name)
        self.being_deleted[name] = self.clock()
        applications = gone.applications if isinstance(gone, Organization) else []
        for secret in [key for key, one in self.tokens.items() if one.owner == name or one.application in applications]:
            del self.tokens[secret]
        for organization in self.organizations():
            for members in organization.teams.values():
                members[:] = (member for member in members if member != name)
        instead = str(uuid4())
        self.gone[instead] = "org" if isinstance(gone, Organization) else "user"
        self._rename_in_log(lambda called: instead if called == name else called)
        return instead

    def _rename_in_log(self, rename: Callable[[str], str]) -> None:
        """Entries refer to accounts: the old ones too show what an account is called now."""
        self.logs = [
            replace(each, namespace=rename(each.namespace), performer=each.performer and rename(each.performer))
            for each in self.logs
        ]

    def log(self, kind: str, metadata: dict[str, Any], *, namespace: str, performer: str | None, ip: str) -> None:
        """Write a usage log entry."""
        entry = LogEntry(self.next_id(), kind, self.clock(), metadata, ip, performer, namespace)
        self.logs.append(entry)

    def key(self, kid: str) -> ServiceKey | None:
        """A key, as the API shows it: one that expired more than seven days ago is hidden."""
        key = self.keys.get(kid)
        return key if key and not self._long_expired(key) else None

    def visible_keys(self) -> list[ServiceKey]:
        """All keys but those that expired more than seven days ago."""
        return [key for key in self.keys.values() if not self._long_expired(key)]

    def collect_keys(self, service: str) -> None:
        """Drop a service's stale keys: as Quay does when a key of that service is put, made, rotated or deleted.

        Nothing else removes them, no background worker either: until then a waiting key that is older than a day
        is listed and can be approved, and one that expired more than seven days ago is there, though hidden.
        """
        self.keys = {kid: key for kid, key in self.keys.items() if key.service != service or not self._stale(key)}

    def sweep(self) -> None:
        """Do what Quay's background workers would have done by now."""
        if not self.features.background_workers:
            return
        now = self.clock()
        self.being_deleted = {name: since for name, since in self.being_deleted.items() if now - since < DELETION_TIME}
        self._measure(now)

    def _measure(self, now: datetime) -> None:
        size = self.size
        if size.queued_at and now - size.queued_at >= SIZE_QUEUE_TIME:
            size.running_since, size.queued_at = size.queued_at + SIZE_QUEUE_TIME, None
        if size.running_since and now - size.running_since >= SIZE_RUN_TIME:
            size.last_ran, size.running_since = size.running_since + SIZE_RUN_TIME, None
            size.size_bytes = sum(namespace.quota_bytes for namespace in self.namespaces.values())

    def _stale(self, key: ServiceKey) -> bool:
        unwanted = key.approval is None and self.clock() - key.created >= UNAPPROVED_KEY_LIFE
        return unwanted or self._long_expired(key)

    def _long_expired(self, key: ServiceKey) -> bool:
        return key.expiration is not None and self.clock() - key.expiration >= EXPIRED_KEY_LIFE
