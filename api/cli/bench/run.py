"""`rayon bench`: how fast the locator is on this machine, beside plain least squares in the same run."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import typer
from scipy.optimize import least_squares
from shapely.geometry import box

from api.cli.bench.commands import LOOK_CROWD_S, measure_commands
from api.cli.bench.decoders import measure_decoders
from api.cli.bench.hot import measure_hot
from api.cli.bench.large import LOOK_DEVICES, MIB, measure_large
from api.cli.bench.mixed import measure_mixed
from api.cli.bench.paired import FAIR_S, Timed, figures_of, machine, measure_rates
from api.cli.bench.peers import installed_peers, kalman_step
from api.cli.bench.serving import MONTH_DAYS, QUICK_DAYS, measure_serving
from api.cli.bench.stays import measure_stays
from api.cli.bench.stores import measure_stores
from api.cli.bench.written.card import measure_card
from api.cli.bench.written.intake import measure_intake
from api.cli.bench.written.ledger import measure_ledger
from engine.plan.cells import walkable_cells
from engine.plan.model import AccessPoint, Level, Plan
from engine.positioning.bayes import bayes
from engine.positioning.belief import Belief
from engine.positioning.locator import Locator
from engine.positioning.methods import METHODS
from engine.positioning.regions.footprint import array_bytes
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.progress import show_progress
from engine.records import F64, Scans

WIDTH_M, DEPTH_M, CELL_M = 40.0, 25.0, 0.5
AP_PLACES = ((5, 5), (20, 4), (35, 5), (5, 20), (20, 21), (35, 20))
DEVICES = 256
FEW = 32  # scans that each peer solves: one by one, they take long
WINDOW_S = 3.0
PARTS = 11
"""Of a bench: rates, mixed intervals, stores a core, a large store, decoders, statistics, serving, commands, ledger,
intake, a card."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("bench")(bench)


def bench(
    as_json: bool = typer.Option(False, "--json", help="One JSON object on standard output."),
    seconds: float = typer.Option(2.0, min=0.1, max=60.0, help="How long to time each figure."),
    database: str = typer.Option("", help="URL of an empty PostgreSQL database, for what is written there."),
) -> None:
    """Times the locator, the decoders and the start of commands, and weighs what is kept.

    The locator: 40 x 25 m, cells of 0.5 m, 6 access points, batches of 256 devices;
    and its weight, there and in a hypermarket (large_store_...: 200 x 100 m, 80 access points); and fixes of
    phones that scan every 1 to 30 s among shelves (mixed_intervals_...: 60 x 40 m, ticks of one second).

    Whole stores: how many a core carries live (stores_per_core: 60 x 40 m, 16 access points, 40 phones heard every
    3 s, from frames to visits; by the processor's time).

    The decoders: readings, or located positions, a second out of our own wire in frames of 250 and of 20, and out of
    each vendor's messages, on one core, by the processor's time.

    The ledger of points: entries a second, each a transaction of its own, of eight writers: on SQLite, where a commit
    waits for the disk, and with --database on PostgreSQL. Events of shops: signed messages of twenty purchases and of
    one, from the signature to the database, on both. And how long a clerk waits for a good customer's card (p95).

    Statistics: hot squares (Gi* of 1,000 squares, false discoveries controlled) and stays out of fixes, beside esda,
    trackintel and movingpandas where the extra "peers" is installed. Serving: reports of a month of a busy store, and
    webhooks at 200 a second, as 95th percentiles of what the asker waits and as the server's own processor time.

    And commands as whole processes: `rayon --version`, `--help`, `plan check`, and `simulate` of 300 shoppers.

    Beside the locator, in the same run and on the same scans, scipy's least_squares and, with the extra "bench", the
    libraries localization, easy-trilateration and filterpy: all take turns, in nine rounds (two where a figure has less
    than a second), and figures are medians with their range; compare ratios, not machines. Set OPENBLAS_NUM_THREADS=1
    for figures of one core.

    Example: [bold]rayon bench --json[/bold]
    """
    with show_progress("bench", PARTS) as progress:
        figures = measure(seconds, progress.advance)
        figures |= measure_commands() if seconds >= FAIR_S else measure_commands(1, LOOK_CROWD_S)
        progress.advance()
        figures |= measure_ledger(seconds, database or None)
        progress.advance()
        figures |= measure_intake(seconds, database or None)
        progress.advance()
        figures |= measure_card(seconds < FAIR_S)
    if as_json:
        print(json.dumps(figures | {"machine": machine()}))
        return
    ranges = {name: figures.pop(f"{name}_range") for name in list(figures) if f"{name}_range" in figures}
    figures |= {f"machine_{name}": str(value) for name, value in machine().items()}
    width = max(map(len, figures))
    for name, value in figures.items():
        spread = "  ({:,.1f} to {:,.1f})".format(*ranges[name]) if name in ranges else ""
        print(f"{name:{width}s}  {value:,.1f}{spread}" if isinstance(value, float) else f"{name:{width}s}  {value}")


def measure(seconds: float, on_part: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Rates per second, their ratios to the peers', errors of all in metres, and bytes of a store and a device.

    Rates and ratios are medians over rounds in which ours and all peers took turns, each with its range. `on_part` is
    called when some of it is done.
    """
    plan = bench_plan()
    cells = walkable_cells(plan, CELL_M)
    scans, truth = bench_scans(plan, np.random.default_rng(7))
    locator = Locator(plan, cells)
    kept = array_bytes(locator, cells)
    at, ranges = _measure_ranges(plan, scans)
    own = _own_calls(locator, scans)
    peers = _peer_calls(at, ranges, truth)
    rates = measure_rates({**own, **peers}, seconds)
    on_part()
    fixes = Locator(plan, cells).locate(scans)
    state = locator.state()["tracks"]
    mixed = measure_mixed(seconds)
    on_part()
    stores = measure_stores(seconds)
    on_part()
    large = measure_large(seconds) if seconds >= FAIR_S else measure_large(seconds, LOOK_DEVICES)
    on_part()
    decoders = measure_decoders(seconds)
    on_part()
    statistics = measure_hot(seconds) | measure_stays(seconds)
    on_part()
    serving = measure_serving(seconds, days=MONTH_DAYS if seconds >= FAIR_S else QUICK_DAYS)
    on_part()
    return {
        "cells": len(cells),
        "access_points": len(plan.access_points),
        **{key: value for name, rate in rates.items() for key, value in figures_of(name, rate).items()},
        **_ratios(rates),
        "median_error_m": _median_error_m(np.column_stack([fixes.x_m, fixes.y_m]), truth),
        "scipy_median_error_m": _median_error_m(_scipy(at, ranges), truth),
        **{
            f"{_key(name)}_median_error_m": _median_error_m(peer(at, ranges[:FEW]), truth[:FEW])
            for name, peer in installed_peers().items()
        },
        "bytes_per_tracked_device": sum(v.nbytes for v in state.values()) // max(len(locator), 1),
        "locator_mib": kept / MIB,
        **mixed,
        **stores,
        **large,
        **decoders,
        **statistics,
        **serving,
    }


def _own_calls(locator: Locator, scans: Scans) -> dict[str, Timed]:
    """A single fix of each device, a tracked one, and one by trilateration."""
    shape = (DEVICES, len(locator.site.xy))
    belief = Belief(
        np.full(shape, 1 / shape[1], np.float32),
        np.tile(locator.site.offset_mean, (DEVICES, 1)),
        np.tile(locator.site.offset_var, (DEVICES, 1)),
        np.ones((DEVICES, 2), np.float32),
        np.ones((DEVICES, 2 * len(locator.site.ap_xyz)), np.float32),
    )
    solver = METHODS["trilateration"]
    return {
        "snapshot_fixes_per_s": (lambda: bayes(locator.site, scans, belief, DEFAULT_SETTINGS), DEVICES),
        "tracked_updates_per_s": (_tracker(locator, scans), DEVICES),
        "trilateration_fixes_per_s": (lambda: solver(locator.site, scans, belief, DEFAULT_SETTINGS), DEVICES),
    }


def _peer_calls(at: F64, ranges: F64, truth: F64) -> dict[str, Timed]:
    """scipy and the libraries that are installed, on the first FEW scans, and a Kalman step of every device."""
    few = ranges[:FEW]
    calls: dict[str, Timed] = {"scipy_least_squares_per_s": (lambda: _scipy(at, few), FEW)}
    for name, peer in installed_peers().items():
        calls[f"{_key(name)}_per_s"] = (partial(peer, at, few), FEW)
    kalman = kalman_step(truth)
    if kalman is not None:
        calls["filterpy_updates_per_s"] = (kalman, len(truth))
    return calls


def _ratios(rates: dict[str, F64]) -> dict[str, Any]:
    """How many times as fast we are, round by round."""
    out: dict[str, Any] = {}
    for mine, peer, theirs in (
        ("snapshot_fixes_per_s", "scipy", "scipy_least_squares_per_s"),
        ("tracked_updates_per_s", "scipy", "scipy_least_squares_per_s"),
        ("trilateration_fixes_per_s", "scipy", "scipy_least_squares_per_s"),
        *(("snapshot_fixes_per_s", _key(name), f"{_key(name)}_per_s") for name in installed_peers()),
        ("tracked_updates_per_s", "filterpy", "filterpy_updates_per_s"),
    ):
        if theirs in rates:
            out |= figures_of(f"{mine.partition('_')[0]}_times_{peer}", rates[mine] / rates[theirs])
    return out


def _key(name: str) -> str:
    """A distribution's name as part of a figure's."""
    return name.replace("-", "_")


def _median_error_m(found: F64, truth: F64) -> float:
    return float(np.median(np.hypot(*(found - truth).T)))


def bench_plan() -> Plan:
    """An open hall with six access points."""
    level = Level("0", 0, "Hall", 3.0, 0.0, box(0, 0, WIDTH_M, DEPTH_M))
    points = tuple(
        AccessPoint(f"ap{i}", "0", float(x), float(y), 2.8, "", None, None) for i, (x, y) in enumerate(AP_PLACES)
    )
    return Plan("bench", "Bench", "UTC", "EUR", None, (level,), access_points=points)


def bench_scans(plan: Plan, rng: np.random.Generator) -> tuple[Scans, F64]:
    """One scan of each device and where it was: path loss, 4 dB of noise, phones that differ by 6 dB."""
    truth = rng.uniform((1, 1), (WIDTH_M - 1, DEPTH_M - 1), (DEVICES, 2))
    at = np.array([(p.x_m, p.y_m, p.z_m) for p in plan.access_points])
    distance = np.sqrt(((truth[:, None] - at[:, :2]) ** 2).sum(axis=2) + (at[:, 2] - 1.2) ** 2)
    rssi = -42 - 23 * np.log10(distance) + rng.normal(0, 4, distance.shape) + rng.normal(0, 6, (DEVICES, 1))
    none = np.full(distance.shape, np.nan, np.float32)
    zero = np.zeros(distance.shape, np.float32)
    device = np.arange(DEVICES, dtype=np.uint64)
    return Scans(np.zeros(DEVICES), device, rssi.astype(np.float32), none, none, zero), truth


def _tracker(locator: Locator, scans: Scans) -> Callable[[], object]:
    """Each call is the next window of all devices."""
    now = 0.0

    def step() -> object:
        nonlocal now
        now += WINDOW_S
        t = np.full(len(scans), now)
        return locator.locate(Scans(t, scans.device, scans.rssi_dbm, scans.range_m, scans.range_sigma_m, scans.age_s))

    return step


def _measure_ranges(plan: Plan, scans: Scans) -> tuple[F64, F64]:
    """Places of the access points (A, 2), and ranges (n, A) from RSSI by the true path loss."""
    at = np.array([(p.x_m, p.y_m) for p in plan.access_points])
    return at, 10 ** ((-42 - scans.rssi_dbm.astype(np.float64)) / 23)


def _scipy(at: F64, ranges: F64) -> F64:
    """Least squares on ranges, one call of scipy per fix; (n, 2)."""

    def residuals(xy: F64, measured: F64) -> F64:
        return np.asarray(np.hypot(at[:, 0] - xy[0], at[:, 1] - xy[1]) - measured)

    return np.array([least_squares(residuals, at.mean(axis=0), args=(r,)).x for r in ranges])
