"""Quay: where it is, how it is reached, and what time it has."""

from datetime import UTC, datetime, timedelta
from ssl import SSLObject, cert_time_to_seconds
from typing import cast
from urllib.parse import urlsplit

import httpx

from bot.config.environment import LOCAL
from bot.doctor.check import Check, Setup
from bot.doctor.clocks import compared
from bot.doctor.slack_answers import date_of
from bot.doctor.unchecked import Unchecked
from bot.model.checkup import Result, failed, ok, warning
from bot.quay.errors import QuayError
from bot.quay.operations import OPERATIONS

_ANY = OPERATIONS["getRegistrySize"]
_SOON = timedelta(days=21)
_REACH = "Check QUAY_URL, HTTPS_PROXY and the firewall."
_TRUST = "If Quay's certificate is your own, name its authority in QUAY_CA_FILE; else renew it."


async def _first_answer(setup: Setup) -> httpx.Response:
    """What Quay says without a token: a 401 costs it hardly anything. Raises Unchecked."""
    try:
        return await setup.quay.get(_ANY, None)
    except QuayError as error:
        raise Unchecked(error.message) from error


async def _address(setup: Setup) -> Result:
    try:
        response = await setup.quay.get(_ANY, None)
    except QuayError as error:
        certificate = "certificate" in error.message.lower()
        return failed(error.message, _TRUST if certificate else _REACH)
    if response.is_redirect:
        target = response.url.join(response.headers.get("location", ""))
        if target.path != response.url.path.rstrip("/"):
            address = f"{target.scheme}://{target.netloc.decode()}"
            return failed(
                f"{response.url.scheme}://{response.url.netloc.decode()} redirects to {address}.",
                f"Set QUAY_URL={address}",
            )
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return failed(f"Quay, or a proxy in front of it, answers {response.status_code}.", "Look at its logs.")
    if response.status_code != httpx.codes.UNAUTHORIZED or "json" not in response.headers.get("content-type", ""):
        return failed(
            f"What answers isn't Quay's superuser API (status {response.status_code}).",
            "Set QUAY_URL to the registry's own address, and FEATURE_SUPER_USERS to true in Quay's config.yaml.",
        )
    return ok("Quay answers.")


async def _tls(setup: Setup) -> Result:
    address = setup.settings.quay_url
    if address.scheme == "http":
        if address.host in LOCAL:
            return ok("No TLS, on this host.")
        return warning("The token travels without TLS.", "Use https:// in QUAY_URL.")
    response = await _first_answer(setup)
    connection = cast(SSLObject | None, response.extensions["network_stream"].get_extra_info("ssl_object"))
    certificate = connection.getpeercert() if connection else None
    if connection is None or not certificate:
        raise Unchecked("the certificate can't be seen.")
    ends = datetime.fromtimestamp(cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    if ends - setup.clock() < _SOON:
        return warning(f"Quay's certificate ends on {ends:%Y-%m-%d}.", "Renew it.")
    return ok(f"{connection.version()}; the certificate is valid until {ends:%Y-%m-%d}.")


async def _hostname(setup: Setup) -> Result:
    config = await setup.quay.config()
    if config is None or not isinstance(config.get("SERVER_HOSTNAME"), str):
        return ok("Quay doesn't say what it is called: its configuration can't be read.")
    own, ours = config["SERVER_HOSTNAME"], urlsplit(str(setup.settings.quay_url)).netloc
    if urlsplit(f"//{own}").hostname == urlsplit(f"//{ours}").hostname:
        return ok(f"Quay is called {own}.")
    return warning(
        f"Quay is called {own}, and QUAY_URL says {ours}. Links in messages lead to {ours}.",
        "If people can't open that address, set QUAY_URL to the one they use.",
    )


async def _clock(setup: Setup) -> Result:
    return compared("Quay", date_of((await _first_answer(setup)).headers), setup.clock())


ADDRESS = (
    Check("address", "Quay", "`QUAY_URL` leads to Quay, without a redirect, and its superuser API is on", _address),
    Check("TLS", "Quay", "The connection is encrypted, and the certificate is valid for 21 days or more", _tls),
    Check("hostname", "Quay", "`QUAY_URL` is what Quay calls itself, so that links work", _hostname),
    Check("clock", "Quay", "The host's clock agrees with Quay's", _clock),
)
