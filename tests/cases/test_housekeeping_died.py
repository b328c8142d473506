"""A job that was called otherwise than it is written ended all housekeeping at its first pass, with a line in the log:
nothing expired any more, no slot and no budget came back. Right: every job of a running site does its work."""

from __future__ import annotations

import time
from pathlib import Path

from api.jobs.house import hourly_jobs, house_jobs, own_hourly_jobs
from engine.config import ApiConfig, Config
from tests.api.conftest import served
from tests.api.site import small_plan
from tests.databases import new_sqlite


def test_every_job_of_housekeeping_can_be_called(tmp_path: Path) -> None:
    with served(new_sqlite(tmp_path / "rayon.db"), Config(api=ApiConfig(port=0)), small_plan()) as site:
        moved = {name: job(time.time()) for name, job in house_jobs(site.server.app).items()}
        assert len(moved) >= 6
        assert set(moved.values()) == {0}
        ctx = site.server.app.state.ctx
        rarely = own_hourly_jobs(ctx) | hourly_jobs(ctx)  # they begin when most sites of tests have ended
        assert {name: job(time.time()) for name, job in rarely.items()} == dict.fromkeys(rarely, 0)
        assert not any(task.done() for task in site.server.app.state.delivery)
