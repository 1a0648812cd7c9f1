"""What the bot's own tokens hang on: their owners, and the organizations whose OAuth applications issued them.

Quay protects neither: it disables and deletes the owner of a token like anybody, and an organization together with all
tokens of its applications. From then on it refuses the bot, and nobody can undo that from Slack.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.confirmations import Record
from bot.model.plans import Refusal
from bot.quay.client import Quay
from bot.quay.errors import Forbidden, NotFound, QuayError
from bot.quay.models import Application, LogEntry, User

KEY = "quaymaster:registry:token"
SETTING = "QUAY_TOKEN_NAMESPACES"
CLIENT_ID = "oauth_token_application_id"
"""The field of a log entry's metadata that names the application of the token that acted."""
PAGES = 3
"""So many pages of 20 usage-log entries are searched for the bot's own after a change."""
CLOCKS_DIFFER_BY = timedelta(minutes=2)

log = structlog.get_logger()

_LOGGED_AS: Mapping[str, tuple[str, str, str]] = {
    "createInstallUser": ("user_create", "username", "username"),
    "deleteInstallUser": ("user_delete", "username", "username"),
    "approveServiceKey": ("service_key_approve", "kid", "kid"),
    "deleteServiceKey": ("service_key_delete", "kid", "kid"),
    "deleteOrganization": ("org_delete", "namespace", "name"),
}
"""How Quay logs a change that it makes at most once: the kind, the field of the entry's metadata that names what
changed, and the argument that named it."""
LOGGED = frozenset(_LOGGED_AS)


@dataclass(frozen=True)
class Origin:
    """Where QUAY_TOKEN comes from: the user who owns it, and the OAuth application that issued it."""

    owner: str
    client_id: str
    application: str


@dataclass(frozen=True)
class OwnTokens:
    """Knows what the tokens hang on: from a setting, and from what Quay logged of the bot's own changes.

    `token` is QUAY_TOKEN, of which only a fingerprint is stored. `reads_apart` says that QUAY_READ_TOKEN is another
    one: nothing tells its owner. `named` are the namespaces of the setting; with it nothing is left to guess.
    """

    redis: Redis
    token: str
    reads_apart: bool = False
    named: frozenset[str] = frozenset()

    def require_unnamed(self, namespace: str, does: str) -> None:
        """Raise Refusal for a namespace that the setting names."""
        if namespace in self.named:
            raise Refusal(f"{does} {namespace} could lock the bot out: {SETTING} says that its tokens depend on it.")

    async def spare_user(self, username: str, does: str) -> None:
        """Raise Refusal for a user whom a token is known to belong to; for the last look before the call as well."""
        self.require_unnamed(username, does)
        origin = await self.origin()
        if origin and origin.owner == username:
            raise Refusal(f"{does} {username} would lock the bot out: QUAY_TOKEN belongs to this user.")

    async def spare_organization(self, quay: Quay, name: str, does: str) -> None:
        """The same of an organization whose application is known to have issued a token. Raises QuayError, too."""
        self.require_unnamed(name, does)
        if origin := await self.origin():
            _require_other_origin(origin, await _applications(quay, name), name, does)

    async def warnings_of_user(self, user: User, does: str) -> tuple[str, ...]:
        """What to say of a user who is to be locked out or deleted. Raises Refusal for the owner of QUAY_TOKEN."""
        await self.spare_user(user.username, does)
        if self.named or not (self.reads_apart and user.global_readonly_super_user):
            return ()
        return (
            f"{user.username} is a read-only superuser. If QUAY_READ_TOKEN belongs to this user, Quay will refuse it. "
            f"To have this checked, set {SETTING}.",
        )

    async def warnings_of_organization(self, quay: Quay, name: str, does: str) -> tuple[str, ...]:
        """What to say of an organization that is to be deleted or renamed. Raises Refusal for that of QUAY_TOKEN."""
        self.require_unnamed(name, does)
        applications, origin = await _applications(quay, name), await self.origin()
        if origin:
            _require_other_origin(origin, applications, name, does)
        if self.named or applications == () or (applications is not None and origin and not self.reads_apart):
            return ()
        which = "QUAY_READ_TOKEN" if applications is not None and origin else "a token of the bot"
        if applications is None:
            has = f"Quay doesn't show whether {name} has OAuth applications. If one of them"
        else:
            names = ", ".join(application.name for application in applications[:5])
            has = f"{name} has OAuth applications: {names}. If one of them"
        return (f"{has} issued {which}, Quay may refuse that token. To have this checked, set {SETTING}.",)

    async def origin(self) -> Origin | None:
        """Where QUAY_TOKEN comes from, if Quay's log has shown it."""
        try:
            stored = await self.redis.hget(KEY, self._fingerprint)  # type: ignore[misc]
        except RedisError as error:
            log.warning("origin_of_token_not_recalled", kind=type(error).__name__)
            return None
        return Origin(**json.loads(stored)) if stored else None

    async def learn(self, quay: Quay, record: Record) -> None:
        """Look in the usage log for a change that the bot has just made: its entry names owner and application.

        Costs nothing once they are known. Raises no QuayError.
        """
        if record.offer.operation not in _LOGGED_AS or await self.origin() is not None:
            return
        try:
            entry = await _find(quay, record)
        except QuayError as error:
            log.info("origin_of_token_not_read", said=error.message)
            return
        if entry is None or entry.performer is None:
            return
        origin = Origin(
            owner=entry.performer.name,
            client_id=str(entry.metadata[CLIENT_ID]),
            application=str(entry.metadata.get("oauth_token_application") or ""),
        )
        async with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(KEY)
            pipeline.hset(KEY, self._fingerprint, json.dumps(asdict(origin)))
            try:
                await pipeline.execute()
            except RedisError as error:
                log.warning("origin_of_token_not_stored", kind=type(error).__name__)

    @property
    def _fingerprint(self) -> str:
        return sha256(self.token.encode()).hexdigest()[:16]


def _require_other_origin(origin: Origin, applications: tuple[Application, ...] | None, name: str, does: str) -> None:
    for application in applications or ():
        if application.client_id == origin.client_id:
            raise Refusal(
                f"{does} {name} could lock the bot out: its application {application.name} issued QUAY_TOKEN. "
                "First set a token from another organization's application."
            )


async def _applications(quay: Quay, organization: str) -> tuple[Application, ...] | None:
    """An organization's OAuth applications; None where Quay doesn't show them."""
    try:
        return await quay.get_organization_applications(organization)
    except Forbidden:
        return None
    except NotFound:
        return ()


async def _find(quay: Quay, record: Record) -> LogEntry | None:
    """The entry of a change; None where another token did the same at that time."""
    kind, field, argument = _LOGGED_AS[record.offer.operation]
    named, since = record.offer.arguments.get(argument), record.created_at - CLOCKS_DIFFER_BY
    found: dict[str, LogEntry] = {}
    token = None
    for _ in range(PAGES):
        page = await quay.list_all_logs(next_page=token)
        for entry in page.logs:
            client_id = entry.metadata.get(CLIENT_ID)
            if client_id and entry.kind == kind and entry.metadata.get(field) == named and entry.at >= since:
                found[str(client_id)] = entry
        token = page.next_page
        if token is None:
            break
    return next(iter(found.values())) if len(found) == 1 else None
