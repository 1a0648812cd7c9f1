"""Keys that are not in Redis, and values that cannot be forged without them."""

import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive_key(secret: str, purpose: str) -> bytes:
    """Derive the 32-byte key of one purpose from the deployment's secret (HKDF, RFC 5869)."""
    return HKDF(SHA256(), 32, salt=None, info=f"quaymaster {purpose} v1".encode()).derive(secret.encode())


class Tampered(Exception):
    """A stored value does not carry the seal that this deployment would have given it."""


class Sealer:
    """Seals JSON values to the name under which they are stored.

    The seal covers the name, so that a sealed value cannot be copied to another name. It does not stop an
    older value of the same name from being put back; versions inside the value bound that.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, name: str, value: dict[str, Any]) -> bytes:
        """Return the value as bytes that `unseal` accepts under the same name alone."""
        body = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        return self._mac(name, body) + b"." + body

    def unseal(self, name: str, sealed: bytes) -> dict[str, Any]:
        """Return what was sealed under this name; raises Tampered for anything else."""
        mac, _, body = sealed.partition(b".")
        if not hmac.compare_digest(mac, self._mac(name, body)):
            raise Tampered(name)
        value: dict[str, Any] = json.loads(body)
        return value

    def _mac(self, name: str, body: bytes) -> bytes:
        digest = hmac.digest(self._key, len(name).to_bytes(4, "big") + name.encode() + body, "sha256")
        return urlsafe_b64encode(digest).rstrip(b"=")
