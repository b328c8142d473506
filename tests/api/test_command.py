"""`rayon api` as an operator runs it: a process that starts, says where, and stops cleanly."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from engine.storage.database import open_database
from tests.clocks import patience_s
from tests.sites import Site


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_starts_and_stops(tmp_path: Path, asked: signal.Signals) -> None:
    plans = Path(__file__).parents[2] / "floorplans"
    site = Site(tmp_path, broker_port=1, plans=plans, stores=["boutique"])
    site.start("api", own_python=True)
    try:
        site.wait_ready()
        assert site._process is not None
        assert site.get("/health") == {"status": "ready"}
        site._process.send_signal(asked)
        assert site._process.wait(patience_s(60)) == 0
    finally:
        site.stop()
    assert "/w/boutique" in site.log
    assert "Traceback" not in site.log
    open_database(site.database_url).close()
