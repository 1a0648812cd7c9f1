"""What a token says of itself."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, datetime


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
