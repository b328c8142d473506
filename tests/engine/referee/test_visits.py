"""Visits and zones against the truth: small tables whose scores can be counted on one's fingers."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import box

from engine.files.outcomes import HourTable, ZoneVisitTable
from engine.plan.model import Level, Plan, Zone
from engine.referee.visits import VisitReport, score_visits
from engine.referee.zones import Confusion, score_hours, zone_confusion, zone_of

Rows = list[tuple[str, str, float, float]]


def visits(rows: Rows) -> ZoneVisitTable:
    device, zone, entered, left = zip(*rows, strict=True) if rows else ((), (), (), ())
    return ZoneVisitTable(
        np.array(device, np.str_), np.array(zone, np.str_), np.array(entered, float), np.array(left, float)
    )


def scored(true: Rows, found: Rows, devices: tuple[str, ...] = ("ana",)) -> VisitReport:
    return score_visits(visits(true), visits(found), devices)


def test_a_visit_found_too_long_is_found_with_a_bias() -> None:
    report = scored(
        [("ana", "tea", 0, 60), ("ana", "jam", 100, 120)], [("ana", "tea", 5, 75), ("ana", "jam", 100, 116)]
    )
    said = report.figures()
    assert (said["precision"], said["recall"]) == (1.0, 1.0)
    assert said["dwell"]["bias_s"] == 3.0  # +10 and -4
    assert said["dwell"]["mean_abs_s"] == 7.0
    assert said["dwell"]["by_zone"]["tea"] == {"pairs": 1, "true_mean_s": 60.0, "bias_s": 10.0, "mean_abs_s": 10.0}


def test_missed_and_invented_visits() -> None:
    report = scored(
        [("ana", "tea", 0, 60), ("ana", "jam", 100, 120)], [("ana", "tea", 200, 230), ("ana", "jam", 90, 99)]
    )
    said = report.figures()
    assert (said["precision"], said["recall"]) == (0.0, 0.0)
    assert [s.zone for s in report.missed] == ["jam", "tea"]
    assert said["dwell"] == {"pairs": 0, "true_mean_s": None, "bias_s": None, "mean_abs_s": None, "by_zone": {}}


def test_stays_with_short_gaps_are_one_and_passing_by_wants_no_visit() -> None:
    true: Rows = [("ana", "tea", 0, 10), ("ana", "tea", 19, 30), ("ana", "jam", 50, 52)]
    report = scored(true, [("ana", "tea", 0, 30), ("ana", "jam", 50, 56)])
    assert [(s.zone, s.dwell_s) for s in report.wanted] == [("tea", 30.0)]
    assert (report.passing, report.wrong) == (1, [])  # in the jam it was, if only for three seconds
    assert report.figures()["recall_by_dwell"] == {
        "from_0_s": None, "from_10_s": None, "from_30_s": 1.0, "from_120_s": None
    }  # fmt: skip


def test_a_stray_visit_overlaps_no_true_stay_and_one_that_overlaps_any_is_none() -> None:
    true: Rows = [("ana", "tea", 0, 60), ("ana", "tea", 100, 102)]
    report = scored(true, [("ana", "tea", 0, 60), ("ana", "tea", 99, 105), ("ana", "tea", 200, 230)])
    assert (report.passing, [s.entered_at for s in report.wrong]) == (1, [200])


def test_one_true_visit_pays_for_one_found_visit_only() -> None:
    report = scored([("ana", "tea", 0, 60)], [("ana", "tea", 0, 20), ("ana", "tea", 25, 60)])
    assert [(t.entered_at, f.entered_at) for t, f in report.pairs] == [(0, 25)]
    assert report.wrong == []  # the other half is in the same true stay: torn, not invented
    assert report.figures()["precision"] == 1.0


def test_devices_without_truth_are_left_out_and_counted() -> None:
    report = scored([("ana", "tea", 0, 60), ("bob", "tea", 0, 60)], [("probe", "tea", 0, 60), ("ana", "tea", 0, 60)])
    assert (report.unscored, len(report.wanted), len(report.pairs)) == (1, 1, 1)
    assert scored([], []).figures()["precision"] is None


FLOOR = box(0, 0, 10, 10)
PLAN = Plan(
    "market", "Market", "Europe/Paris", "EUR", None,
    (Level("0", 0, "Ground", 3.0, 0.0, FLOOR), Level("1", 1, "First", 3.0, 3.0, FLOOR)),
    zones=(
        Zone("food", "0", "Food", "", box(0, 0, 8, 8)),
        Zone("tea", "0", "Tea", "", box(2, 2, 4, 4)),
        Zone("up", "1", "Up", "", FLOOR),
    ),
)  # fmt: skip


def test_the_smallest_zone_counts_where_zones_nest() -> None:
    level, x_m = np.array(["0", "0", "0", "1"]), np.array([3.0, 1.0, 9.0, 3.0])
    assert zone_of(PLAN, level, x_m, np.full(4, 3.0)).tolist() == ["tea", "food", "-", "up"]


def test_confusion_counts_rows_of_truth() -> None:
    true, found = np.array(["tea", "tea", "food", "-"]), np.array(["tea", "food", "food", "food"])
    confusion: Confusion = zone_confusion(PLAN, true, found)
    assert confusion.labels == ["food", "tea", "-"]
    assert confusion.counts.tolist() == [[1, 0, 0], [1, 1, 0], [1, 0, 0]]
    assert confusion.figures() == {"fixes": 4, "hit_rate": 0.5, "by_zone": {"food": 1.0, "tea": 0.5, "-": 0.0}}
    assert zone_confusion(PLAN, true[:0], found[:0]).figures()["hit_rate"] is None


def hours(rows: list[tuple[float, str, float]]) -> HourTable:
    hour, zone, person_s = zip(*rows, strict=True) if rows else ((), (), ())
    none = np.zeros(len(rows))
    return HourTable(np.array(hour, float), np.array(zone, np.str_), np.array(person_s, float), none, none, none)


def test_time_in_the_wrong_zone_is_counted_once() -> None:
    said = score_hours(hours([(0, "tea", 100), (0, "jam", 100)]), hours([(0, "tea", 150), (0, "jam", 50)]))
    assert said["misplaced_share"] == pytest.approx(0.25)
    assert said["by_zone"]["tea"] == {"true_person_s": 100.0, "found_person_s": 150.0}
    at_another_hour = score_hours(hours([(0, "tea", 100)]), hours([(3600, "tea", 100)]))
    assert at_another_hour["misplaced_share"] == 1.0
    assert score_hours(hours([]), hours([]))["misplaced_share"] is None
