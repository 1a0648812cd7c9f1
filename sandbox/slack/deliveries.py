"""Deliveries to the bot's one URL: signed, in time or given up, events more than once."""

import asyncio
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal
from urllib.parse import urlencode

import httpx

from sandbox.slack.model import Json
from sandbox.slack.settings import SlackSettings

Failure = Literal["operation_timeout", "dispatch_failed", "http_service_error"]

_FORM = "application/x-www-form-urlencoded"
_RETRY_REASONS: Mapping[Failure, str] = {
    "operation_timeout": "http_timeout",
    "dispatch_failed": "connection_failed",
    "http_service_error": "http_error",
}


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


@dataclass(frozen=True)
class Acknowledgement:
    """How the bot took a delivery; `failure` is Slack's word for what went wrong, if anything did."""

    failure: Failure | None = None
    status: int = 0
    body: str = ""
    final: bool = False

    def answer(self) -> Json | None:
        """The body as a JSON object; empty where nothing came, None where it is something else."""
        if not self.body.strip():
            return {}
        try:
            found = json.loads(self.body)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None


@dataclass
class Deliveries:
    """The way to the bot.

    Signatures carry the real time, which is what the bot compares them with, whatever the workspace's clock says.
    Every delivery has a connection of its own.
    """

    settings: SlackSettings
    wall_clock: Callable[[], float] = time.time
    _retries: set[asyncio.Task[None]] = field(default_factory=set)
    _http: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(
            verify=_tls(), timeout=60, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )
    )

    async def command(self, fields: Mapping[str, str]) -> Acknowledgement:
        """Deliver a slash command, as a form."""
        return await self._post(urlencode(fields), _FORM)

    async def interaction(self, payload: Json) -> Acknowledgement:
        """Deliver what somebody did: JSON in the form field `payload`."""
        return await self._post(urlencode({"payload": _compact(payload)}), _FORM)

    async def event(self, payload: Json) -> Acknowledgement:
        """Deliver an event, as JSON. Where that fails it is delivered again later, up to three times."""
        first = await self._post(_compact(payload), "application/json")
        if first.failure and not first.final:
            task = asyncio.create_task(self._retry(_compact(payload), first))
            self._retries.add(task)
            task.add_done_callback(self._retries.discard)
        return first

    async def close(self) -> None:
        """Give up what would still be delivered again."""
        for task in self._retries:
            task.cancel()
        await asyncio.gather(*self._retries, return_exceptions=True)
        await self._http.aclose()

    async def _retry(self, body: str, last: Acknowledgement) -> None:
        for number, seconds in enumerate(self.settings.retry_seconds, 1):
            if last.failure is None or last.final:
                return
            await asyncio.sleep(seconds)
            headers = {"x-slack-retry-num": str(number), "x-slack-retry-reason": _RETRY_REASONS[last.failure]}
            last = await self._post(body, "application/json", headers)

    async def _post(self, body: str, content_type: str, headers: Mapping[str, str] | None = None) -> Acknowledgement:
        try:
            async with asyncio.timeout(self.settings.ack_seconds):
                response = await self._http.post(
                    self.settings.bot_url,
                    content=body.encode(),
                    headers={"content-type": content_type, **self._signature(body), **(headers or {})},
                )
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


def _compact(payload: Json) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
