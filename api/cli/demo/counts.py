"""What the demo counts at its end: from the database, the engine and the simulated phones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from api.cli.startup import RunningSite
from engine.presence.hotzones import HotState, hot_zones
from engine.runtime.process import EngineProcess
from engine.runtime.store_runner import StoreRunner
from engine.storage.figures.heatsums import heat_rows
from engine.storage.vouchers.vouchers import counts as stored_counts

_FROM_ENGINE = ("readings", "fixes", "visits")
_FROM_DATABASE = ("decisions", "vouchers_issued", "vouchers_acknowledged", "vouchers_redeemed", "shares", "points")


def gather(site: RunningSite, process: EngineProcess, summaries: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """`counts`, none of which should be zero; and from a reading's time to its coupon on the page, seconds."""
    counts = dict.fromkeys((*_FROM_ENGINE, "hot_zones", *_FROM_DATABASE), 0)
    for store, runner in process.runners.items():
        seen = runner.figures()["counts"]
        for name in _FROM_ENGINE:
            counts[name] += seen.get(name, 0)
        counts["hot_zones"] += _hot(site, runner)
        stored = stored_counts(site.db, store)
        for name in _FROM_DATABASE:
            counts[name] += stored[name]
    latencies = [s for summary in summaries for s in summary["latencies_s"]]
    return {"counts": counts, "reading_to_page_s": quantiles(latencies)}


def quantiles(values: Sequence[float]) -> dict[str, float | int | None]:
    """Number, median and 99th percentile of the values; None where there are none."""
    if not values:
        return {"n": 0, "median": None, "p99": None}
    import numpy as np

    median, p99 = np.percentile(np.array(values), [50, 99])
    return {"n": len(values), "median": round(float(median), 3), "p99": round(float(p99), 3)}


def _hot(site: RunningSite, runner: StoreRunner) -> int:
    rows = heat_rows(site.db, runner.plan.store, from_t=0.0, to_t=time.time() + 3600)
    zones = hot_zones(runner.plan, runner.cells, rows, site.config.presence.heat_cell_m)
    return sum(zone.state is HotState.HOT for zone in zones)
