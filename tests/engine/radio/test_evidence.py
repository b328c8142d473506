"""How readings become evidence: bins, shadows, features; and what surveys and access points' hearing make of theirs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from shapely.geometry import LineString, box

from engine.plan.model import Level, Plan, Wall
from engine.radio.evidence import Evidence, evidence_at
from engine.radio.evidence_sources import hearings_evidence, survey_evidence
from tests.engine.radio.made import evidence, hall

PLAN = replace(hall((1.0, 1.0), (19.0, 9.0)), walls=(Wall("0", LineString([(10, 0), (10, 10)]), "brick", 7.0),))


def at(rows: list[tuple[int, int, float, float, float]], plan: Plan = PLAN, **more: object) -> Evidence:
    """(ap, source, x, y, dBm) each."""
    ap, source, x, y, rssi = (np.array(c) for c in zip(*rows, strict=True))
    n = len(rows)
    usual: dict[str, object] = {
        "level": np.zeros(n, np.int32), "range_m": np.full(n, np.nan), "place_sigma_m": np.full(n, 0.5),
    }  # fmt: skip
    return evidence_at(
        plan, kind=1, ap=ap.astype(np.int32), source=source.astype(np.int32), x_m=x.astype(float), y_m=y.astype(float),
        rssi_dbm=rssi.astype(float), **(usual | more),
    )  # type: ignore[arg-type]  # fmt: skip


def test_readings_of_a_device_and_access_point_in_one_square_metre_are_one_row() -> None:
    ev = at(
        [(0, 0, 4.1, 4.2, -60.0), (0, 0, 4.7, 4.8, -64.0), (0, 0, 5.0, 4.5, -70.0),  # the square ends at 5
         (1, 0, 4.5, 4.5, -50.0), (0, 1, 4.5, 4.5, -40.0)],
        range_m=np.array([3.0, np.nan, np.nan, 7.0, np.nan]), place_sigma_m=np.array([1.0, 3.0, 5.0, 7.0, 9.0]),
    )  # fmt: skip
    rows = list(zip(ev.source.tolist(), ev.ap.tolist(), ev.rssi_dbm.tolist(), ev.count.tolist(), strict=True))
    assert rows == [(0, 0, -62.0, 2.0), (0, 0, -70.0, 1.0), (0, 1, -50.0, 1.0), (1, 0, -40.0, 1.0)]
    np.testing.assert_allclose(ev.x_m, [4.4, 5.0, 4.5, 4.5])
    np.testing.assert_allclose(ev.y_m, [4.5, 4.5, 4.5, 4.5])
    np.testing.assert_array_equal(ev.range_m, [3.0, np.nan, 7.0, np.nan])  # what is not there does not count
    np.testing.assert_allclose(ev.place_sigma_m, [2.0, 5.0, 7.0, 9.0])
    assert set(ev.kind.tolist()) == {1}
    assert ev.kind.dtype == ev.ap.dtype == ev.source.dtype == ev.level.dtype == np.int32


def test_a_row_without_rssi_has_none() -> None:
    ev = at([(0, 0, 4.1, 4.2, np.nan), (0, 0, 4.7, 4.8, np.nan)], range_m=np.array([2.0, 4.0]))
    assert np.isnan(ev.rssi_dbm).tolist() == [True]
    assert ev.range_m.tolist() == [3.0]
    assert ev.count.tolist() == [2.0]


def test_rows_of_one_access_point_in_a_square_of_three_metres_share_a_shadow() -> None:
    ev = at([(0, 0, 0.5, 0.5, -50), (0, 0, 2.5, 2.5, -50), (0, 1, 1.5, 1.5, -50), (0, 0, 3.1, 0.5, -50),
             (1, 0, 0.5, 0.5, -50), (0, 0, 0.5, 3.1, -50)])  # fmt: skip
    edge = at([(0, 0, 3.0, 6.0, -50), (0, 0, 4.1, 7.1, -50), (0, 0, 2.9, 5.9, -50)])  # a square holds its lower edges
    assert dict(zip(edge.x_m.tolist(), edge.crowd.tolist(), strict=True)) == {3.0: 2, 4.1: 2, 2.9: 1}
    crowd = {(int(s), int(a), round(x, 1), round(y, 1)): c for s, a, x, y, c in
             zip(ev.source, ev.ap, ev.x_m, ev.y_m, ev.crowd, strict=True)}  # fmt: skip
    assert crowd == {
        (0, 0, 0.5, 0.5): 3, (0, 0, 2.5, 2.5): 3, (1, 0, 1.5, 1.5): 3, (0, 0, 3.1, 0.5): 1, (0, 1, 0.5, 0.5): 1,
        (0, 0, 0.5, 3.1): 1,
    }  # fmt: skip


def test_features_are_those_of_the_mean_place() -> None:
    ev = at([(0, 0, 14.2, 1.4, -60.0), (0, 0, 14.8, 1.6, -64.0), (1, 0, 14.5, 1.5, -60.0)])
    d = np.array([np.sqrt(13.5**2 + 0.5**2 + 1.5**2), np.sqrt(4.5**2 + 7.5**2 + 1.5**2)])
    np.testing.assert_allclose(ev.distance_m, d, rtol=1e-9)
    np.testing.assert_allclose(ev.log_d, 10 * np.log10(d), rtol=1e-9)
    np.testing.assert_allclose(ev.walls_db, [7.0, 0.0])
    np.testing.assert_array_equal(ev.tall_db, [0, 0])
    np.testing.assert_array_equal(ev.floors, [0, 0])
    high = at([(0, 0, 14.5, 1.5, -60.0)], height_m=np.array([2.7]))
    np.testing.assert_allclose(high.distance_m, [np.hypot(13.5, 0.5)], rtol=1e-9)


def test_on_another_level_the_floor_is_between() -> None:
    upper = Level("1", 1, "Upper", 3.0, 4.0, box(0, 0, 20, 10))
    plan = replace(PLAN, levels=(*PLAN.levels, upper))
    ev = at([(0, 0, 14.5, 1.5, -60.0)], plan, level=np.array([1], np.int32))
    assert ev.floors.tolist() == [1.0]
    assert ev.level.tolist() == [1]
    np.testing.assert_allclose(ev.distance_m, [np.sqrt(13.5**2 + 0.5**2 + (4 + 1.2 - 2.7) ** 2)], rtol=1e-9)


def test_crossings_are_saturated_between_shelves_and_walls_to_the_ceiling() -> None:
    ev = evidence([0], walls_db=10.0, tall_db=8.0, low_db=4.0)
    for tall in (0.0, 0.35, 1.0):
        lost = 10 + tall * 8 + (1 - tall) * 4
        assert ev.crossings_db(tall)[0] == pytest.approx(50 * (1 - np.exp(-lost / 50)))


def test_parts_are_joined_with_their_sources_apart() -> None:
    one, two = evidence([0, 1], source=[0, 2]), evidence([1, 0], source=[0, 1], rssi_dbm=-50.0)
    both = Evidence.concat([one, evidence([]), two])
    assert both.source.tolist() == [0, 2, 3, 4]
    assert both.ap.tolist() == [0, 1, 1, 0]
    assert both.rssi_dbm.tolist() == [-60, -60, -50, -50]
    assert both.source.dtype == np.int32
    some = both.take(np.array([3, 0]))
    assert (some.ap.tolist(), some.rssi_dbm.tolist(), len(some)) == ([0, 0], [-50, -60], 2)
    assert both.take(both.ap == 1).source.tolist() == [2, 3]


@dataclass
class Survey:
    """Two readings at one place."""

    x_m: np.ndarray
    y_m: np.ndarray
    level: np.ndarray
    ap: np.ndarray
    rssi_dbm: np.ndarray
    range_m: np.ndarray
    device: np.ndarray


def test_surveyed_places_are_sure_to_thirty_centimetres() -> None:
    ints = {k: np.array([0, 1], np.int32) for k in ("ap", "device")}
    ev = survey_evidence(
        PLAN,
        Survey(np.array([4.5, 5.5]), np.array([4.5, 4.5]), np.zeros(2, np.int32), ints["ap"],
               np.array([-60.0, -70.0]), np.array([np.nan, 6.0]), ints["device"]),
    )  # fmt: skip
    assert ev.kind.tolist() == [0, 0]
    assert ev.source.tolist() == [0, 1]
    np.testing.assert_allclose(ev.place_sigma_m, [0.3, 0.3])
    np.testing.assert_allclose(ev.rssi_dbm, [-60, -70])
    np.testing.assert_array_equal(ev.range_m, [np.nan, 6.0])
    np.testing.assert_allclose(ev.x_m, [4.5, 5.5])


@dataclass
class Heard:
    """Access points that heard each other."""

    t: np.ndarray
    heard: np.ndarray
    ap: np.ndarray
    rssi_dbm: np.ndarray
    range_m: np.ndarray


def test_an_access_point_that_is_heard_is_at_its_place_at_its_height() -> None:
    one, other = (np.array(v, np.int32) for v in ([0, 0], [1, 1]))
    nothing = np.full(2, np.nan, np.float32)
    ev = hearings_evidence(PLAN, Heard(np.zeros(2), one, other, np.array([-61, -63], np.float32), nothing))  # type: ignore[arg-type]
    assert (ev.kind.tolist(), ev.source.tolist(), ev.ap.tolist()) == ([2], [0], [1])
    np.testing.assert_allclose([ev.x_m[0], ev.y_m[0]], [1.0, 1.0])
    np.testing.assert_allclose(ev.distance_m, [np.hypot(18.0, 8.0)])  # both hang at 2.7 m
    assert ev.rssi_dbm.tolist() == [-62.0]
    assert ev.count.tolist() == [2.0]
    assert ev.walls_db.tolist() == [7.0]
    np.testing.assert_allclose(ev.place_sigma_m, [0.3])
