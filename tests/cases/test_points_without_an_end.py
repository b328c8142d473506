"""A partner's points ended in the year 10000, and the shopper's page of points answered 500 from then on.

In: `ends_at` and `ends_on` at both ends of the calendar; a cell of 200,000 signs. Right: refused where they come in, in
words; the last date that is taken can be written in every zone.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from api.loyalty.partners import Gift
from api.times import rfc3339
from engine.errors import OperatorError
from engine.files.balances import read_balances


@pytest.mark.parametrize("far", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2201-01-01T00:00:00Z"])
def test_a_gift_ends_in_a_year_of_ours(far: str) -> None:
    with pytest.raises(ValidationError, match="1970 to 2200"):
        Gift.model_validate({"reference": "r", "card": "123456", "points": 1, "ends_at": far})
    last = Gift.model_validate(
        {"reference": "r", "card": "123456", "points": 1, "ends_at": "2200-12-31T23:59:59-14:00"}
    )
    assert last.ends_at is not None
    assert rfc3339(last.ends_at.timestamp()).startswith("2201-01-01")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a,123456,5,9999-12-30", "line 2, ends_on: '9999-12-30' is no day"),
        ("a,123456,5,0001-01-01", "line 2, ends_on: '0001-01-01' is no day"),
        (f"a,{'1' * 200_000},5,", "line 2: field larger than field limit"),
        (f'a,"{"1" * 200_000},5,', "look for a quote that is never closed"),
    ],
    ids=["late", "early", "long", "open quote"],
)
def test_odd_cells_of_balances_are_said(tmp_path: Path, row: str, said: str) -> None:
    file = tmp_path / "balances.csv"
    file.write_text(f"key,card,points,ends_on\n{row}\n", encoding="utf-8")
    with pytest.raises(OperatorError) as refused:
        read_balances(file)
    assert said in str(refused.value)
