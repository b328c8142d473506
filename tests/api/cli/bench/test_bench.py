"""`rayon bench` measures us and every peer in the same run."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from api.cli.bench.decoders import SAMPLES, measure_decoders
from api.cli.bench.month import fill_days
from api.cli.bench.paired import FAIR_S, LOOK_ROUNDS, ROUNDS, figures_of, measure_rates, rounds_in
from api.cli.bench.peers import installed_peers
from api.cli.bench.run import bench_plan, bench_scans
from api.cli.bench.serving import LAST
from api.cli.commands import build
from engine.ingest.decoders.heard import Told
from engine.ingest.decoders.kinds import DECODERS
from engine.plan.load import load_plan
from engine.presence.local_hours import hours_in
from engine.storage.database import open_database
from engine.storage.figures.heatsums import heat_sums
from engine.storage.presence.heatmaps import comings, zone_flows
from tests.databases import new_sqlite


def test_every_figure_is_there_and_positive() -> None:
    said = CliRunner().invoke(build(), ["bench", "--json", "--seconds", "0.1"], catch_exceptions=False)
    figures = json.loads(said.stdout)
    assert figures.pop("machine")["cores"] >= 1
    assert all(np.all(np.asarray(value) > 0) for value in figures.values())
    assert figures["cells"] == 4000
    for ratio in ("snapshot_times_scipy", "snapshot_times_localization", "snapshot_times_easy_trilateration"):
        low, high = figures[f"{ratio}_range"]
        assert low <= figures[ratio] <= high
    assert figures["median_error_m"] < figures["scipy_median_error_m"]
    assert figures["tracked_times_filterpy"] > 0
    assert figures["large_store_cells"] == 80_000
    assert figures["large_store_locator_mib"] < 100
    assert figures["large_store_bytes_per_tracked_device"] < 64 * 1024
    assert figures["bytes_per_tracked_device"] < 64 * 1024
    assert {"gi_star_fdr_1000_squares_ms", "stays_fixes_per_s", "report_month_p95_ms"} <= figures.keys()
    assert {"receivers_p95_ms", "receivers_processor_ms"} <= figures.keys()
    for name in ("version_ms", "help_ms", "plan_check_ms", "simulate_crowd_300_times_real_time"):  # as whole processes
        low, high = figures[f"{name}_range"]
        assert low <= figures[name] <= high
    assert {"intake_sqlite_events_per_s", "clerks_card_p95_ms"} <= figures.keys()


def test_a_busy_month_is_the_same_each_time_and_as_large_as_is_said(tmp_path: Path) -> None:
    plan = load_plan(Path("floorplans/supermarket"))
    days = [LAST - dt.timedelta(days=1), LAST]
    found = []
    for name in ("first", "second"):
        db = open_database(new_sqlite(tmp_path / name))
        fill_days(db, plan, days)
        ever = {"from_t": 0.0, "to_t": 4e9}
        found.append((zone_flows(db, plan.store, **ever), heat_sums(db, plan.store, hours_in(plan.timezone), **ever)))
        came = sum(
            comings(db, plan.store, hours_in(plan.timezone), **ever, zones=[zone.id for zone in plan.zones]).values()
        )
        db.close()
    assert found[0] == found[1]
    assert len(found[0][1]) > 2_000, "squares of the floor"
    assert came > 0


def test_decoders_are_timed_on_messages_that_hold_what_is_said_of_them() -> None:
    for kind, make in SAMPLES.items():
        messages, records = make()
        decoded = [DECODERS[kind](message, Told()) for message in messages]
        found = sum(len(one.readings) or len(one.positions) for one in decoded)
        assert found == records, kind
    assert {f"{kind.replace('-', '_')}_records_per_s" for kind in SAMPLES} <= measure_decoders(0.0).keys()


def test_who_gives_a_figure_little_time_gets_fewer_rounds() -> None:
    assert (rounds_in(0.1), rounds_in(FAIR_S)) == (LOOK_ROUNDS, ROUNDS)
    assert len(measure_rates({"a": (lambda: None, 1)}, 0.0)["a"]) == LOOK_ROUNDS


def test_calls_take_turns_and_a_ratio_is_that_of_its_rounds() -> None:
    order: list[str] = []
    rates = measure_rates({"a": (lambda: order.append("a"), 1), "b": (lambda: order.append("b"), 2)}, 0.0, rounds=3)
    assert order == ["a", "b"] * 4  # once to warm up
    assert {name: len(rate) for name, rate in rates.items()} == {"a": 3, "b": 3}
    assert figures_of("x", np.array([3.0, 1.0, 2.0])) == {"x": 2.0, "x_range": [1.0, 3.0]}


@pytest.mark.parametrize("name", ["localization", "easy-trilateration"])
def test_peers_are_called_as_meant_and_find_a_place_from_true_ranges(name: str) -> None:
    _, truth = bench_scans(bench_plan(), np.random.default_rng(1))
    at = np.array([(p.x_m, p.y_m) for p in bench_plan().access_points])
    ranges = np.hypot(*(truth[:8, None] - at).transpose(2, 0, 1))
    assert np.allclose(installed_peers()[name](at, ranges), truth[:8], atol=0.1)
