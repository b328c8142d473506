"""Waiting for sockets, and what is wrong with them in words."""

from __future__ import annotations

import select
import ssl
from typing import Any


def ready(reading: list[Any], writing: list[Any], timeout_s: float) -> tuple[list[Any], list[Any]]:
    """`select.select` without its limit to the first 1024 file descriptors, where the system has `poll`."""
    if not hasattr(select, "poll"):
        readable, writable, _ = select.select(reading, writing, [], timeout_s)
        return readable, writable
    poll = select.poll()
    for sock in {*reading, *writing}:
        events = (select.POLLIN if sock in reading else 0) | (select.POLLOUT if sock in writing else 0)
        poll.register(sock, events)
    happened = dict(poll.poll(timeout_s * 1000))
    troubled = select.POLLHUP | select.POLLERR | select.POLLNVAL
    return (
        [sock for sock in reading if happened.get(sock.fileno(), 0) & (select.POLLIN | troubled)],
        [sock for sock in writing if happened.get(sock.fileno(), 0) & (select.POLLOUT | troubled)],
    )


def reason_of(error: Exception) -> str:
    """What went wrong, as shortly as the error itself says it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
