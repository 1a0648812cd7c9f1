"""How the simulated Slack and the bot know each other."""

from dataclasses import dataclass, field
from typing import Literal

from starlette.requests import Request

from sandbox.slack.model import APP_ID

SCOPES = (
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "files:write",
    "groups:read",
    "im:write",
    "team:read",
    "usergroups:read",
    "users:read",
    "users:read.email",
)


Mode = Literal["auto", "http", "socket"]


@dataclass(frozen=True)
class Shortcut:
    """A message shortcut, as the app's manifest names it."""

    callback_id: str
    name: str


@dataclass
class SlackSettings:
    """Everything that may be different from one sandbox to the next; all of it may be changed while it runs.

    `bot_url` is where deliveries go over HTTP; with the mode `auto` they go over the bot's WebSockets while there are
    any. `ack_seconds` is how long an acknowledgement may take, and `retry_seconds` how long Slack waits before each
    further delivery of an event. `public_url` starts the addresses that are handed out; where it is empty, the address
    of the first request is taken.
    """

    bot_url: str
    mode: Mode = "auto"
    bot_token: str = "xoxb-sandbox"
    app_token: str = "xapp-sandbox"
    signing_secret: str = "sandbox-signing-secret"
    command: str = "/quay"
    ack_seconds: float = 3.0
    public_url: str = ""
    retry_seconds: tuple[float, ...] = (0.0, 60.0, 300.0)
    should_escape: bool = True
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    app_token_app: str = APP_ID
    """The app that the app-level token belongs to: another one than the bot's if somebody mixed them up."""
    app_scopes: set[str] = field(default_factory=lambda: {"connections:write"})
    refused_tokens: dict[str, str] = field(default_factory=dict)
    """Refused tokens, each with its error: token_revoked, account_inactive, token_expired."""
    events: set[str] = field(default_factory=lambda: {"app_home_opened"})
    """Event subscriptions: app_home_opened, app_mention, message.im, message.channels, message.groups."""
    shortcuts: tuple[Shortcut, ...] = ()
    """What the app offers in the menu of each message."""

    def learn_url(self, request: Request) -> None:
        """Take over the address at which a request came, where no other was given."""
        self.public_url = self.public_url or str(request.base_url).rstrip("/")
