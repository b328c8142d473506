"""One access point of six that says a wrong thing took everybody with it, and nobody noticed (median 1.7 -> 5.2 m on
measured walks, 22 % within one sigma).

In: a hall of 30 x 20 m, phones that walk about, access point 4 stuck at -40 dBm, or wavering between that and -41, hung
8 m from its place in the plan, with ranges that all say 1 m, or 900 m, which is longer than the hall; and without RSSI,
too. Right: within 20 scans it is not believed any more, it alone is named, and positions are no worse than 1.25 times
those without it; who is right stays believed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.plan.model import Plan
from engine.positioning.doubting.live_stuck import LiveStuck
from engine.positioning.locator import Locator
from engine.positioning.offline import locate_scans
from engine.positioning.windows import ScanWindows
from engine.records import F64, U64, Readings, Scans
from tests.engine.positioning.stores import Walk, hall, hear

PLACES = ((1.0, 1.0), (15.0, 1.0), (29.0, 1.0), (1.0, 19.0), (15.0, 19.0), (29.0, 19.0))
PLAN = hall(30.0, 20.0, PLACES)
CELLS = walkable_cells(PLAN, 1.0)
BAD, PHONES, SCANS = 4, 6, 50


def route(phone: int) -> Walk:
    """Round and round at 0.6 m/s, each on its own way."""
    t = np.arange(3.0 * SCANS)
    angle, wide = 0.6 * t / 8.0 + phone, 0.4 + 0.1 * phone
    return Walk(t, 15.0 + 12.0 * wide * np.cos(angle), 10.0 + 8.0 * wide * np.sin(angle))


def truth(device: U64, t: F64) -> F64:
    """Where they are (n, 2)."""
    ways = [route(int(d)) for d in device]
    return np.array([(w.x_m[int(at)], w.y_m[int(at)]) for w, at in zip(ways, t, strict=True)])


def recording() -> Scans:
    """Scans of 3 s, with ranges that err by 1 m."""
    rng = np.random.default_rng(7)
    readings = Readings.concat([hear(PLAN, route(d), rng, d, offset_db=2.0 * d - 6.0) for d in range(PHONES)])
    scans = ScanWindows(len(PLACES), 3.0).push(readings.take(np.argsort(readings.t, kind="stable")), np.inf)
    at = np.array(
        [(route(int(d)).x_m[int(t)], route(int(d)).y_m[int(t)]) for d, t in zip(scans.device, scans.t, strict=True)]
    )
    true = np.hypot(at[:, :1] - np.array(PLACES)[:, 0], at[:, 1:] - np.array(PLACES)[:, 1]) + 1.0
    ranges = np.where(np.isfinite(scans.rssi_dbm), np.abs(true + rng.normal(0, 1.0, true.shape)), np.nan)
    return replace(scans, range_m=ranges.astype(np.float32))


HEARD = recording()


def spoiled(how: str, ranges: bool) -> tuple[Plan, Scans]:
    rssi, metres = HEARD.rssi_dbm.copy(), HEARD.range_m.copy() if ranges else np.full_like(HEARD.range_m, np.nan)
    aps = list(PLAN.access_points)
    if how == "out":
        rssi[:, BAD] = metres[:, BAD] = np.nan
    elif how == "stuck":
        rssi[:, BAD] = -40.0
    elif how == "wavers":
        rssi[:, BAD] = -40.0 - np.random.default_rng(3).integers(0, 2, len(rssi))
    elif how == "moved":
        aps[BAD] = replace(aps[BAD], y_m=aps[BAD].y_m - 8.0)
    elif how == "beyond":
        metres[:, BAD] = np.where(np.isfinite(metres[:, BAD]), np.inf, np.nan)  # as 900 m are read
    elif how == "one metre":
        metres[:, BAD] = np.where(np.isfinite(metres[:, BAD]), 1.0, np.nan)
    age = np.where(np.isfinite(rssi) | np.isfinite(metres), np.nan_to_num(HEARD.age_s), np.nan).astype(np.float32)
    return replace(PLAN, access_points=tuple(aps)), replace(HEARD, rssi_dbm=rssi, range_m=metres, age_s=age)


def run(how: str, ranges: bool = False) -> tuple[F64, F64, dict[str, float]]:
    """Metres off of each fix, its sigma, and who is named at the end."""
    plan, scans = spoiled(how, ranges)
    locator = Locator(plan, CELLS)
    fixes = locate_scans(locator, scans).fixes
    true = np.array(
        [(route(int(d)).x_m[int(t)], route(int(d)).y_m[int(t)]) for d, t in zip(fixes.device, fixes.t, strict=True)]
    )
    off = np.hypot(fixes.x_m - true[:, 0], fixes.y_m - true[:, 1])
    return off, fixes.sigma_m, locator.contradicting()


@pytest.mark.parametrize(
    ("how", "ranges", "most"),
    # hung elsewhere it is believed by RSSI, and costs 1.21 to 1.32 in six draws; before errors were left behind by who
    # walks both were a tenth larger, and that 1.21 to 1.27
    [("stuck", False, 1.25), ("moved", False, 1.28), ("one metre", True, 1.25), ("moved", True, 1.25)],
)
def test_positions_are_as_good_as_without_it(how: str, ranges: bool, most: float) -> None:
    without, (off, sigma, _) = run("out", ranges)[0], run(how, ranges)
    assert np.median(off) <= most * np.median(without)
    if not ranges:
        assert np.median(without) < 3.3, "tracks trail behind"  # 3.13; 3.49 where errors were taken to last
        assert np.median(off) < 4.1  # hung elsewhere 3.92; 4.21 then
    assert (off <= 2 * sigma).mean() > 0.85


def test_one_that_wavers_is_left_aside_within_a_minute() -> None:
    """It never repeats itself for long: in a shop of 22 x 14 m the filter believed it, 5.8 m for 2.6 without it."""
    (_, without), (plan, wavers) = spoiled("out", False), spoiled("wavers", False)
    live = LiveStuck(len(PLACES))
    given = live.without_stuck(wavers)
    assert np.flatnonzero(np.isfinite(live.at)).tolist() == [BAD]
    later = without.t > 60.0
    np.testing.assert_array_equal(given.rssi_dbm[later], without.rssi_dbm[later])
    off = {}
    for name, scans in (("out", without), ("left aside", given)):
        fixes = locate_scans(Locator(plan, CELLS), scans).fixes
        fixes = fixes.take(fixes.t > 90.0)
        off[name] = np.median(np.hypot(*(np.stack([fixes.x_m, fixes.y_m]) - truth(fixes.device, fixes.t).T)))
    assert off["left aside"] <= 1.02 * off["out"]


def test_a_stuck_one_is_found_within_twenty_scans_and_only_that() -> None:
    plan, scans = spoiled("stuck", False)
    locator = Locator(plan, CELLS)
    locate_scans(locator, scans.take(scans.t < 60.0))
    named = locator.contradicting(witnesses=PHONES)
    assert list(named) == ["ap4"]
    assert named["ap4"] > 0.9
    assert locator.contradicting(witnesses=PHONES + 1) == {}


@pytest.mark.parametrize("how", ["beyond", "one metre"])
def test_of_ranges_alone_a_wrong_one_is_found_within_twenty_scans_and_only_that(how: str) -> None:
    plan, scans = spoiled(how, True)
    alone = replace(scans, rssi_dbm=np.full_like(scans.rssi_dbm, np.nan)).take(scans.t < 60.0)
    locator = Locator(plan, CELLS)
    locate_scans(locator, alone)
    assert list(locator.contradicting(witnesses=PHONES)) == ["ap4"]


def test_where_nothing_is_wrong_all_are_believed() -> None:
    assert run("none")[2] == run("none", True)[2] == {}
