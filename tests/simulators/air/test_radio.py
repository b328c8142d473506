"""The simulated air, against the figures it is configured with and against the equations written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.model import Plan
from simulators.air.obstacles import crossing_losses_db
from simulators.air.radio import Air, CorrelatedFields, rician_db
from simulators.people.crowd import Whereabouts
from simulators.scenario.radio import RadioConfig
from tests.simulators.made import small_plan, two_level_plan

PLAIN = {"ap_bias_sigma_db": 0.0, "shadowing_sigma_db": 0.0, "body_loss_db": 0.0, "miss_share": 0.0}


def open_plan() -> Plan:
    return replace(small_plan(), walls=(), fixtures=())


def air(plan: Plan, **changes: float) -> Air:
    return Air(plan, RadioConfig(**{**PLAIN, **changes}), 1.1, np.random.default_rng(1))  # type: ignore[arg-type]


def places(*xy: tuple[float, float], level: int = 0, heading_rad: float = 0.0) -> Whereabouts:
    x_m, y_m = np.array(xy, np.float64).T
    return Whereabouts(np.full(len(x_m), level, np.int32), x_m, y_m, np.full(len(x_m), heading_rad))


def test_without_obstacles_it_is_the_log_distance_law() -> None:
    got = air(open_plan(), p0_dbm=-40.0, exponent=2.5).expected_dbm(places((5, 4), (12, 9)))
    for row, (x, y) in enumerate([(5, 4), (12, 9)]):
        for column, ap in enumerate(open_plan().access_points):
            d_m = np.sqrt((x - ap.x_m) ** 2 + (y - ap.y_m) ** 2 + (2.8 - 1.1) ** 2)
            assert got[row, column] == pytest.approx(-40 - 25 * np.log10(d_m))


def test_obstacles_add_up_by_crossing() -> None:
    plan = small_plan()
    x_m, y_m = np.array([2.0, 5.5, 9.5, 18.0]), np.array([6.0])
    # from (1, 6) eastwards: no shelf, one shelf, two shelves, three shelves and the wall
    (loss,) = crossing_losses_db(plan, 0, np.array([1.0]), y_m, x_m, y_m)
    assert loss.tolist() == [[0.0, 2.5, 5.0, 11.5]]


def test_losses_saturate_at_the_cap() -> None:
    heavy = replace(small_plan(), walls=(replace(small_plan().walls[0], attenuation_db=500.0),))
    bare, walled = air(open_plan(), loss_cap_db=20.0), air(heavy, loss_cap_db=20.0)
    behind = places((18, 5))
    loss = bare.expected_dbm(behind)[0, 0] - walled.expected_dbm(behind)[0, 0]
    assert loss == pytest.approx(20.0, abs=0.01)


def test_every_storey_costs() -> None:
    plan = replace(two_level_plan(), walls=(), fixtures=())
    low, high = (air(plan, floor_loss_db=18.0).expected_dbm(places((10, 6), level=i))[0, 4] for i in (0, 1))
    # below the access point on the same floor 1.7 m away, one floor down 4.7 m
    assert high - low == pytest.approx(18 + 23 * np.log10(4.7 / 1.7))


def test_shadowing_has_its_spread_and_correlation() -> None:
    rng = np.random.default_rng(2)
    shadows = CorrelatedFields(60, 80, 0.5, 3.0)
    fields = np.stack([shadows.draw(rng) for _ in range(60)])
    assert fields.std() == pytest.approx(1.0, abs=0.04)
    for lag in (2, 6, 12):  # 1, 3 and 6 m
        for moved in (fields[:, :, lag:] * fields[:, :, :-lag], fields[:, lag:] * fields[:, :-lag]):
            assert moved.mean() == pytest.approx(np.exp(-lag * 0.5 / 3.0), abs=0.06)


def test_shadowing_of_one_access_point_says_nothing_of_another() -> None:
    plan = replace(open_plan(), access_points=tuple(replace(a, x_m=1.0, y_m=1.0) for a in open_plan().access_points))
    rng = np.random.default_rng(4)
    where = places(*zip(rng.uniform(0, 20, 400), rng.uniform(0, 12, 400), strict=True))
    shadow = air(plan, shadowing_sigma_db=6.0, shadowing_length_m=0.6).expected_dbm(where)
    shadow -= air(plan).expected_dbm(where)
    assert shadow.std() == pytest.approx(6.0, rel=0.3)  # between grid points shadowing is interpolated, hence smaller
    apart = np.corrcoef(shadow.T)[np.triu_indices(4, 1)]
    assert np.abs(apart).max() < 0.2


def test_fading_has_the_mean_and_spread_of_a_rician_channel() -> None:
    rng = np.random.default_rng(3)
    k_db, n = 6.0, 200_000
    power = 10 ** (rician_db((n,), k_db, 1, rng) / 10)
    k = 10 ** (k_db / 10)
    assert power.mean() == pytest.approx(1.0, rel=0.01)
    assert power.var() == pytest.approx((2 * k + 1) / (k + 1) ** 2, rel=0.03)
    averaged = 10 ** (rician_db((n,), k_db, 4, rng) / 10)
    assert averaged.var() == pytest.approx(power.var() / 4, rel=0.05)


def test_the_body_shadows_what_is_behind() -> None:
    # with fading left on: without it, whole dB would hide fractions
    shadowed, plain = air(open_plan(), body_loss_db=6.0), air(open_plan())
    rng = np.random.default_rng(5)
    # facing ap-1 at (1, 1) from (10, 10): ap-4 at (19, 11) is nearly behind
    facing = float(np.arctan2(-9, -9))
    many = places(*[(10.0, 10.0)] * 4000, heading_rad=facing)
    none = np.zeros(4000)
    lost = np.nanmean(plain.heard_dbm(many, none, rng), axis=0) - np.nanmean(
        shadowed.heard_dbm(many, none, rng), axis=0
    )
    assert lost[0] == pytest.approx(0.0, abs=0.2)
    expected = 3.0 * (1 - np.cos(np.arctan2(1, 9) - facing))
    assert lost[3] == pytest.approx(expected, abs=0.2)


def test_weak_signals_are_missed_and_strong_ones_seldom() -> None:
    rng = np.random.default_rng(6)
    near = air(open_plan(), miss_share=0.1, sensitivity_dbm=-100.0)
    assert np.isnan(near.heard_dbm(places(*[(5.0, 5.0)] * 2000), np.zeros(2000), rng)).mean() == pytest.approx(
        0.1, abs=0.02
    )
    mean = near.expected_dbm(places((5, 5)))[0, 0]
    edge = air(open_plan(), sensitivity_dbm=float(mean), rician_k_db=40.0, fading_frames=64)
    missed = np.isnan(edge.heard_dbm(places(*[(5.0, 5.0)] * 2000), np.zeros(2000), rng))[:, 0].mean()
    assert missed == pytest.approx(0.5, abs=0.05)


def test_phones_differ_by_their_offset_and_readings_are_whole_db() -> None:
    rng = np.random.default_rng(7)
    here = places(*[(10.0, 6.0)] * 3000)
    offset = np.repeat([-8.0, 0.0, 8.0], 1000)
    rssi = air(open_plan(), sensitivity_dbm=-120.0).heard_dbm(here, offset, rng)
    assert (rssi == np.round(rssi)).all()
    by_phone = rssi.reshape(3, 1000, 4).mean(axis=1)
    assert np.allclose(np.diff(by_phone, axis=0), 8.0, atol=0.3)


def test_access_points_hear_one_another_but_not_themselves() -> None:
    rssi = air(open_plan(), sensitivity_dbm=-120.0).between_aps_dbm(np.random.default_rng(8))
    assert np.isnan(np.diag(rssi)).all()
    assert np.isfinite(rssi[~np.eye(4, dtype=bool)]).all()
    assert rssi[0, 1] == pytest.approx(-38 - 23 * np.log10(18.0), abs=8)


def test_a_plan_that_knows_an_access_points_law_is_believed() -> None:
    plan = open_plan()
    told = replace(plan, access_points=(replace(plan.access_points[0], p0_dbm=-30.0, exponent=3.0),))
    d_m = np.sqrt(9.0**2 + 5.0**2 + 1.7**2)
    assert air(told).expected_dbm(places((10, 6)))[0, 0] == pytest.approx(-30 - 30 * np.log10(d_m))
