"""Path loss and crossings, against arithmetic by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import LineString, box

from engine.plan.cells import walkable_cells
from engine.plan.model import AccessPoint, Fixture, Level, Plan, Wall
from engine.radio.pathloss import DEFAULT_PRIOR, geometry_of, log_distance, mean_dbm, saturate_db
from engine.radio.radiomap import prior_map, prior_powers


def plan() -> Plan:
    ground = Level("g", 0, "Ground", 4.0, 0.0, box(0, 0, 20, 10))
    upper = Level("u", 1, "Upper", 3.0, 4.0, box(0, 0, 20, 10))
    points = (
        AccessPoint("a", "g", 2.0, 5.0, 2.7, "", None, None),
        AccessPoint("b", "g", 10.5, 5.0, 2.7, "", -30.0, 3.0),
    )
    walls = (
        Wall("g", LineString([(5, 0), (5, 10)]), "brick", 10.0),
        Wall("u", LineString([(5, 0), (5, 10)]), "", 99.0),
    )
    shelf = Fixture("s", "g", "", "", 4.0, False, box(10, 4, 11, 6))
    return Plan("p", "P", "UTC", "EUR", None, (ground, upper), walls, (shelf,), access_points=points)


def geometry(places: list[tuple[int, float, float]]):  # type: ignore[no-untyped-def]
    level, x, y = (np.array(c) for c in zip(*places, strict=True))
    return geometry_of(plan(), level.astype(np.int32), x.astype(float), y.astype(float))


def test_distances_are_in_three_dimensions_and_count_the_storeys() -> None:
    g = geometry([(0, 6.0, 5.0), (1, 2.0, 5.0)])
    assert g.distance_m[0, 0] == pytest.approx(np.hypot(4.0, 2.7 - 1.2))
    assert g.distance_m[0, 1] == pytest.approx(4.0 + 1.2 - 2.7)
    assert g.floors.tolist() == [[0, 1], [0, 1]]


def test_walls_count_once_a_crossing_and_fixtures_by_their_thickness_on_their_own_level() -> None:
    g = geometry([(0, 4.0, 5.0), (0, 8.0, 5.0), (0, 15.0, 5.0), (1, 8.0, 5.0)])
    assert g.walls_db[0].tolist() == [0, 10, 10, 0]
    np.testing.assert_allclose(g.tall_db[0], [0, 0, 4, 0])  # straight through a shelf of 1 m
    assert g.crossings_db(1.0)[0, 2] == pytest.approx(14.0)


def test_along_a_fixture_counts_as_two_of_its_widths() -> None:
    long = Fixture("s", "g", "", "", 4.0, False, box(3, 5, 19, 6))
    g = geometry_of(replace(plan(), fixtures=(long,)), np.zeros(1, np.int32), np.array([19.5]), np.array([5.9]))
    assert g.tall_db[0, 0] == pytest.approx(8.0)


def test_a_low_fixture_only_shades_where_the_line_is_below_its_top() -> None:
    """From 2.7 m to 1.2 m over 13 m, the line is below 1.9 m in its last 6.07 m: x > 8.93."""
    for x0, share in ((8.0, 0.0), (8.5, 0.567), (10.0, 1.0)):
        low = Fixture("s", "g", "", "", 4.0, False, box(x0, 4.5, x0 + 1, 5.5))
        g = geometry_of(replace(plan(), fixtures=(low,)), np.zeros(1, np.int32), np.array([15.0]), np.array([5.0]))
        hidden = max(0.0, x0 + 1 - 8.9333) if x0 < 8.9333 else 1.0
        assert g.tall_db[0, 0] == pytest.approx(4.0)
        assert g.low_db[0, 0] == pytest.approx(4.0 * hidden, abs=1e-3)
        assert hidden == pytest.approx(share, abs=0.07)


def test_between_access_points_under_the_ceiling_low_fixtures_cost_nothing() -> None:
    g = geometry_of(plan(), np.zeros(1, np.int32), np.array([15.0]), np.array([5.0]), height_m=np.array([2.7]))
    assert g.low_db[0, 0] == 0
    assert g.tall_db[0, 0] == pytest.approx(4.0)


def test_a_fixture_around_the_store_is_not_the_store() -> None:
    ring = Fixture("r", "g", "", "", 4.0, False, box(0, 0, 20, 10).difference(box(1, 1, 19, 9)))
    g = geometry_of(replace(plan(), fixtures=(ring,)), np.zeros(1, np.int32), np.array([15.0]), np.array([5.0]))
    assert g.tall_db[0, 0] == pytest.approx(0.0, abs=1e-9)


def test_the_fixture_under_an_access_point_does_not_shade_it() -> None:
    g = geometry([(0, 15.0, 5.0), (0, 2.0, 5.0)])
    assert g.crossings_db(1.0)[1].tolist() == [0, 10]


def test_the_law_written_out() -> None:
    g = geometry([(0, 15.0, 5.0)])
    p0, exponent = prior_powers(plan())
    got = mean_dbm(g, p0, exponent, 0.5)
    prior = DEFAULT_PRIOR
    d, low = np.hypot(13.0, 1.5), float(g.low_db[0, 0])  # tall: 0.5
    assert low == pytest.approx(4.0)
    assert got[0, 0] == pytest.approx(
        prior.p0_dbm - 10 * prior.exponent * np.log10(d) - 0.5 * saturate_db(np.array(10.0 + 0.5 * 4.0 + 0.5 * low))
    )
    assert got[1, 0] == pytest.approx(-30 - 10 * 3.0 * np.log10(np.hypot(4.5, 1.5)))


def test_losses_are_capped_and_floors_are_not_part_of_the_cap() -> None:
    g = geometry([(1, 2.0, 5.0)])
    thick = replace(g, walls_db=g.walls_db + 500)
    p0, exponent = prior_powers(plan())
    difference = mean_dbm(g, p0, exponent)[0, 0] - mean_dbm(thick, p0, exponent)[0, 0]
    assert 0.99 * DEFAULT_PRIOR.crossings_cap_db < difference <= DEFAULT_PRIOR.crossings_cap_db


def test_crossings_saturate_by_an_exponential() -> None:
    """cap (1 - exp(-loss / cap)): the first decibels cost themselves, the last ones nothing."""
    lost = np.array([0.0, 1.0, 12.0, 50.0, 100.0, 500.0])
    np.testing.assert_allclose(saturate_db(lost), 50.0 * (1.0 - np.exp(-lost / 50.0)), rtol=1e-9)
    assert saturate_db(np.array(50.0)) == pytest.approx(31.606, abs=1e-3)
    low = replace(DEFAULT_PRIOR, crossings_cap_db=20.0)
    np.testing.assert_allclose(saturate_db(lost, low), 20.0 * (1.0 - np.exp(-lost / 20.0)), rtol=1e-9)


def test_each_floor_costs_its_own_and_losses_scale() -> None:
    g = geometry([(1, 6.0, 5.0)])
    p0, exponent = prior_powers(plan())
    np.testing.assert_allclose(p0, [-42.0, -30.0])
    np.testing.assert_allclose(exponent, [2.3, 3.0])
    d = np.array([np.sqrt(16 + (5.2 - 2.7) ** 2), np.sqrt(4.5**2 + (5.2 - 2.7) ** 2)])
    np.testing.assert_allclose(mean_dbm(g, p0, exponent)[:, 0], p0 - 10 * exponent * np.log10(d) - 18.0, rtol=1e-9)
    walled = replace(g, walls_db=g.walls_db + 10, tall_db=g.tall_db + 6, low_db=g.low_db + 2)
    lost = 50.0 * (1.0 - np.exp(-(10.0 + 0.25 * 6.0 + 0.75 * 2.0) / 50.0))
    got = mean_dbm(g, p0, exponent) - mean_dbm(walled, p0, exponent, 0.8, tall=0.25)
    np.testing.assert_allclose(got[:, 0], [0.8 * lost] * 2, rtol=1e-9)
    np.testing.assert_allclose(walled.crossings_db(0.25)[:, 0], [13.0, 13.0])


def test_nothing_is_nearer_than_a_metre() -> None:
    assert log_distance(np.array([0.0, 0.5, 1.0, 10.0])).tolist() == [0, 0, 0, 10]


def test_the_offset_is_narrower_where_the_plan_gives_all_powers() -> None:
    unknown = plan()
    known = replace(unknown, access_points=tuple(replace(a, p0_dbm=-40.0) for a in unknown.access_points))
    cells = walkable_cells(unknown, 1.0)
    assert prior_map(unknown, cells).offset_sigma_db == DEFAULT_PRIOR.p0_spread_db
    assert prior_map(known, cells).offset_sigma_db == DEFAULT_PRIOR.known_spread_db
