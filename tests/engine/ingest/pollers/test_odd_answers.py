"""Answers that no controller should give: each is a problem of that source, said and backed off, and no other's."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import tracemalloc
from typing import Any

import httpx
import pytest

from engine.config import SourceConfig
from engine.ingest.pollers import answers
from engine.ingest.pollers.answers import MOST_BYTES, Asker, LoginExpired, SourceAway, fetch
from engine.ingest.pollers.omada import ask_omada
from engine.ingest.pollers.polling import Pollers
from engine.ingest.pollers.unifi import ask_unifi
from engine.ingest.sources.declared import Source, declare
from tests.engine.ingest.pollers.odd_answers import Answer, answering
from tests.engine.ingest.sources.made import store
from tests.sites import until

DEEP = b"[" * 200_000
CLIENTS = "/c0ffee/api/v2/sites/Default/clients"
LOGIN = "/c0ffee/api/v2/login"
INFO = Answer(b'{"errorCode": 0, "result": {"omadacId": "c0ffee"}}')


def source(url: str, kind: str, name: str = "ctl", **keys: Any) -> Source:
    said = {"name": name, "kind": kind, "stores": ["shop"], "url": url, "every_s": 3600, "secret_env": "T"} | keys
    return next(iter(declare([SourceConfig.model_validate(said)], {"shop": store()}, {"T": "user:key"})))


def asked(asker: Asker, declared: Source) -> list[bytes]:
    async def ask() -> list[bytes]:
        async with httpx.AsyncClient(timeout=60.0) as client:
            return [body async for body in asker(client, declared)]

    return asyncio.run(ask())


def fetched(url: str) -> httpx.Response:
    async def get() -> httpx.Response:
        async with httpx.AsyncClient(timeout=60.0) as client:
            return await fetch(client, "GET", url)

    return asyncio.run(get())


@pytest.mark.parametrize("rows", ['"many"', "[1]", "null", "1e999", "NaN", "-3", "1" + "0" * 400, "{}", "true"])
def test_a_number_of_rows_that_is_none_ends_the_pages(rows: str) -> None:
    page = Answer(f'{{"errorCode": 0, "result": {{"totalRows": {rows}, "data": []}}}}'.encode())
    with answering({"/api/info": INFO, CLIENTS: page}) as url:
        assert asked(ask_omada, source(url, "omada")) == [page.body]


@pytest.mark.parametrize("count", ["1e999", "NaN", "-Infinity", "-1", '"x"', "1" + "0" * 400, "[2]"])
def test_so_does_a_count_of_unifi(count: str) -> None:
    page = Answer(f'{{"count": {count}, "totalCount": {count}, "data": []}}'.encode())
    with answering({"/proxy/network/integration/v1/sites/default/clients": page}) as url:
        assert asked(ask_unifi, source(url, "unifi", options={"api": "integration"})) == [page.body]


@pytest.mark.parametrize("info", [DEEP, b"1" * 5000, b'{"result": {"omadacId": "a\\u0000b"}}', b'{"result": [1]}'])
def test_a_controller_that_does_not_say_its_id_is_away(info: bytes) -> None:
    with answering({"/api/info": Answer(info)}) as url, pytest.raises(SourceAway):
        asked(ask_omada, source(url, "omada"))


def test_an_address_that_is_none_is_a_source_that_is_away() -> None:
    with pytest.raises(SourceAway, match="InvalidURL"):
        fetched("http://127.0.0.1/a\0b")


@pytest.mark.parametrize("token", ['"t"', '"\\u00e9"', '"a\\r\\nX-B: c"'])
def test_a_token_that_opens_nothing_is_backed_off_as_a_wrong_password(token: str) -> None:
    refused = Answer(b'{"errorCode": -1200}')
    given = Answer(f'{{"errorCode": 0, "result": {{"token": {token}}}}}'.encode())
    with (
        answering({"/api/info": INFO, CLIENTS: refused, LOGIN: given}) as url,
        pytest.raises(LoginExpired),
    ):
        asked(ask_omada, source(url, "omada"))


def test_an_answer_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "ANSWER_S", 0.3)
    with answering({"/": Answer(b"x" * 1000, drip_s=0.02)}) as url, pytest.raises(SourceAway, match=r"within 0\.3 s"):
        fetched(url + "/")


@pytest.mark.parametrize(("said", "wait_s"), [("7", 7.0), ("1e9", 3600.0), ("inf", 0.0), ("nan", 0.0), ("-5", 0.0)])
def test_the_pause_it_asks_for_is_an_hour_at_most(said: str, wait_s: float) -> None:
    with answering({"/": Answer(b"", 503, {"Retry-After": said})}) as url, pytest.raises(SourceAway) as away:
        fetched(url + "/")
    assert away.value.retry_after_s == wait_s


def test_a_redirect_is_not_an_answer() -> None:
    with answering({"/": Answer(b"{}", 302, {"Location": "/login"})}) as url, pytest.raises(SourceAway, match="302"):
        fetched(url + "/")


def test_what_is_compressed_without_being_asked_is_read() -> None:
    packed = Answer(gzip.compress(b'{"a": 1}'), headers={"Content-Encoding": "gzip"})
    with answering({"/": packed}) as url:
        assert fetched(url + "/").json() == {"a": 1}


def test_a_small_answer_that_inflates_far_is_refused_before_it_is_in_memory() -> None:
    packed = Answer(gzip.compress(b"\0" * (16 * MOST_BYTES)), headers={"Content-Encoding": "gzip"})
    with answering({"/": packed}) as url:
        tracemalloc.start()
        with pytest.raises(SourceAway, match="more than"):
            fetched(url + "/")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 3 * MOST_BYTES


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_what_cannot_be_inflated_is_said(encoding: str) -> None:
    with answering({"/": Answer(b"no", headers={"Content-Encoding": encoding})}) as url, pytest.raises(SourceAway):
        fetched(url + "/")


def test_a_fault_of_ours_ends_no_source(caplog: pytest.LogCaptureFixture) -> None:
    """The broker's side fails for one of two sources: it says so and goes on, and so does the other."""
    taken: list[str] = []

    def deliver(topic: str, payload: bytes) -> bool:
        if topic.endswith("/ill"):
            raise KeyError("ours")
        taken.append(topic)
        return True

    with answering({"/list": Answer(json.dumps({"data": []}).encode())}) as url, caplog.at_level(logging.ERROR):
        two = [source(f"{url}/list", "aruba-ale", name, every_s=1) for name in ("ill", "well")]
        pollers = Pollers(two, deliver, lambda _: True)
        pollers.start()
        try:
            until(lambda: len(taken) >= 3, 60)
            until(lambda: "Rayon's own" in pollers.states["ill"].problem, 60)  # in a thread of its own
            assert pollers.states["well"].problem == ""
        finally:
            pollers.stop()
    told = [record for record in caplog.records if "report this fault" in record.message]
    assert len(told) == 1, "once, however often"
    assert told[0].exc_info is not None
