"""Services that bring their own keys to the simulated Quay's key server."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.quay.jwk import rsa_jwk, thumbprint

SERVICE = "quay_builder"
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
"""One key pair for all."""
JWK = rsa_jwk(PRIVATE.public_key().public_numbers().n)

Put = Callable[..., Awaitable[httpx.Response]]


def putting(quay: httpx.AsyncClient) -> Put:
    """How a service puts its key: `await put(kid=…, service=…, audience=…, signer=…, query=…)`; all may be left out."""

    async def put(
        kid: str | None = None,
        service: str = SERVICE,
        audience: str | None = None,
        signer: str | None = None,
        query: dict[str, Any] | None = None,
    ) -> httpx.Response:
        kid = kid or thumbprint(JWK).hex()
        now = datetime.now(UTC)
        claims = {
            "iss": service,
            "aud": audience or str(quay.base_url).rstrip("/"),
            "iat": now,
            "nbf": now,
            "exp": now + timedelta(minutes=1),
        }
        token = jwt.encode(claims, PRIVATE, "RS256", {"kid": signer or kid})
        return await quay.put(
            f"/keys/services/{service}/keys/{kid}",
            params=query,
            json=JWK,
            headers={"Authorization": f"Bearer {token}"},
        )

    return put
