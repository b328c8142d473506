"""Balances of another programme: every mistake at once, with its line and what would be right."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from engine.errors import OperatorError
from engine.files.balances import BalanceRow, read_balances
from engine.vocabulary import IdentifierKind


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "balances.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problems(path: Path) -> dict[str, str]:
    with pytest.raises(OperatorError) as refused:
        read_balances(path)
    return {p.place: p.reason for p in refused.value.problems}


def test_rows_are_read(tmp_path: Path) -> None:
    text = "key,card,email,points,ends_on\nM-1,9250 0000 00017,,1250,2027-12-31\n\nM-2,,Ann@Example.com,80,\n"
    end = dt.datetime(2028, 1, 1, tzinfo=dt.UTC).timestamp()
    assert read_balances(written(tmp_path, "\ufeff" + text)) == [
        BalanceRow(2, "M-1", IdentifierKind.CARD, "9250000000017", 1250, end),
        BalanceRow(4, "M-2", IdentifierKind.EMAIL, "ann@example.com", 80, None),
    ]


def test_every_mistake_is_said_with_its_line(tmp_path: Path) -> None:
    text = "key,card,points,ends_on\n,12,1.5,2027-13-01\nA,123456,0,\nA,123456,1,\nA,123456,2,\nB,,1,\nC,1,2\n"
    assert problems(written(tmp_path, text)) == {
        "line 2, key": "is empty or no plain text",
        "line 2, points": "'1.5' is no number of points",
        "line 2, card": "is no card",
        "line 2, ends_on": "'2027-13-01' is no day",
        "line 3, points": "'0' is no number of points",
        "line 5, key": "'A' is on line 4 already",
        "line 6": "has not exactly one of card and email",
        "line 7": "3 cells where the header has 4",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("key,card\n", "no column 'points'"),
        ("key,points\n", "no column says whose the points are"),
        ("key,card,points,name\n", "unknown column 'name'"),
        ("key,card,points,points\n", "column 'points' twice"),
        ("key;card;points\nA;123456;1\n", "columns are separated by semicolons"),
    ],
)
def test_a_header_that_is_none(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in problems(written(tmp_path, text)).values()


def test_what_is_no_text_or_no_file(tmp_path: Path) -> None:
    assert problems(written(tmp_path, b"key,\xff")) == {"byte 4": "is not UTF-8"}
    assert set(problems(tmp_path / "none.csv")) == {"(file)"}
