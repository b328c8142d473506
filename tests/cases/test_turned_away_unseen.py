"""A cloud with a wrong secret is turned away at /in/NAME. The sources page said "never heard", as of one that is not
set up at all. It shall say that messages come, how many, and why none is let in; the log says it once."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

import httpx
import pytest

from engine.config import Config
from engine.storage.status import ENGINE, EVERY_STORE, put_status
from tests.api.conftest import served
from tests.api.health.test_sources import MANAGER, QUIET
from tests.api.site import Site, small_plan
from tests.brokers import free_port
from tests.databases import new_sqlite

SOURCES = [
    {"name": "mist", "kind": "mist", "stores": ["corner"], "receiver": True, "secret_env": "T_MIST"},
    {"name": "keyed", "kind": "meraki-mqtt", "stores": ["corner"], "receiver": True, "secret_env": "T_MIST"},
]


def say(site: Site, heard_at: float) -> None:
    said = {name: QUIET | {"heard_at": heard_at} for name in ("mist", "keyed")}
    put_status(site.db, EVERY_STORE, ENGINE, {"sources": said}, time.time())


def test_it_is_said_why_a_source_is_not_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("T_MIST", "right")
    mqtt = {"port": free_port()}
    config = Config.model_validate({"api": {"port": 0}, "mqtt": mqtt, "sources": SOURCES})
    caplog.set_level(logging.WARNING, "rayon.api")
    with served(new_sqlite(tmp_path / "rayon.db"), config, small_plan()) as site, site.client() as client:
        say(site, 0.0)
        for _ in range(3):
            body = json.dumps({"topic": "wifi-conn-raw", "events": []}).encode()
            assert httpx.post(f"{site.server.url}/in/mist", content=body, timeout=60).status_code == 401
        found = client.get("/health/sources/corner", headers=MANAGER).json()["sources"]
        assert [(s["name"], s["state"], s["turned_away"]) for s in found] == [
            ("keyed", "never", {}),
            ("mist", "refused", {"bad_signature": 3}),
        ]
        assert httpx.post(f"{site.server.url}/in/keyed", content=b"{}", timeout=60).status_code == 401
        html = client.get("/health/sources/corner", headers=MANAGER | {"Accept": "text/html"}).text
        assert "(no_key)" in html
        whole = client.get("/health", headers=MANAGER).json()["components"]
        values = [c["values"] for c in whole if c["component"] == "receivers"]
        assert values == [{"mist": {"bad_signature": 3}, "keyed": {"no_key": 1}}]
    assert [record.getMessage().split(":")[0] for record in caplog.records if "turned away" in record.message] == [
        "POST /in/mist turned away",
        "POST /in/keyed turned away",
    ]


def test_one_that_got_through_since_is_silent_and_not_refused(site: Site) -> None:
    turned = site.server.app.state.turned_away
    now = time.time()
    for heard_at, state in ((now - 700, "refused"), (now - 500, "silent")):
        turned.note("c1", "bad_secret", now - 600)
        turned.note("c1", "replayed", now)
        put_status(site.db, EVERY_STORE, ENGINE, {"sources": {"c1": QUIET | {"heard_at": heard_at}}}, now)
        with site.client() as client:
            (found,) = client.get("/health/sources/corner", headers=MANAGER).json()["sources"]
        assert found["state"] == state
