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
