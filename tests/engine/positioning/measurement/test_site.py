"""A site's matrices, each entry from the plan and the map by hand; and parts of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import box

from engine.plan.cells import Cells
from engine.plan.model import AccessPoint, Level, Plan
from engine.positioning.measurement import expectation, site_build
from engine.positioning.measurement.expectation import PackedExpectation
from engine.positioning.measurement.non_detection import PackedSilence, not_heard_log
from engine.positioning.measurement.site import Site
from engine.positioning.measurement.site_build import is_regional, site_of, thin_cells
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.radio.radiomap import RadioMap

N = 12
X_M = np.array([0.5, 1.5, 2.5, 3.5, 4.5, 5.5] * 2)
Y_M = np.array([0.5] * 6 + [1.5] * 6)
CELLS = Cells(1.0, X_M, Y_M, np.array([0] * 6 + [1] * 6, np.int32), *(np.empty(0, np.int32),) * 2, np.empty(0))


def plan() -> Plan:
    low, high = (Level(i, n, i, 3.0, z, box(0, 0, 6, 2)) for i, n, z in (("g", 0, 0.5), ("u", 1, 4.5)))
    points = (
        AccessPoint("a", "g", 1.0, 0.5, 2.7, "", None, None),
        AccessPoint("b", "u", 5.0, 1.5, 2.9, "", -35.0, 3.1),
    )
    return Plan("p", "P", "UTC", "EUR", None, (low, high), access_points=points)


def radio_map(uneven: bool = False) -> RadioMap:
    rng = np.random.default_rng(1)
    mean, ranges = rng.uniform(-80, -40, (2, N)).astype(np.float32), rng.uniform(1, 9, (2, N)).astype(np.float32)
    sigma = np.repeat(np.array([[4.0], [5.0]], np.float32), N, axis=1)
    if uneven:
        sigma = sigma + np.linspace(0, 1, N, dtype=np.float32)
    return RadioMap(mean, sigma, ranges, np.full((2, N), 1.5, np.float32), 2.0, 7.0, 1.8)


@pytest.fixture(params=["dense", "packed"])
def built(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Site:
    if request.param == "packed":
        monkeypatch.setattr(expectation, "DENSE_AT_MOST", 2 * N - 1)
    made = site_of(plan(), CELLS, radio_map(), DEFAULT_SETTINGS)
    assert isinstance(made.rssi, PackedExpectation) == (request.param == "packed")
    return made


def test_places_are_in_the_stores_frame_and_cells_around_their_mean(built: Site) -> None:
    np.testing.assert_allclose(built.ap_xyz, [[1.0, 0.5, 0.5 + 2.7], [5.0, 1.5, 4.5 + 2.9]])
    assert built.ap_level.tolist() == [0, 1]
    np.testing.assert_allclose(built.device_z, [0.5 + 1.2, 4.5 + 1.2])
    np.testing.assert_allclose(built.origin, [3.0, 1.0])
    x, y = X_M - 3.0, Y_M - 1.0
    np.testing.assert_allclose(built.xy, np.column_stack([x, y]), rtol=1e-6)
    np.testing.assert_allclose(built.xy2, np.column_stack([x * x, x * y, y * y]), rtol=1e-6)
    assert built.xy.dtype == built.xy2.dtype == np.float32


def test_powers_are_the_plans_where_it_says_and_spreads_are_squared(built: Site) -> None:
    np.testing.assert_allclose(built.p0_dbm, [-42.0, -35.0])
    np.testing.assert_allclose(built.exponent, [2.6, 3.1])
    np.testing.assert_allclose(built.offset_mean, [2.0, 0.0])
    np.testing.assert_allclose(built.offset_var, [49.0, 3.24])


def test_expectations_are_the_maps_less_the_centre(built: Site) -> None:
    known, thin = radio_map(), built.thin
    np.testing.assert_allclose(built.rssi_thin.mean, known.mean_dbm[:, thin] + 60.0, atol=0.0051)
    np.testing.assert_allclose(built.range_thin.mean, known.range_mean_m[:, thin], atol=0.0051)
    np.testing.assert_allclose(built.rssi_thin.weight[:, 0], [1 / 16, 1 / 25], rtol=1e-6)
    np.testing.assert_allclose(built.range_thin.weight[:, 0], [1 / 2.25] * 2, rtol=1e-6)
    silence = built.not_heard_log
    silence = silence.whole() if isinstance(silence, PackedSilence) else silence
    np.testing.assert_allclose(silence, not_heard_log(known.mean_dbm, DEFAULT_SETTINGS), atol=2e-3)
    assert built.shifts_db.tolist() == [-16.0, -8.0, 0.0, 8.0]


def test_small_stores_are_thinned_to_every_fifth_cell_and_large_ones_by_squares_of_3_m(built: Site) -> None:
    small = not isinstance(built.rssi, PackedExpectation)
    assert built.thin.tolist() == ([0, 5, 10] if small else [0, 3, 6, 9])  # x 0-3 and 3-6, on two levels
    assert thin_cells(CELLS, True).tolist() == [0, 5, 10]
    assert thin_cells(CELLS, False).tolist() == [0, 3, 6, 9]


def test_a_part_has_the_columns_of_its_cells(built: Site) -> None:
    part = np.array([1, 4, 7])
    own = built.at(part)
    np.testing.assert_array_equal(own.cells.x_m, X_M[part])
    np.testing.assert_array_equal(own.cells.y_m, Y_M[part])
    np.testing.assert_array_equal(own.cells.level, [0, 0, 1])
    assert len(own.cells.links_from) == len(own.cells.links_to) == len(own.cells.link_m) == 0
    np.testing.assert_array_equal(own.xy, built.xy[part])
    np.testing.assert_array_equal(own.xy2, built.xy2[part])
    dense = own.rssi.thin_out(slice(None))
    np.testing.assert_allclose(dense.mean, radio_map().mean_dbm[:, part] + 60.0, atol=0.0051)
    np.testing.assert_allclose(own.range.thin_out(slice(None)).mean, radio_map().range_mean_m[:, part], atol=0.0051)
    silence = own.not_heard_log
    silence = silence.whole() if isinstance(silence, PackedSilence) else silence
    np.testing.assert_allclose(silence, not_heard_log(radio_map().mean_dbm[:, part], DEFAULT_SETTINGS), atol=2e-3)
    np.testing.assert_array_equal(own.thin, built.thin)  # still of the whole store


def test_the_thinned_site_is_dense(built: Site) -> None:
    thin = built.thin_out()
    assert thin.rssi is built.rssi_thin
    assert thin.range is built.range_thin
    assert isinstance(thin.not_heard_log, np.ndarray)
    want = not_heard_log(radio_map().mean_dbm[:, built.thin], DEFAULT_SETTINGS)
    np.testing.assert_allclose(thin.not_heard_log, want, atol=2e-3)
    np.testing.assert_array_equal(thin.cells.x_m, X_M[built.thin])


def test_spreads_that_differ_from_cell_to_cell_are_kept() -> None:
    known = radio_map(uneven=True)
    made = site_of(plan(), CELLS, known, DEFAULT_SETTINGS)
    assert not made.rssi.uniform
    np.testing.assert_allclose(made.rssi.weight, 1 / known.sigma_db**2, rtol=1e-6)


def test_a_map_of_another_plan_is_refused() -> None:
    wrong = replace(radio_map(), mean_dbm=np.zeros((2, N + 1), np.float32))
    with pytest.raises(ValueError, match=r"map of shape \(2, 13\), 2 access points, 12 cells"):
        site_of(plan(), CELLS, wrong, DEFAULT_SETTINGS)


def test_stores_are_tracked_in_parts_from_so_many_cells_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert site_build.REGIONAL_FROM == 16_000
    monkeypatch.setattr(site_build, "REGIONAL_FROM", N)
    assert is_regional(CELLS)
    assert site_of(plan(), CELLS, radio_map(), DEFAULT_SETTINGS).thin.tolist() == [0, 3, 6, 9]
    monkeypatch.setattr(site_build, "REGIONAL_FROM", N + 1)
    assert not is_regional(CELLS)
