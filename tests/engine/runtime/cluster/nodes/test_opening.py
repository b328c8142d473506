"""A database that is away when a process begins is waited for, not died of."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import StorageUnavailable
from engine.runtime.cluster.nodes import opening
from engine.runtime.cluster.nodes.opening import open_when_there
from engine.storage.database import Database, open_database
from tests.brokers import free_port


def test_a_database_that_is_away_is_waited_for_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    urls = iter([f"postgresql://127.0.0.1:{free_port()}/rayon"] * 2)  # nobody listens there

    def open_next(url: str) -> Database:
        return open_database(next(urls, url))

    monkeypatch.setattr(opening, "open_database", open_next)
    open_when_there(f"sqlite:///{tmp_path / 'rayon.db'}", lambda: False, look_s=0.0).close()
    assert [caplog.text.count(said) for said in ("the database is away", "the database is back")] == [1, 1]


def test_who_is_stopped_meanwhile_waits_no_longer() -> None:
    with pytest.raises(StorageUnavailable):
        open_when_there(f"postgresql://127.0.0.1:{free_port()}/rayon", lambda: True)
