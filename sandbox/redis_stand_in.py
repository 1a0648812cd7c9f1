"""The sandbox's last resort: a Redis written in Python, with the two things that the bot misses in it."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fakeredis import TcpFakeServer
from fakeredis._clients._tcp_server import TCPFakeRequestHandler
from fakeredis._commands import command
from fakeredis._socket import FakeSocket

VERSION = "7.0.0"


@contextmanager
def stand_in() -> Iterator[str]:
    """Serve a stand-in on a free loopback port for as long as the context lasts, and give its URL."""
    with TcpFakeServer(("127.0.0.1", 0)) as server:
        server.RequestHandlerClass = _PatientHandler
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield f"redis://127.0.0.1:{server.server_address[1]}/0"
        finally:
            server.shutdown()
            serving.join()


class _PatientHandler(TCPFakeRequestHandler):
    """One client. The library hangs up after an error reply, such as NOSCRIPT; a Redis server does not."""

    def handle(self) -> None:
        while not self.server._shutdown_event.is_set() and not self._hung_up():
            super().handle()

    def _hung_up(self) -> bool:
        waiting, _, _ = select.select([self.connection], [], [], 0)
        try:
            return bool(waiting) and self.connection.recv(1, socket.MSG_PEEK) == b""
        except ConnectionError:
            return True


@command((), (bytes,))
def info(_: FakeSocket, *_sections: bytes) -> bytes:
    """INFO, from which SAQ takes the version."""
    return f"# Server\r\nredis_version:{VERSION}\r\n".encode()


FakeSocket.info = info  # type: ignore[attr-defined]
