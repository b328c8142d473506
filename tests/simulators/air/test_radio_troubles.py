"""The second radio, ranges, and what goes wrong with access points; against equations written out here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from shapely.geometry import LineString, Point, box

from engine.errors import OperatorError
from engine.files import read_readings
from engine.plan.load import load_plan
from engine.plan.model import Plan, Wall
from simulators.air.disruptions import Disruptions
from simulators.air.obstacles import images_db
from simulators.air.radio import Air
from simulators.air.ranging import Ranging
from simulators.people.people import scenario_problems
from simulators.scenario.files import store_folder
from simulators.scenario.radio import RadioConfig, RttConfig
from simulators.scenario.scenario import Scenario
from simulators.truth.recording import record
from simulators.world import World
from tests.simulators.air.test_radio import PLAIN, open_plan, places
from tests.simulators.made import all_ticks, scenario, shelf, small_plan


def images(plan: Plan, **changes: Any) -> Air:
    config = RadioConfig.model_validate({**PLAIN, "model": "images", **changes})
    return Air(plan, config, 1.1, np.random.default_rng(1))


def gain(plan: Plan, x: float, y: float, **changes: Any) -> float:
    """dB over the direct wave in free space from ap-1 at (1, 1)."""
    air = images(plan, **changes)
    at = images_db(plan, 0, air.antennas, 0, air.config, 1.1, np.array([x]), np.array([y]))
    return float(at[0])


def test_in_the_open_it_is_free_space() -> None:
    d_m = np.sqrt(9.0**2 + 5.0**2 + 1.7**2)
    expected = -38 - 20 * np.log10(d_m)
    assert images(open_plan()).expected_dbm(places((10, 6)))[0, 0] == pytest.approx(expected, abs=1e-6)


def test_a_wall_throws_one_wave_back() -> None:
    wall = Wall("0", LineString([(0, 9), (20, 9)]), "metal", 26.0)
    plan = replace(open_plan(), walls=(wall,))
    # the image of (1, 1) in y = 9 is (1, 17); the phone is at (7, 3), antennas 1.7 m above
    direct2, thrown2 = 6.0**2 + 2.0**2 + 1.7**2, 6.0**2 + 14.0**2 + 1.7**2
    expected = 10 * np.log10(1 + 10**-0.6 * direct2 / thrown2)
    assert gain(plan, 7.0, 3.0) == pytest.approx(expected)
    assert gain(plan, 7.0, 3.0, reflection_loss_db=40.0) == pytest.approx(0.0, abs=0.001)
    # beyond the wall there is no reflection, only what comes through
    through = -28.0 * (1 - np.exp(-26 / 28))
    assert gain(plan, 7.0, 11.0) == pytest.approx(through)
    # a wall that ends before the point of reflection throws nothing back
    short = replace(plan, walls=(replace(wall, line=LineString([(10, 9), (20, 9)])),))
    assert gain(short, 7.0, 3.0) == pytest.approx(0.0)


def test_along_a_shelf_every_width_of_it_counts() -> None:
    plan = replace(small_plan(), walls=(), fixtures=(shelf("g", 4, 0.5, 12, 1.5),))  # 8 x 1 m, 2.5 dB
    assert gain(plan, 15.0, 1.0) == pytest.approx(-28.0 * (1 - np.exp(-8 * 2.5 / 28)))
    assert gain(plan, 7.0, 3.0) == pytest.approx(0.0)
    # into it from x = 4 to x = 7
    assert gain(plan, 7.0, 0.7) == pytest.approx(-28.0 * (1 - np.exp(-2.5 * np.hypot(3, 0.15) / 28)), abs=1e-6)


def test_behind_metal_the_reflection_is_what_is_heard() -> None:
    screen, mirror = Wall("0", LineString([(5, 0), (5, 6)]), "metal", 200.0), LineString([(0, 9), (20, 9)])
    plan = replace(open_plan(), walls=(screen, Wall("0", mirror, "metal", 26.0)))
    without = replace(plan, walls=(screen,))
    assert gain(without, 10.0, 1.0) == pytest.approx(-28.0, abs=0.1)
    # reflected at (5.5, 9), past the screen on both legs
    direct2, thrown2 = 9.0**2 + 1.7**2, 9.0**2 + 16.0**2 + 1.7**2
    expected = 10 * np.log10(10**-2.8 + 10**-0.6 * direct2 / thrown2)
    assert gain(plan, 10.0, 1.0) == pytest.approx(expected, abs=0.05)
    assert gain(plan, 10.0, 1.0) > -15


def test_the_two_radios_differ_in_kind() -> None:
    """No law of distance and crossings explains the reflections: they are another radio, not another figure of it."""
    plan = load_plan(store_folder(scenario(store="supermarket")))
    rng = np.random.default_rng(3)
    where = places(*zip(rng.uniform(1, 59, 400), rng.uniform(1, 39, 400), strict=True))
    air = {
        model: Air(plan, RadioConfig.model_validate({**PLAIN, "model": model}), 1.1, np.random.default_rng(1))
        for model in ("multiwall", "images")
    }
    law = np.log10(air["images"].distance_m(where)).ravel()
    crossed = air["multiwall"].in_the_way_db(where).ravel()
    level = air["images"].expected_dbm(where).ravel()
    design = np.column_stack([np.ones_like(law), law, crossed])
    fitted = design @ np.linalg.lstsq(design, level, rcond=None)[0]
    own = air["multiwall"].expected_dbm(where).ravel()
    own_fitted = design @ np.linalg.lstsq(design, own, rcond=None)[0]
    assert np.std(own - own_fitted) < 0.5
    assert np.std(level - fitted) > 1.5


@pytest.mark.parametrize("model", ["multiwall", "images"])
def test_either_radio_gives_the_same_people_and_its_own_readings(model: str, tmp_path: Path) -> None:
    people = {"arrivals_per_hour": 120, "start_inside": 10}
    world = World(scenario(people=people, radio={"model": model}), small_plan(), 60.0)
    record(world, tmp_path)
    assert len(read_readings(tmp_path / "readings.csv")) > 500
    assert [j.t_s for j in world.journeys] == [
        j.t_s for j in World(scenario(people=people), small_plan(), 60.0).journeys
    ]


def test_an_access_point_that_is_out_neither_hears_nor_sends() -> None:
    radio = {"outages": [{"ap": "ap-2", "from_s": 20, "until_s": 40}], "ap_scan_s": 2}
    world = World(scenario(people={"arrivals_per_hour": 0, "start_inside": 30}, radio=radio), small_plan(), 60.0)
    out_device = len(world.shoppers) + 1
    heard_in, sent_in = np.zeros(3, int), np.zeros(3, int)
    for tick in all_ticks(world):
        part = np.clip((tick.t_s // 20).astype(int), 0, 2)
        np.add.at(heard_in, part[tick.ap == 1], 1)
        np.add.at(sent_in, part[tick.device == out_device], 1)
    assert heard_in[0] > 50
    assert heard_in[2] > 50
    assert sent_in[0] > 10
    # what was under way at the cut comes in at most a burst later
    assert heard_in[1] <= 8
    assert sent_in[1] == 0


def test_a_misplaced_access_point_is_heard_from_where_it_hangs() -> None:
    moved = Air(
        open_plan(),
        RadioConfig.model_validate({**PLAIN, "misplaced": [{"ap": "ap-1", "by_x_m": 6.0, "by_y_m": -0.5}]}),
        1.1,
        np.random.default_rng(1),
    )
    d_m = np.sqrt(3.0**2 + 5.5**2 + 1.7**2)
    assert moved.expected_dbm(places((10, 6)))[0, 0] == pytest.approx(-38 - 23 * np.log10(d_m))
    assert moved.antennas.x_m.tolist() == [7.0, 19.0, 1.0, 19.0]


def test_bursts_come_as_often_as_asked_and_deafen_what_is_near() -> None:
    noise = {"bursts_per_hour": 3600, "mean_s": 2.0, "rise_db": 15.0, "reach_m": 8.0}
    config = RadioConfig.model_validate({"interference": noise})
    lost = Disruptions(small_plan(), config, 3600.0, np.random.default_rng(2)).loss_db(np.arange(0.0, 3600, 0.5))
    assert set(np.unique(lost)) == {0.0, 15.0}
    # one burst a second, two seconds each, of which those within reach count
    share = Point(1, 1).buffer(8.0).intersection(box(0, 0, 20, 12)).area / (20 * 12)
    assert (lost > 0).mean() == pytest.approx(1 - np.exp(-2.0 * share), abs=0.03)
    quiet = World(scenario(people={"arrivals_per_hour": 0, "start_inside": 40}), small_plan(), 120.0)
    loud = {"interference": noise | {"rise_db": 40.0}}
    noisy = World(scenario(people={"arrivals_per_hour": 0, "start_inside": 40}, radio=loud), small_plan(), 120.0)
    heard = [sum(map(len, all_ticks(w))) for w in (quiet, noisy)]
    assert 0.3 * heard[0] < heard[1] < 0.95 * heard[0]


def test_ranges_have_bias_noise_and_a_tail() -> None:
    config = RttConfig(
        phones_share=1.0, sigma_m=0.5, ap_bias_sigma_m=0.0, bias_m_per_db=0.1, multipath_share=0.0, fail_share=0.2
    )
    ranging = Ranging(small_plan(), config, 5, np.random.default_rng(1))
    rng, shape = np.random.default_rng(2), (5000, 4)
    far, way, heard = np.full(shape, 7.0), np.full(shape, 10.0), np.ones(shape, np.bool_)
    range_m, sigma_m = ranging.measure(far, way, heard, np.ones(5000, np.bool_), rng)
    got = range_m[np.isfinite(range_m)]
    assert len(got) / range_m.size == pytest.approx(0.8, abs=0.02)
    assert stats.kstest(got, stats.norm(8.0, 0.5).cdf).pvalue > 0.01
    assert np.nanmedian(sigma_m) == pytest.approx(0.5, rel=0.02)
    tailed = config.model_copy(update={"multipath_share": 0.3, "multipath_mean_m": 20.0, "fail_share": 0.0})
    range_m, _ = Ranging(small_plan(), tailed, 5, np.random.default_rng(1)).measure(
        far, way, heard, np.ones(5000, np.bool_), rng
    )
    assert (range_m > 10).mean() == pytest.approx(0.3 * np.exp(-2 / 20), abs=0.02)
    assert np.median(range_m) > 8.0


def test_only_some_phones_and_access_points_measure_ranges(tmp_path: Path) -> None:
    rtt = {"phones_share": 0.5, "aps": ["ap-1", "ap-3"], "multipath_share": 0.0, "bias_m_per_db": 0.0}
    people = {"arrivals_per_hour": 0, "start_inside": 30}
    world = World(scenario(people=people, radio={"rtt": rtt}, phones={"connected_share": 1.0}), small_plan(), 60.0)
    counts = record(world, tmp_path)
    table = read_readings(tmp_path / "readings.csv")
    ranged = np.isfinite(table.range_m)
    assert len(table) == counts["readings"]
    assert set(table.ap[ranged].tolist()) == {"ap-1", "ap-3"}
    who = {s.name for s, can in zip(world.shoppers, world.ranging.measures, strict=True) if can}  # type: ignore[union-attr]
    assert set(table.device[ranged].tolist()) == who
    assert 5 < len(who) < 25
    # scans give the place: within noise and bias, ranges are distances
    t_s = table.t[ranged] - world.scenario.starts_at.timestamp()
    index = {s.name: i for i, s in enumerate(world.shoppers)}
    shopper = np.array([index[d] for d in table.device[ranged]], np.int32)
    ap = np.array([world.plan.ap_index[a] for a in table.ap[ranged]])
    true_m = world.air.distance_m(world.crowd.at(shopper, t_s))[np.arange(len(ap)), ap]
    error = table.range_m[ranged] - true_m - world.ranging.bias_m[ap]  # type: ignore[union-attr]
    assert error.std() == pytest.approx(0.6, rel=0.1)
    assert abs(error.mean()) < 0.1


def test_troubles_with_access_points_that_do_not_exist_are_listed() -> None:
    radio = {"outages": [{"ap": "ap-9"}], "misplaced": [{"ap": "ap-1"}, {"ap": "x"}], "rtt": {"aps": ["ap-1", "y"]}}
    asked: Scenario = scenario(radio=radio, people={"passers_by": {"per_hour": 5}, "fitting_rooms": {"zone": "loft"}})
    problems = [p.place for p in scenario_problems(asked, small_plan())]
    assert problems == [
        "people.fitting_rooms.zone",
        "radio.outages.0.ap",
        "radio.misplaced.1.ap",
        "radio.rtt.aps.1",
        "people.passers_by",
    ]
    with pytest.raises(OperatorError, match="no such access point"):
        World(asked, small_plan())
