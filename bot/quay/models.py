"""What Quay answers, operation by operation; see `answers` for how it is read."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, RootModel, SecretStr

from bot.quay.answers import Answer, Bytes, Email, Entries, Json, Metadata, Milliseconds, Named, Timestamp, mark


class QuotaLimit(Answer):
    """A threshold of a quota; `type` is `Warning` or `Reject`."""

    id: int | None = None
    type: str
    limit_percent: int


class Quota(Answer):
    """What a namespace may use, in bytes. With `default_config` it is the system's and cannot be changed."""

    id: int | None = None
    limit_bytes: Bytes
    limits: tuple[QuotaLimit, ...] = ()
    default_config: bool = False


class Quotas(RootModel[tuple[Quota, ...]]):
    """The bare list of the quota operations: empty, or with one entry."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Limits(RootModel[tuple[QuotaLimit, ...]]):
    """The bare list of a quota's limits, in no promised order."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class ProxyCache(Answer):
    """What an organization caches; `upstream_registry` is empty for one that is no proxy cache."""

    upstream_registry: str | None = None


class QuotaReport(Answer):
    """How much a namespace uses, in bytes. Quay counts in the background: see `is_complete`."""

    quota_bytes: Bytes = 0
    configured_quota: Bytes | None = None
    running_backfill: str | None = None
    backfill_status: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether Quay has counted everything; until then the figure is too small, or there is none."""
        return self.backfill_status == "complete" and "quota_bytes" in self.model_fields_set


class _Namespace(Named):
    """Both quota fields are None where quota management is switched off."""

    email: Email = None
    quotas: tuple[Quota, ...] | None = None
    quota_report: QuotaReport | None = None


class User(_Namespace):
    """A user of the registry, and the use of the user's namespace."""

    username: str
    verified: bool = False
    super_user: bool = False
    global_readonly_super_user: bool = False
    enabled: bool = True

    @property
    def identity(self) -> str:
        """The username."""
        return self.username


class Team(Answer):
    """A team of an organization; `role` is `admin`, `creator` or `member`."""

    name: str
    role: str
    member_count: int | None = None


class Organization(_Namespace):
    """An organization and its use. Teams and settings come only from getOrganization; `tag_expiration_s` in s."""

    name: str
    teams: Mapping[str, Team] = Field(default_factory=dict)
    invoice_email: bool | None = None
    invoice_email_address: str | None = None
    tag_expiration_s: int | None = None

    @property
    def shows_teams(self) -> bool:
        """Whether Quay said which teams there are: from outside it shows none."""
        return "teams" in self.model_fields_set

    @property
    def identity(self) -> str:
        """The name."""
        return self.name


class MemberTeam(Answer):
    """A team in which somebody is."""

    name: str


class Member(Answer):
    """A person in an organization, and the teams that make them one."""

    name: str
    teams: tuple[MemberTeam, ...] = ()


class Members(Entries):
    """The members of an organization, all of them in one answer."""

    members: tuple[Member, ...]


class Application(Answer):
    """An OAuth application, by which an organization has tokens issued. Its secret is in the answer, and not read."""

    client_id: str
    name: str = ""


class Applications(Entries):
    """The OAuth applications of an organization."""

    applications: tuple[Application, ...]


class CreatedUser(Answer):
    """A new user. Quay tells the password this once."""

    username: str
    email: Email = None
    password: SecretStr
    encrypted_password: SecretStr | None = None


class KeyApproval(Answer):
    """Who approved a key, when, and with which notes; Quay's own keys have no approver."""

    approval_type: str = ""
    approved_date: Timestamp
    approver: User | None = None
    notes: str | None = None


_REQUIRED_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


class ServiceKey(Named):
    """A key by which a service proves itself to Quay. `rotation_duration` is in seconds."""

    kid: str
    name: str = ""
    service: str
    jwk: Json
    metadata: Metadata = Field(default_factory=dict)
    created_date: Timestamp
    expiration_date: Timestamp | None = None
    rotation_duration: int | None = None
    approval: KeyApproval | None = None

    @property
    def identity(self) -> str:
        """The key id."""
        return self.kid

    @property
    def is_waiting(self) -> bool:
        """Whether nobody has approved it yet. From 24 hours after its creation on, Quay may remove such a key."""
        return self.approval is None

    @property
    def thumbprint(self) -> str | None:
        """The fingerprint of the public key in base64url (RFC 7638), or None for a jwk that has none."""
        digest = self._digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() if digest else None

    @property
    def thumbprint_hex(self) -> str | None:
        """The same fingerprint in hexadecimal, as many services choose their key id."""
        digest = self._digest()
        return digest.hex() if digest else None

    def _digest(self) -> bytes | None:
        members = _REQUIRED_MEMBERS.get(str(self.jwk.get("kty")), ())
        if not members or not all(isinstance(self.jwk.get(member), str) for member in members):
            return None
        canonical = json.dumps({member: self.jwk[member] for member in members}, separators=(",", ":"), sort_keys=True)
        return hashlib.sha256(canonical.encode()).digest()


class CreatedServiceKey(Answer):
    """A new key, approved already. Quay tells the private key (PEM) this once."""

    kid: str
    name: str = ""
    service: str
    public_key: str
    private_key: SecretStr


class LogAccount(Answer):
    """Who did something, or in whose namespace; `kind` is `user` or `org`."""

    name: str
    kind: str | None = None
    is_robot: bool = False


class LogEntry(Answer):
    """One line of the usage log. What was done with the bot's token appears as the token's owner."""

    kind: str
    at: Timestamp = Field(validation_alias="datetime")
    metadata: Metadata = Field(default_factory=dict, repr=False)
    """What the kind is about: names at the time, and whatever else Quay or a client put there."""
    ip: str | None = None
    performer: LogAccount | None = None
    namespace: LogAccount | None = None


class LogPage(Entries):
    """Some twenty lines of the usage log, newest first, and the range that Quay really searched."""

    start_time: Timestamp | None = None
    end_time: Timestamp | None = None
    logs: tuple[LogEntry, ...] = ()
    next_page: str | None = None
    search_unavailable: Annotated[bool, BeforeValidator(bool)] = False

    @property
    def marks(self) -> tuple[str, ...]:
        """What this page is known by when it comes again; nothing where it is all of one second.

        Entries have no id, and in a second the same may happen a hundred times. A page that spans seconds can't come
        twice: each page is older than the one before it.
        """
        if not self.logs or self.logs[0].at == self.logs[-1].at:
            return ()
        return (mark("\n".join(entry.model_dump_json() for entry in self.logs)),)


class BuildRepository(Answer):
    """The repository that a build is for."""

    namespace: str
    name: str


class Build(Answer):
    """A build and how far it has come. `archive_url` lets whoever has it fetch the build's files."""

    id: str
    phase: str
    started: Timestamp | None = None
    display_name: str | None = None
    status: Json | None = None
    tags: tuple[str, ...] = ()
    trigger: Json | None = Field(default=None, repr=False)
    repository: BuildRepository | None = None
    error: JsonValue = None
    archive_url: str | None = Field(default=None, repr=False)


class BuildLogLine(Answer):
    """One line of a build's log, ANSI codes included; `type` is `phase`, `command`, `error` or None."""

    message: str
    type: str | None = None
    data: JsonValue = None


class BuildLogs(Entries):
    """The lines of a build's log from `start` on, or only a `logs_url` once the log is archived."""

    start: int = 0
    total: int = 0
    logs: tuple[BuildLogLine, ...] = ()
    logs_url: str | None = Field(default=None, repr=False)


class RegistrySize(Answer):
    """The size that was measured last, in bytes; never measured when `last_ran` is None."""

    size_bytes: Bytes = 0
    last_ran: Milliseconds | None = None
    queued: bool = False
    running: bool = False


class ConfigDump(Answer):
    """The configuration. Quay masks only the secrets it knows, so no value is shown in a repr."""

    config: Json = Field(repr=False)
    warning: Json = Field(default_factory=dict, repr=False)
    env: Mapping[str, SecretStr] = Field(default_factory=dict, repr=False)
    config_schema: Json = Field(default_factory=dict, validation_alias="schema", repr=False)
