"""A connection to a mail server that is hung up after its time, in the middle of a TLS handshake, too.

Each reading has a timeout of its own, which a server that sends byte by byte never uses up.
"""

from __future__ import annotations

import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Connection(smtplib.SMTP):
    """smtplib's, with a second handle of its socket: while TLS is agreed upon smtplib itself has none that is open."""

    _handle: socket.socket | None = None
    _over = False

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self._handle = connected.dup()
        if self._over:
            connected.close()
            raise TimeoutError("it took too long to connect")
        return connected

    def hang_up(self) -> None:
        """Ends it from another thread, whatever it waits for: that raises SMTPServerDisconnected or OSError."""
        self._over = True
        with suppress(OSError):  # it has hung up by itself
            if self._handle is not None:
                self._handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Closes both handles."""
        super().close()
        if self._handle is not None:
            self._handle.close()


class TlsConnection(smtplib.SMTP_SSL, Connection):
    """The same, encrypted from its first byte."""


@contextmanager
def in_time(server: Connection, seconds: float) -> Iterator[None]:
    """Hangs up after so long, whatever has come."""
    timer = threading.Timer(seconds, server.hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
