"""Callers who never finish a request were never dropped: 600 trickled bodies open after 65 s, 256 locked everybody out.

Right: a head, a body and the reading of an answer have their time, connections their number, and those whose request is
being answered never give way to those who wait.
"""

from __future__ import annotations

import socket

import pytest

from api.middleware import bodies, border, connections
from api.middleware.bodies import read_body
from engine.config import ApiConfig, Config
from tests.api.site import Site

HEAD = b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n"


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> Config:
    """Little patience with bodies, and room for few."""
    monkeypatch.setattr(border, "read_body", lambda receive, **bounds: read_body(receive, 0.4, **bounds))
    return Config(api=ApiConfig(port=0, max_connections=40))


def call(site: Site, sent: bytes) -> socket.socket:
    caller = socket.create_connection(("127.0.0.1", site.server.port), timeout=60)
    caller.sendall(sent)
    return caller


def rest(caller: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    parts = []
    with caller:
        try:
            while part := caller.recv(65_536):
                parts.append(part)
        except ConnectionResetError:
            pass
    return b"".join(parts)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads are not waited for either. Nobody else says that: on a busy machine a good caller may take as long."""
    monkeypatch.setattr(connections, "HEAD_S", 0.4)


@pytest.mark.usefixtures("hurried")
def test_half_a_head_is_not_waited_for(site: Site) -> None:
    assert rest(call(site, b"")) == b""
    assert rest(call(site, HEAD)) == b""


@pytest.mark.usefixtures("hurried")
def test_a_head_without_end_is_cut_off(site: Site) -> None:
    caller = call(site, HEAD)
    with pytest.raises((BrokenPipeError, ConnectionResetError)):  # noqa: PT012 - whichever write notices
        for _ in range(10_000):
            caller.sendall(b"X-More: " + b"y" * 1000 + b"\r\n")
    caller.close()


def test_a_trickled_body_is_answered_408_and_closed(site: Site) -> None:
    answer = rest(call(site, HEAD + b"\r\n" + b'{"store": '))
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"too_slow" in answer


def test_those_who_wait_lock_nobody_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 600.0)
    waiting = [call(site, HEAD) for _ in range(100)]
    with site.client() as client:
        assert client.get("/health/live").status_code == 200, "while they wait, for ten minutes if need be"
    for caller in waiting:
        caller.close()


def test_those_who_are_done_and_stay_give_way_too(site: Site) -> None:
    """Senders keep connections for a minute and longer, and we do not hang up on them while there is room."""
    quiet = [call(site, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(60)]
    with site.client() as client:
        assert client.get("/health/live").status_code == 200
    answered = [caller.recv(12) for caller in quiet[-20:]]
    assert answered == [b"HTTP/1.1 200"] * 20
    for caller in quiet:
        caller.close()


def test_invented_methods_make_no_new_figures(site: Site) -> None:
    for method in ("BREW", "PROPFIND", "MKCOL"):
        rest(call(site, f"{method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()))
    with site.manager() as manager:
        text = manager.get("/metrics").text
    assert not any(method in text for method in ("BREW", "PROPFIND", "MKCOL"))


def test_the_bounds_are_what_the_docs_say() -> None:
    assert (bodies.SLOWEST_S, bodies.LIMIT_BYTES, connections.UNREAD_S) == (15.0, 1_048_576, 30.0)
