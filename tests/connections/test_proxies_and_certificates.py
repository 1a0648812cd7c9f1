"""HTTPS_PROXY and NO_PROXY hold for Slack and Quay alike; QUAY_CA_FILE is trusted besides what the system trusts."""

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from slack_sdk.errors import SlackClientError

from bot.config.environment import proxy_for
from bot.quay.client import open_client
from bot.slack.messenger import FAILURES, open_slack

CALLS = """
import asyncio, sys
from bot.config.environment import proxy_for
from bot.quay.client import open_client
from bot.slack.messenger import open_slack

async def main(quay, slack):
    by = proxy_for(slack)
    async with open_client(quay, proxy=proxy_for(quay)) as http, open_slack(slack, "xoxb-1", None, by) as web:
        for call in (http.get("/api/v1/user/"), web.auth_test()):
            try:
                await call
            except Exception as error:
                print(type(error).__name__)

asyncio.run(main(*sys.argv[1:]))
"""


@asynccontextmanager
async def proxy() -> AsyncIterator[tuple[str, list[str]]]:
    """A proxy that notes what it is asked for, and refuses it."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        asked.append(line.decode().rsplit(" ", 1)[0])
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def asked_of_the_proxy(quay: str, slack: str, **environment: str) -> list[str]:
    """What a process asks the proxy for, when it calls Quay and Slack with this environment."""
    async with proxy() as (url, asked):
        clean = {"PATH": os.environ["PATH"], "HTTPS_PROXY": url, "HTTP_PROXY": url, **environment}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CALLS, quay, slack, env=clean, stdout=subprocess.PIPE
        )
        await asyncio.wait_for(process.communicate(), 30)
        return asked


async def test_slack_and_quay_are_reached_by_the_proxy() -> None:
    """Both of them, by a tunnel."""
    asked = await asked_of_the_proxy("https://quay.invalid", "https://slack.invalid/api/")
    assert set(asked) == {"CONNECT quay.invalid:443", "CONNECT slack.invalid:443"}


async def test_no_proxy_names_who_is_asked_directly() -> None:
    """Of Slack too, whose SDK would not look."""
    asked = await asked_of_the_proxy("https://quay.invalid", "https://slack.invalid/api/", NO_PROXY="slack.invalid")
    assert set(asked) == {"CONNECT quay.invalid:443"}


async def test_this_machine_is_asked_directly() -> None:
    """As the sandbox needs it."""
    assert await asked_of_the_proxy("http://127.0.0.1:1", "http://localhost:1/api/") == []
    assert proxy_for("http://[::1]:8080/") is None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that nobody else trusts, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "quay.test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "ca.pem", folder / "key.pem"


async def test_a_registry_with_a_certificate_of_its_own(certificate: tuple[Path, Path]) -> None:
    """Trusted if QUAY_CA_FILE names it, refused if not."""
    ca, key = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, key)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with open_client(url, ca_file=str(ca)) as trusting:
            assert (await trusting.get("/api/v1/user/")).status_code == 200
        async with open_client(url) as other:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await other.get("/api/v1/user/")


async def test_a_proxy_that_refuses_is_a_failure_of_the_call() -> None:
    """One that the bot's callers know."""
    async with proxy() as (url, _), open_slack("https://slack.invalid/api/", "xoxb-1", None, url) as web:
        with pytest.raises((*FAILURES, SlackClientError)):
            await web.auth_test()
