"""A stream of frames that we open, as Aruba Central's, from a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import pytest
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from tests.engine.ingest.pollers.test_pollers import bodies, polling
from tests.sites import until

FRAMES = [b"one", b"two", b"\0three"]


@contextmanager
def central(key: str) -> Iterator[tuple[str, list[Request]]]:
    asked: list[Request] = []

    def check(connection: ServerConnection, request: Request) -> Response | None:
        asked.append(request)
        given = request.headers.get("Authorization")
        return None if given == key else connection.respond(HTTPStatus.UNAUTHORIZED, "no")

    def speak(connection: ServerConnection) -> None:
        for frame in FRAMES:
            connection.send(frame)

    with serve(speak, "127.0.0.1", 0, process_request=check) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/streaming/api", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("options", "key"), [({}, "Bearer s3cret"), ({"user": "ops@example.org", "stream": "location"}, "s3cret")]
)
def test_frames_come_as_they_are_and_its_end_is_said(options: dict[str, str], key: str) -> None:
    with central(key) as (url, asked), polling(url, "aruba-central", "s3cret", options=options) as (pollers, got):
        until(lambda: len(got) >= 3, 60)
        assert bodies(got)[:3] == FRAMES
        assert asked[0].headers.get("Topic") == options.get("stream")
        until(lambda: pollers.states["ctl"].problem.startswith("the stream broke"), 60)


def test_another_key_is_asked_for() -> None:
    with central("s3cret") as (url, _), polling(url, "aruba-central", "wrong") as (pollers, got):
        until(lambda: "another key (401)" in pollers.states["ctl"].problem, 60)
        assert got == []


def test_nobody_there_is_said() -> None:
    with polling("ws://127.0.0.1:9/x", "aruba-central", "s") as (pollers, _):
        until(lambda: pollers.states["ctl"].problem.startswith("the stream broke"), 60)
