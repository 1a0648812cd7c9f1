"""Public keys in JSON, and the names that are made from them."""

import base64
import hashlib
import json
import random


def base64url(data: bytes) -> str:
    """Base64 for URLs, without padding, as JWKs have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def rsa_jwk(modulus: int) -> dict[str, str]:
    """The JWK of an RSA public key with the usual exponent."""
    return {
        "e": "AQAB",
        "kty": "RSA",
        "n": base64url(modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")),
    }


def pseudo_jwk(rng: random.Random) -> dict[str, str]:
    """A public key that looks like one and that nobody has the private part of; cheap to make."""
    return rsa_jwk(rng.getrandbits(2048) | 1 << 2047 | 1)


def thumbprint(jwk: dict[str, str]) -> bytes:
    """The RFC 7638 thumbprint of an RSA key: SHA-256 over its required members in order, 32 bytes."""
    required = {name: jwk[name] for name in ("e", "kty", "n")}
    return hashlib.sha256(json.dumps(required, separators=(",", ":")).encode()).digest()
