"""Visits and zones against the truth: small tables whose scores can be counted on one's fingers."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import box

from engine.config import PresenceConfig
from engine.files.outcomes import HourTable, ZoneVisitTable
from engine.plan.model import Level, Plan, Zone
from engine.referee.visits import Stay, VisitReport, join_blinks, score_visits
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


@pytest.mark.parametrize(("gap_s", "visits_found"), [(30.0, 1), (30.5, 2)])
def test_stays_apart_by_the_grace_are_one(gap_s: float, visits_found: int) -> None:
    true: Rows = [("ana", "tea", 0, 20), ("ana", "tea", 20 + gap_s, 60 + gap_s)]
    report = score_visits(visits(true), visits([]), ["ana"], PresenceConfig(grace_s=30.0))
    assert len(report.wanted) == visits_found
    assert report.missed == report.wanted


@pytest.mark.parametrize(("dwell_s", "wanted"), [(4.9, 0), (5.0, 1)])
def test_a_stay_wants_a_visit_from_the_confirmation_on(dwell_s: float, wanted: int) -> None:
    true: Rows = [("ana", "tea", 10, 10 + dwell_s)]
    report = score_visits(visits(true), visits(true), ["ana"], PresenceConfig(confirm_s=5.0))
    assert (len(report.wanted), len(report.pairs), report.passing) == (wanted, wanted, 1 - wanted)


def test_a_stay_within_another_does_not_end_it() -> None:
    assert join_blinks([Stay("a", "tea", 0, 60), Stay("a", "tea", 10, 20), Stay("a", "tea", 65, 70)], 5.0) == [
        Stay("a", "tea", 0, 70)
    ]


def test_visits_that_touch_overlap_and_others_do_not() -> None:
    touching = scored([("ana", "tea", 0, 60)], [("ana", "tea", 60, 90)])
    assert (len(touching.pairs), touching.wrong) == (1, [])
    apart = scored([("ana", "tea", 0, 60)], [("ana", "tea", 60.5, 90)])
    assert (apart.pairs, len(apart.missed), [s.entered_at for s in apart.wrong]) == ([], 1, [60.5])


def test_the_longest_overlap_is_paired_first_and_of_equal_ones_the_earlier() -> None:
    true: Rows = [("ana", "tea", 0, 50), ("ana", "tea", 100, 150)]
    longest = scored(true, [("ana", "tea", 40, 140), ("ana", "tea", 0, 30)])
    assert [(t.entered_at, f.entered_at) for t, f in longest.pairs] == [(0, 0), (100, 40)]
    equal = scored([("ana", "tea", 0, 50)], [("ana", "tea", 30, 50), ("ana", "tea", 0, 20)])
    assert [(t.entered_at, f.entered_at) for t, f in equal.pairs] == [(0, 0)]


def test_recall_is_told_by_how_long_the_true_stay_was() -> None:
    """Ten seconds are not below ten, thirty not below thirty."""
    ends = {"a": 9.0, "b": 10.0, "c": 29.0, "d": 30.0, "e": 119.0, "f": 120.0}
    true: Rows = [("ana", zone, 0, end) for zone, end in ends.items()]
    report = scored(true, [row for row in true if row[1] in "bdef"])
    assert report.figures()["recall_by_dwell"] == {
        "from_0_s": 0.0, "from_10_s": 0.5, "from_30_s": 1.0, "from_120_s": 1.0,
    }  # fmt: skip
    assert report.figures()["recall"] == round(4 / 6, 4)


def test_rows_of_zones_that_occur_twice_are_added_up() -> None:
    said = score_hours(hours([(0, "tea", 30), (0, "tea", 70), (3600, "tea", 0)]), hours([(0, "tea", 60)]))
    assert (said["true_person_s"], said["found_person_s"], said["misplaced_share"]) == (100.0, 60.0, 0.2)
