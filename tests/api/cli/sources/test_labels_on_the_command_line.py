"""What the commands say of tables of labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from api.cli.sources.labels import (
    labels_in_words,
    lack_in_words,
    say_lies,
    warn_of_doubts,
    warn_of_left_out,
    warn_of_unheard,
)
from engine.files.labels import LabelTable
from engine.offers.promise import Promise
from engine.records import Labels

NO = np.empty(0, np.uint64)


def of(t: list[float], device: list[int]) -> dict[str, LabelTable]:
    n, zeros = len(t), np.zeros(len(t))
    numbers = np.zeros(n, np.int32)
    who = np.array(device, np.uint64)
    return {"l.csv": LabelTable(Labels(np.array(t), who, numbers, numbers, numbers, zeros, zeros, zeros > 0), [])}


def said(capsys: pytest.CaptureFixture[str], labels: dict[str, LabelTable]) -> list[str]:
    warn_of_unheard(labels, np.array([1000.0, 1300.0, 1100.0]), np.array([1, 2, 2], np.uint64))
    return capsys.readouterr().err.splitlines()


def test_labels_of_other_times_than_the_readings_are_told_with_both_spans(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, of([4600.0, 4900.0, 1200.0], [1, 2, 1])) == [
        "l.csv: warning: 2 of 3 lines are of times that the readings have not (1200 to 4900, readings 1000 to 1300):"
        " both in seconds since 1970, UTC"
    ]
    assert said(capsys, of([999.0], [1]))
    assert said(capsys, of([1301.0], [1]))


def test_labels_of_devices_that_the_readings_have_not_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, of([1000.0, 1100.0, 1300.0], [7, 2, 8])) == [
        "l.csv: warning: 2 of 3 lines are of devices that the readings have not: write `device` as they do"
    ]


def test_a_half_of_strangers_and_of_late_lines_is_no_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert not said(capsys, of([1000.0, 1300.0, 5000.0, 5000.0], [1, 2, 8, 9]))
    assert not said(capsys, of([], []))


def test_lines_that_are_left_out_are_warned_of_as_all_is_with_the_file_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (table,) = of([1.0], [1]).values()
    warn_of_left_out({"l.csv": replace(table, left_out=["l.csv: 1 of 2 lines left out, of an unknown kind"])})
    assert capsys.readouterr().err == "l.csv: warning: 1 of 2 lines left out, of an unknown kind\n"


def test_what_contradicts_the_store_and_what_stands_elsewhere_are_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    moved = {"sku": "P1", "level": "0", "x_m": 1.3, "y_m": 2.0, "moved_m": 7.1}
    figures = {
        "used": 40, "lying_sources": {"l.csv": "mirrored in x", "r.csv (receipts)": "shifted by one vector"},
        "off_m": {"r.csv (receipts)": [2.5, -1.0]}, "moved_products": [moved], "gain_m": 0.0,
    }  # fmt: skip
    warn_of_doubts(figures)
    assert capsys.readouterr().err.splitlines() == [
        "l.csv: warning: its labels contradict the store, and were left aside: mirrored in x",
        "r.csv (receipts): warning: its labels contradict the store, and were left aside: shifted by one vector: places"
        " lie +2.5 m in x and -1.0 m in y of where devices were. Or are the access points drawn so?",
        "warning: product P1 seems to stand at x 1.3, y 2.0, 7.1 m from its place in the plan",
    ]
    assert len(labels_in_words(figures)) == 1
    warn_of_doubts({})
    assert not capsys.readouterr().err


def test_of_what_only_differences_were_taken_is_said() -> None:
    figures = {"used": 40, "share": 1.0, "gain_m": 0.12, "apart_m": {"l.csv": [-1.4, 0.3]}}
    assert labels_in_words(figures)[1:] == [
        "labels: l.csv: places lie -1.4 m in x and +0.3 m in y of where devices were, which may be the map's or theirs:"
        " they were taken without it. Are products drawn from another corner?"
    ]


PLAN, LABELS = Promise(0.5, 0.8, 0.7, 0.6), Promise(0.5, 0.8, 0.7, 0.6, 45, 0.9)


def test_how_many_devices_thresholds_lack_is_said_with_how_many_they_need() -> None:
    assert lack_in_words({"labelled_devices": 19, "left_devices": 44}, [PLAN, PLAN]) == [
        "labels: thresholds need 40 labelled devices, of which there are 19, and as many that have left, of which there"
        " are 44: until then they are told by the plan and where people pause"
    ]
    assert lack_in_words({"labelled_devices": 40, "left_devices": 39}, [PLAN])


def test_where_thresholds_lack_no_devices_nothing_is_said_of_them() -> None:
    assert lack_in_words({"labelled_devices": 40, "left_devices": 40}, [PLAN]) == []
    assert lack_in_words({"labelled_devices": 19, "left_devices": 40}, []) == [], "no campaign states a precision"
    assert lack_in_words({"labelled_devices": 19, "left_devices": 40}, [LABELS]) == [], "they stood on labels before"


def test_where_nobody_was_heard_other_things_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_unheard(of([1.0], [1]), np.empty(0), NO)
    assert not capsys.readouterr().err


def test_why_nothing_could_be_judged_is_told() -> None:
    few = "too few to judge, of which there must be 20, of 8 devices or in as many squares of 5 m"
    (nearer,) = labels_in_words({"used": 30, "share": 0.5, "gain_m": 0.24})
    assert nearer.endswith("devices left out are found 0.24 m nearer with them")
    (as_far,) = labels_in_words({"used": 30, "share": 0.5, "gain_m": 0.004})
    assert as_far.endswith("who are found as far off as without them")
    (plain,) = labels_in_words({"used": 3, "gain_m": None})
    assert plain == f"labels: 3 held against tracks; the map stays as it was: {few}"
    figures = {"used": 340, "gain_m": None, "lying_sources": {"l.csv": "mirrored in x"}}
    (beside,) = labels_in_words(figures)
    said = f"the map stays as it was: beside those that contradict the store there are {few}"
    assert beside == f"labels: 340 held against tracks; {said}"
    assert say_lies(figures) == {"l.csv": "its labels contradict the store, and were left aside: mirrored in x"}
