"""The environment, read once into one frozen object."""

import os
import re
from datetime import timedelta
from typing import Annotated, Literal, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.config import addresses
from bot.config.environment import SUFFIX, SecretFiles, proxy_problems, read_secret_files
from bot.model.roots import Root
from bot.model.units import parse_duration

SHORTEST_SECRET = 8
"""Characters of a signing secret or a token of Quay; shorter ones could not be told from words when logs are masked."""
SHORTEST_KEY = 32
"""Characters of SECRET_KEY."""
SHORTEST_RETENTION = timedelta(days=30)
SLASH_COMMAND = re.compile(r"/[a-z0-9_-]{1,31}")
_NEEDED = {
    "SLACK_SIGNING_SECRET": "SLACK_SIGNING_SECRET is not set (or SLACK_APP_TOKEN, for Socket Mode)",
    "SECRET_KEY": "SECRET_KEY is not set; Socket Mode (SLACK_APP_TOKEN) needs it",
}
Read = TypeVar("Read", bound="RootSettings")
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class ConfigurationError(Exception):
    """Settings are missing or malformed; `problems` names every one of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _secret(value: SecretStr | None) -> SecretStr | None:
    """A token or the signing secret, which Slack and Quay make of letters, digits and a few signs."""
    text = value.get_secret_value() if value is not None else None
    if text is None:
        return None
    if re.search(r"\s", text):
        raise ValueError("has a space or a line break in it; remove it")
    if re.search("[\"'`]", text):
        raise ValueError("has a quotation mark in it; remove it")
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("has characters that such a secret never has")
    return value


def _not_rotating(value: SecretStr | None) -> SecretStr | None:
    """Slack's expiring tokens need a refresh token that works once, which several processes cannot share."""
    if value is not None and value.get_secret_value().startswith("xoxe"):
        raise ValueError(
            "is a token that expires (xoxe…), which the bot cannot renew. Switch token rotation off; where Slack does "
            "not let you, make a new app from the manifest, which leaves it off"
        )
    return value


def _bot_token(value: SecretStr) -> SecretStr:
    if not re.match("xoxb-.", value.get_secret_value()):
        raise ValueError("must be a bot token, which begins with xoxb-")
    return value


def _long_enough(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value()) < SHORTEST_SECRET:
        raise ValueError(f"is too short: a secret has at least {SHORTEST_SECRET} characters")
    return value


def _command(value: str) -> str:
    if not SLASH_COMMAND.fullmatch(value):
        raise ValueError("must be a slash command, such as /quay")
    return value


def _app_token(value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    """The token decides how Slack's deliveries come, and each way needs a secret of its own."""
    needed = "SLACK_SIGNING_SECRET" if value is None else "SECRET_KEY"
    if info.data.get(needed.lower(), ...) is None:
        raise PydanticCustomError("mode", "{sentence}", {"name": needed, "sentence": _NEEDED[needed]})
    if value is not None and not re.match("xapp-.", value.get_secret_value()):
        raise ValueError("must be an app-level token, which begins with xapp-")
    return value


def _names(value: object) -> object:
    return frozenset(value.replace(",", " ").split()) if isinstance(value, str) else value


def _retention(value: object) -> object:
    if value == "forever":
        return None
    length = parse_duration(value) if isinstance(value, str) else value
    if isinstance(length, timedelta) and length < SHORTEST_RETENTION:
        raise ValueError(f"must be at least {SHORTEST_RETENTION.days}d, or forever")
    return length


def _lifetime(value: object) -> object:
    length = parse_duration(value) if isinstance(value, str) else value
    if isinstance(length, timedelta) and not timedelta(minutes=1) <= length <= timedelta(days=7):
        raise ValueError("must be between 1m and 7d")
    return length


def _key(value: SecretStr | None) -> SecretStr | None:
    """A key that whoever runs the bot has made: any text, but as it was meant."""
    text = value.get_secret_value() if value is not None else None
    if text is None:
        return None
    if text != text.strip() or not text.isprintable():
        raise ValueError("starts or ends with a space, or has a line break in it; remove it")
    if text[0] == text[-1] and text[0] in "\"'`":
        raise ValueError("has quotation marks around it; remove them")
    return value


def _long_key(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value()) < SHORTEST_KEY:
        raise ValueError(f"must have at least {SHORTEST_KEY} characters")
    return value


class RootSettings(BaseSettings):
    """What the keys are derived from by which stored values are sealed."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    slack_signing_secret: Annotated[SecretStr | None, AfterValidator(_secret), AfterValidator(_long_enough)] = None
    secret_key: Annotated[SecretStr | None, AfterValidator(_key), AfterValidator(_long_key)] = None
    secret_key_old: Annotated[SecretStr | None, AfterValidator(_key), AfterValidator(_long_enough)] = None
    """The root secret before this one, which may have been the signing secret. It only opens what it has sealed."""

    @model_validator(mode="after")
    def _has_a_new_key(self) -> Self:
        if self.secret_key_old and self.root and self.root.former == self.root.secret:
            raise ValueError("SECRET_KEY_OLD: is the secret that is in use; set it to the one before, or unset it")
        return self

    @property
    def root(self) -> Root | None:
        """What every key is derived from: `SECRET_KEY`, else the signing secret; and the one before."""
        now, before = self.secret_key or self.slack_signing_secret, self.secret_key_old
        return Root(now.get_secret_value(), before.get_secret_value() if before else None) if now else None


class AuditSettings(RootSettings):
    """What reading and verifying the audit needs; the bot itself needs more."""

    redis_url: Annotated[str, AfterValidator(addresses.redis_url)]

    @model_validator(mode="after")
    def _has_a_root(self) -> Self:
        if self.root is None:
            raise ValueError("SECRET_KEY is not set, and neither is SLACK_SIGNING_SECRET, which serves in its place")
        return self

    @property
    def sealing_root(self) -> Root:
        """The root, which these settings have."""
        if self.root is None:
            raise LookupError("there is no secret to derive keys from")
        return self.root

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret value, for masking."""
        given = tuple(value.get_secret_value() for _, value in self if isinstance(value, SecretStr))
        return given + addresses.redis_secrets(self.redis_url)


class Settings(AuditSettings):
    """What the processes are told by their environment. The names are fixed: others rely on them."""

    slack_bot_token: Annotated[
        SecretStr, AfterValidator(_secret), AfterValidator(_not_rotating), AfterValidator(_bot_token)
    ]
    slack_app_token: Annotated[
        SecretStr | None, AfterValidator(_secret), AfterValidator(_app_token), Field(validate_default=True)
    ] = None
    """If it is set, deliveries come over Socket Mode, and not over HTTP."""
    slack_api_url: HttpUrl = HttpUrl("https://slack.com/api/")
    slack_command: Annotated[str, AfterValidator(_command)] = "/quay"
    quay_url: Annotated[HttpUrl, AfterValidator(addresses.quay_url)]
    quay_ca_file: Annotated[str | None, AfterValidator(addresses.ca_file)] = None
    """Certificates in PEM format that are trusted for Quay, besides those of the system."""
    quay_token: Annotated[SecretStr, AfterValidator(_secret), AfterValidator(_long_enough)]
    quay_read_token: Annotated[SecretStr | None, AfterValidator(_secret), AfterValidator(_long_enough)] = None
    quay_token_namespaces: Annotated[frozenset[str], NoDecode, BeforeValidator(_names)] = frozenset()
    """What both tokens depend on: their owners, and the organizations whose OAuth applications issued them."""
    permissions_file: str = "permissions.yaml"
    alerts_file: str = "alerts.yaml"
    listen_host: str | None = None
    port: Annotated[int, Field(ge=0, le=65535)] = 3000
    log_level: LogLevel = "INFO"
    shutdown_seconds: Annotated[int, Field(ge=0, le=600)] = 20
    """How long `serve` lets requests under way continue after SIGTERM; then their people are told to try again."""
    secret_lifetime: Annotated[timedelta, BeforeValidator(_lifetime)] = timedelta(hours=12)
    audit_retention: Annotated[timedelta | None, BeforeValidator(_retention)] = timedelta(days=400)
    """None keeps all of the audit for good."""

    @property
    def host(self) -> str:
        """Where the server listens: where LISTEN_HOST says, else everywhere, as a container needs it for HTTP.

        In Socket Mode nobody outside has anything to ask, so it is loopback.
        """
        return self.listen_host or ("127.0.0.1" if self.slack_app_token else "0.0.0.0")  # noqa: S104

    @property
    def signing_secret(self) -> str:
        """The secret that deliveries over HTTP are signed with. Raises LookupError in Socket Mode without one."""
        if self.slack_signing_secret is None:
            raise LookupError("SLACK_SIGNING_SECRET is not set")
        return self.slack_signing_secret.get_secret_value()

    @property
    def tokens_of_quay(self) -> dict[str, str]:
        """The tokens for Quay, by the names of their settings."""
        named = {"QUAY_TOKEN": self.quay_token, "QUAY_READ_TOKEN": self.quay_read_token}
        return {name: token.get_secret_value() for name, token in named.items() if token}


def load_settings() -> Settings:
    """Read the environment. Raises ConfigurationError that names every problem at once."""
    return _load(Settings)


def load_root_settings() -> RootSettings:
    """Read of the environment what seals alone need. Raises ConfigurationError as `load_settings`."""
    return _load(RootSettings)


def load_audit_settings() -> AuditSettings:
    """Read of the environment what the audit alone needs. Raises ConfigurationError as `load_settings`."""
    return _load(AuditSettings)


def _load(kind: type[Read]) -> Read:
    files = read_secret_files(_secret_names(kind), os.environ)
    problems = [*files.problems.values(), *proxy_problems(os.environ)]
    try:
        settings = kind.model_validate({name.lower(): value for name, value in files.values.items()})
    except ValidationError as error:
        problems += [_sentence(problem, files) for problem in error.errors() if _is_news(problem, files)]
        raise ConfigurationError(problems) from None
    if problems:
        raise ConfigurationError(problems)
    return settings


def _secret_names(kind: type[Read]) -> list[str]:
    """The settings that a file may hold: secrets, and the address of Redis, which has a password in it."""
    fields = kind.model_fields.items()
    return [
        name.upper()
        for name, each in fields
        if name == "redis_url" or SecretStr in {each.annotation, *get_args(each.annotation)}
    ]


def _is_news(problem: ErrorDetails, files: SecretFiles) -> bool:
    """Whether a problem is no mere consequence of a file that cannot be read."""
    return _name(problem) not in files.problems if _name(problem) else not files.problems


def _name(problem: ErrorDetails) -> str:
    if problem["type"] == "mode":
        return str(problem["ctx"]["name"])
    return str(problem["loc"][0]).upper() if problem["loc"] else ""


def _sentence(problem: ErrorDetails, files: SecretFiles) -> str:
    said, name = problem["msg"].removeprefix("Value error, "), _name(problem)
    if not name or problem["type"] == "mode":
        return said
    if name in files.values:
        name += SUFFIX
    return f"{name} is not set" if problem["type"] == "missing" else f"{name}: {said}"
