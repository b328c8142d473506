"""Ledger against truth: who was told what the rules give, and who was not."""

from __future__ import annotations

import pytest

from engine.files.points import PointRow
from engine.referee.points import score_ledger


def row(expected: tuple[int, int], said: tuple[int | None, int | None], settling: int = 0, lost: int = 0) -> PointRow:
    return PointRow("ana", *expected, *said, settling, lost, {"rewarded": 2})


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (row((0, 0), (0, 0)), True),
        (row((50, 100), (50, 100)), True),
        (row((50, 0), (0, 0)), False),
        (row((50, 0), (100, 0)), False),
        (row((50, 0), (0, 50)), False),  # right in sum, but still on hold
        (row((50, 0), (0, 50), settling=50), True),
        (row((100, 0), (0, 100), settling=50), False),
        (row((50, 0), (100, 0), lost=50), True),
        (row((50, 0), (0, 0), lost=50), False),
        (row((50, 0), (150, 0), lost=50), False),
    ],
)
def test_one_shopper(given: PointRow, right: bool) -> None:
    report = score_ledger([given])
    assert (report.equals_truth, report.equal, len(report.differ)) == (right, int(right), int(not right))


def test_no_answer_is_neither_equal_nor_different() -> None:
    report = score_ledger([row((50, 0), (None, None)), row((50, 0), (50, 0))])
    assert (report.equals_truth, report.unanswered, report.equal, report.differ) == (False, 1, 1, [])
    assert (report.expected_points, report.said_points, report.openings) == (50, 50, {"rewarded": 4})


def test_those_who_differ_are_listed_the_worst_first() -> None:
    rows = [
        PointRow("ana", 50, 0, 50, 0),
        PointRow("bob", 50, 0, 100, 0),
        PointRow("cy", 0, 200, 0, 0),
        PointRow("dan", 50, 0, 0, 0),
    ]
    said = score_ledger(rows).figures()
    assert [(d["device"], d["points"]) for d in said["differ"]] == [("cy", -200), ("bob", 50), ("dan", -50)]
    assert (said["shoppers"], said["equal"], said["expected_points"], said["said_points"]) == (4, 1, 350, 150)
    assert score_ledger([]).equals_truth


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (row((50, 50), (40, 60), settling=10), True),
        (row((50, 50), (39, 61), settling=10), False),
        (row((50, 50), (60, 40), settling=10), True),  # taken back just then
        (row((50, 50), (50, 60), settling=5, lost=10), True),
        (row((50, 50), (45, 66), settling=5, lost=11), True),
        (row((50, 50), (45, 67), settling=5, lost=12), True),
        (row((50, 50), (30, 70), settling=5, lost=12), False),
        (row((50, 50), (50, 61), lost=10), False),
        (row((50, 50), (50, 49), lost=10), False),
    ],
)
def test_what_settles_may_be_on_either_side_and_what_is_uncertain_may_be_more(given: PointRow, right: bool) -> None:
    assert score_ledger([given]).equals_truth is right


def test_half_an_answer_is_none_and_what_is_uncertain_is_of_everybody() -> None:
    rows = [row((50, 0), (50, None), lost=3), row((50, 0), (None, 0), lost=4), row((7, 8), (9, 6), settling=2, lost=5)]
    report = score_ledger(rows)
    assert (report.shoppers, report.unanswered, report.equal) == (3, 2, 1)
    assert (report.expected_points, report.said_points, report.uncertain_points) == (15, 15, 12)
    said = report.figures()
    assert (said["equals_truth"], said["uncertain_points"], said["openings"]) == (False, 12, {"rewarded": 6})


def test_who_differs_is_said_with_both_sides() -> None:
    [said] = score_ledger([row((50, 10), (20, 15))]).figures()["differ"]
    assert said == {"device": "ana", "expected_pending": 50, "expected_available": 10, "said_pending": 20,
                    "said_available": 15, "points": -25}  # fmt: skip
