"""Broker or database hang: they keep their connections, and answer nothing. Said within 10 s; over when they go on."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from api.texts.catalogue import words
from engine.errors import StorageUnavailable
from engine.storage.database import Database, open_database
from engine.storage.status import get_status
from engine.storage.waits import wait_at_most
from engine.vocabulary import StoreTrouble
from tests.brokers import Mosquitto
from tests.databases import Postgres, postgres
from tests.engine.runtime.made import FLOORPLANS
from tests.sites import MANAGER_KEY, Site, until

__all__ = ["postgres"]


def ask(site: Site, path: str, key: str | None = None) -> tuple[int, dict[str, Any]]:
    """Status and body of a GET."""
    request = urllib.request.Request(site.url + path, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            status, body = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    return status, json.loads(body)


@pytest.fixture
def site(tmp_path: Path, mosquitto: Mosquitto, postgres: Postgres) -> Iterator[Site]:
    made = Site(tmp_path, mosquitto.port, FLOORPLANS, ["boutique"], storage={"url": postgres.fresh()})
    made.start("serve")
    try:
        made.wait_connected()
        until(lambda: made.running() and ask(made, "/health/ready")[0] == 200, 60, lambda: made.log)
        yield made
    finally:
        assert made.stop() == 0, made.log[-3000:]


@pytest.mark.e2e
@pytest.mark.slow
def test_what_hangs_is_said_and_recovered_from(site: Site, mosquitto: Mosquitto, postgres: Postgres) -> None:
    t = words("en").troubles
    cases: list[tuple[AbstractContextManager[None], StoreTrouble]] = [
        (mosquitto.frozen(), StoreTrouble.BROKER_AWAY),
        (postgres.frozen(), StoreTrouble.DATABASE_AWAY),
    ]
    for hanging, trouble in cases:
        began = time.monotonic()
        with hanging:
            until(lambda: ask(site, "/health/ready")[0] == 503, 60)
            took_s = time.monotonic() - began
            until(lambda trouble=trouble: t[trouble] in str(ask(site, "/health/ready")[1]["reasons"]), 60)
            sys.stdout.write(f"\n{trouble} said after {took_s:.1f} s\n")
            if trouble is StoreTrouble.DATABASE_AWAY:
                with ThreadPoolExecutor(60) as pool:  # more than there are threads to wait in
                    paths = ["/v1/stores/boutique/campaigns"] * 60
                    answers = [pool.submit(ask, site, path, MANAGER_KEY) for path in paths]
                    assert ask(site, "/health/live")[0] == 200
                    assert {answer.result()[0] for answer in answers} == {503}, (
                        "while it hangs: nobody waits for its end"
                    )
        until(lambda: ask(site, "/health/ready")[0] == 200, 60, lambda: site.log[-3000:])
    until(lambda: ask(site, "/v1/stores/boutique/campaigns", MANAGER_KEY)[0] == 200, 60)
    assert "Traceback" not in site.log


@pytest.mark.e2e
def test_a_statement_that_is_not_answered_ends_and_its_connection_with_it(postgres: Postgres) -> None:
    db = open_database(postgres.fresh())

    def ask_while_it_hangs() -> None:
        with db.write() as session:
            session.connection().exec_driver_sql("SELECT 1")
            with postgres.frozen():
                session.connection().exec_driver_sql("SELECT 1")

    try:
        with wait_at_most(1.0), pytest.raises(StorageUnavailable, match="no answer within 1 s"):
            ask_while_it_hangs()
        assert get_status(db) == []
        with postgres.frozen(), pytest.raises(StorageUnavailable):  # while it hangs
            get_status(db)
        until(lambda: answers(db), 60)
    finally:
        db.close()


def answers(db: Database) -> bool:
    """Whether it does."""
    try:
        return get_status(db) == []
    except StorageUnavailable:
        return False
