"""Deliveries over HTTP: signed requests to the bot's URL."""

import asyncio
import hashlib
import hmac
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlencode

import httpx

from sandbox.slack.delivery import Acknowledgement, Delivery, Send, compact
from sandbox.slack.settings import SlackSettings


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


@dataclass
class OverHttp:
    """Posts deliveries, each over a connection of its own.

    Signatures carry the real time, not the workspace's: the bot compares them with its own clock.
    """

    settings: SlackSettings
    wall_clock: Callable[[], float] = time.time
    name: str = "http"
    _http: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(
            verify=_tls(), timeout=60, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )
    )

    def pack(self, delivery: Delivery) -> Send:
        """Sign a delivery: a command as a form, an interaction as JSON in its field `payload`, an event as JSON."""
        if delivery.kind == "events_api":
            body, content_type = compact(delivery.payload), "application/json"
        else:
            command = delivery.kind == "slash_commands"
            body = urlencode(delivery.payload if command else {"payload": compact(delivery.payload)})
            content_type = "application/x-www-form-urlencoded"
        headers = {"content-type": content_type, **self._signature(body)}
        if delivery.retry:
            headers |= {"x-slack-retry-num": str(delivery.retry), "x-slack-retry-reason": delivery.reason}

        async def send() -> Acknowledgement:
            return await self._post(body, headers)

        return send

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _post(self, body: str, headers: dict[str, str]) -> Acknowledgement:
        request = self._http.post(self.settings.bot_url, content=body.encode(), headers=headers)
        try:
            async with asyncio.timeout(self.settings.ack_seconds):
                response = await request
        except TimeoutError:
            return Acknowledgement("operation_timeout")
        except (httpx.HTTPError, httpx.InvalidURL):
            return Acknowledgement("dispatch_failed")
        if response.status_code != 200:
            final = response.headers.get("x-slack-no-retry") == "1"
            return Acknowledgement("http_service_error", response.status_code, response.text, final)
        return Acknowledgement(None, 200, response.text)

    def _signature(self, body: str) -> dict[str, str]:
        """Slack's v0 signature: HMAC-SHA256 over the version, the time and the raw body."""
        timestamp = str(int(self.wall_clock()))
        signed = hmac.new(self.settings.signing_secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256)
        return {
            "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": f"v0={signed.hexdigest()}",
        }
