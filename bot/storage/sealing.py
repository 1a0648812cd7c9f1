"""Keys that are not in Redis, and values that cannot be forged without them."""

import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.model.roots import Root

Keys = tuple[bytes, ...]
"""The keys of one purpose: the first one seals, each of them opens."""


def derive_keys(root: Root, purpose: str) -> Keys:
    """Derive the 32-byte keys of one purpose from the deployment's secrets (HKDF, RFC 5869)."""
    info = f"quaymaster {purpose} v1".encode()
    secrets = [secret for secret in (root.secret, root.former) if secret]
    return tuple(HKDF(SHA256(), 32, salt=None, info=info).derive(secret.encode()) for secret in secrets)


class Tampered(Exception):
    """A stored value does not carry the seal that this deployment would have given it."""


class Sealer:
    """Seals JSON values to the name under which they are stored.

    The seal covers the name, so that a sealed value cannot be copied to another name. It does not stop an
    older value of the same name from being put back; versions inside the value bound that. The first key seals;
    whatever was sealed with any of them is opened.
    """

    def __init__(self, *keys: bytes) -> None:
        self._keys = keys

    def seal(self, name: str, value: dict[str, Any]) -> bytes:
        """Return the value as bytes that `unseal` accepts under the same name alone."""
        body = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        return _mac(self._keys[0], name, body) + b"." + body

    def unseal(self, name: str, sealed: bytes) -> dict[str, Any]:
        """Return what was sealed under this name; raises Tampered for anything else."""
        mac, _, body = sealed.partition(b".")
        if not any(hmac.compare_digest(mac, _mac(key, name, body)) for key in self._keys):
            raise Tampered(name)
        value: dict[str, Any] = json.loads(body)
        return value


def _mac(key: bytes, name: str, body: bytes) -> bytes:
    digest = hmac.digest(key, len(name).to_bytes(4, "big") + name.encode() + body, "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=")
