"""The two tokens: which of them is used, what Quay says of them, and when they end."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Setting = Literal["QUAY_TOKEN", "QUAY_READ_TOKEN"]
"""The environment variable that holds a token."""

TRIED_AGAIN_AFTER = timedelta(minutes=5)
"""So long a refused read token is left alone."""


@dataclass(frozen=True)
class TokenRefusal:
    """That Quay refuses a token: since when, and what it last said, and when."""

    since: datetime
    at: datetime
    said: str


class Tokens:
    """The token for changes and, perhaps, another for reading, of which Quay refuses one now and then.

    While the one for reading is refused, reads go by the other.
    """

    def __init__(self, token: str, read_token: str | None, clock: Callable[[], datetime]) -> None:
        self._headers = {"QUAY_TOKEN": _authorization(token)}
        if read_token and read_token != token:
            self._headers["QUAY_READ_TOKEN"] = _authorization(read_token)
        self._clock = clock
        self.refusal: TokenRefusal | None = None
        """Whether Quay refuses the token for reading."""

    @property
    def for_reading(self) -> Setting:
        """The token that the next read goes by."""
        if "QUAY_READ_TOKEN" not in self._headers:
            return "QUAY_TOKEN"
        left_alone = self.refusal and self._clock() < self.refusal.at + TRIED_AGAIN_AFTER
        return "QUAY_TOKEN" if left_alone else "QUAY_READ_TOKEN"

    def headers(self, setting: Setting) -> Mapping[str, str]:
        """What a request needs to be sent with a token."""
        return self._headers[setting]

    def refused(self, said: str) -> None:
        """Remember that Quay refuses the token for reading."""
        now = self._clock()
        self.refusal = TokenRefusal(self.refusal.since if self.refusal else now, now, said)

    def accepted(self, setting: Setting) -> None:
        """Remember that Quay took a token."""
        if setting == "QUAY_READ_TOKEN":
            self.refusal = None


def _authorization(token: str) -> Mapping[str, str]:
    if not (token.isascii() and token.isprintable() and token.strip() == token != ""):
        raise ValueError("a token consists of printable ASCII characters, without blanks around it")
    return {"Authorization": f"Bearer {token}"}


def end_of(token: str) -> datetime | None:
    """When a token ends, where it says so: the claim `exp` of a JSON Web Token (RFC 7519, 4.1.4).

    Quay takes such tokens from an OIDC provider; of its own OAuth tokens nobody can tell. The signature is Quay's to
    prove: nothing is decided from this.
    """
    try:
        _, claims, _ = token.split(".")
        return datetime.fromtimestamp(json.loads(urlsafe_b64decode(f"{claims}==="))["exp"], UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        return None


def ends_of(tokens: Mapping[str, str]) -> Mapping[str, datetime]:
    """The ends of those tokens that say when they end, by the same names."""
    ends = {name: end_of(token) for name, token in tokens.items()}
    return {name: end for name, end in ends.items() if end}
