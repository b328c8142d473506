"""Controllers that are asked: signing in, pages, streams, what goes wrong, and who asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from engine.config import SourceConfig
from engine.ingest.pollers.polling import Pollers
from engine.ingest.sources.declared import declare
from engine.ingest.sources.envelope import open_request
from tests.engine.ingest.pollers.controllers import API_KEY, PASSWORD, USER, Controller, Running
from tests.engine.ingest.sources.made import store
from tests.sites import until

Delivered = list[tuple[str, bytes]]


@contextmanager
def polling(
    url: str, kind: str, secret: str = "", ours: Callable[[], bool] = lambda: True, takes: bool = True, **keys: Any
) -> Iterator[tuple[Pollers, Delivered]]:
    said = {"name": "ctl", "kind": kind, "stores": ["shop"], "url": url, "every_s": 3600} | keys
    if secret:
        said["secret_env"] = "T_SECRET"
    sources = declare([SourceConfig.model_validate(said)], {"shop": store()}, {"T_SECRET": secret})
    got: Delivered = []

    def deliver(topic: str, payload: bytes) -> bool:
        got.append((topic, payload))
        return takes

    pollers = Pollers(list(sources), deliver, lambda _: ours())
    pollers.start()
    try:
        yield pollers, got
    finally:
        pollers.stop()


def bodies(got: Delivered) -> list[bytes]:
    assert {topic for topic, _ in got} == {"rayon/shop/in/ctl"}
    return [open_request(payload, time.time(), "any", None).body for _, payload in got]


def test_unifi_signs_in_when_it_must_and_gets_the_list() -> None:
    with Running() as url, polling(url, "unifi", f"{USER}:{PASSWORD}") as (_, got):
        until(lambda: bool(got), 60)
        assert b'"signal": -61' in bodies(got)[0]
    assert Controller.asked["/api/auth/login"] == 1


def test_the_official_api_is_read_page_by_page() -> None:
    options = {"api": "integration", "site": "s1"}
    with Running() as url, polling(url, "unifi", API_KEY, options=options) as (_, got):
        until(lambda: len(got) == 2, 60)
        assert b"02:00:5e:00:53:02" in bodies(got)[1]


def test_omada_says_its_id_and_wants_a_token() -> None:
    with Running() as url, polling(url, "omada", f"{USER}:{PASSWORD}") as (_, got):
        until(lambda: bool(got), 60)
        assert b"02-00-5E-00-53-01" in bodies(got)[0]


def test_a_stream_is_read_line_by_line_and_said_to_have_ended() -> None:
    with Running() as url, polling(f"{url}/stream", "cisco-spaces", API_KEY) as (pollers, got):
        until(lambda: pollers.states["ctl"].problem == "the stream ended", 60)
        assert len(got) >= 3
        assert bodies(got)[0].startswith(b'{"eventType"')


@pytest.mark.parametrize(
    ("kind", "path", "secret", "said"),
    [
        ("unifi", "", f"{USER}:wrong", "wants another secret (401)"),
        ("omada", "", f"{USER}:wrong", "does not let us in"),
        ("aruba-ale", "/ill", "", "/ill answers 500"),
    ],
)
def test_what_goes_wrong_is_said_and_not_tried_in_a_loop(kind: str, path: str, secret: str, said: str) -> None:
    with Running() as url, polling(url + path, kind, secret) as (pollers, got):
        until(lambda: bool(pollers.states["ctl"].problem), 60)
        assert said in pollers.states["ctl"].problem
        assert PASSWORD not in pollers.states["ctl"].problem
        assert got == []
        assert sum(Controller.asked.values()) <= 3


def test_nobody_there_is_said_too() -> None:
    with polling("http://127.0.0.1:1/list", "aruba-ale") as (pollers, _):
        until(lambda: "ConnectError" in pollers.states["ctl"].problem, 60)


def test_a_broker_that_takes_nothing_is_a_problem_of_the_source() -> None:
    with Running() as url, polling(url, "unifi", f"{USER}:{PASSWORD}", takes=False) as (pollers, _):
        until(lambda: "the broker does not take" in pollers.states["ctl"].problem, 60)


def test_an_engine_without_the_store_asks_nothing() -> None:
    looked = []

    def ours() -> bool:
        looked.append(sum(Controller.asked.values()))
        return False

    with Running() as url, polling(url, "unifi", f"{USER}:{PASSWORD}", ours) as (_, got):
        until(lambda: len(looked) >= 2, 60)
    assert (got, looked[-1], sum(Controller.asked.values())) == ([], 0, 0)
