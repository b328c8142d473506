"""Values beyond all reason: left out and counted, without a word of the arithmetic's."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from engine.errors import OperatorError
from engine.files import read_readings, read_survey, readings_for_plan, survey_for_plan
from engine.files.joined import PlanReadings
from engine.files.labels import read_labels, read_receipts
from tests.engine.positioning.stores import hall

GOOD = [f"{k},d,ap{k % 4},-{50 + k % 7},{3 + k % 5},1" for k in range(60)]


def joined(tmp_path: Path, rows: list[str]) -> PlanReadings:
    path = tmp_path / "r.csv"
    path.write_text("t,device,ap,rssi_dbm,range_m,range_sigma_m\n" + "".join(f"{row}\n" for row in rows))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return readings_for_plan(read_readings(path), hall())


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("5,d,ap0,1e308,,", "bad_rssi"),
        ("5,d,ap0,-1e308,,", "bad_rssi"),
        ("5,d,ap0,-50,1e308,1", "bad_range"),
        ("5,d,ap0,-50,-1e308,1", "bad_range"),
        ("5,d,ap0,-50,4,1e-300", "bad_range_sigma"),
        ("5,d,ap0,-50,4,1e300", "bad_range_sigma"),
        ("5,d,ap0,-50,4,-1e300", "range_sigma_not_positive"),
        ("1e300,d,ap0,-50,4,1", "time_out_of_range"),
        ("-1e300,d,ap0,-50,4,1", "time_out_of_range"),
    ],
)
def test_absurd_values_are_counted_and_the_rest_is_used(tmp_path: Path, row: str, reason: str) -> None:
    found = joined(tmp_path, [*GOOD, row, row])
    assert found.warnings == {reason: 2}
    kept = found.readings
    assert len(kept) == (60 if row.startswith(("1e", "-1e")) or ",," in row else 62)
    assert np.isfinite(kept.range_m[:60]).all()
    assert np.isnan(kept.range_m[60:]).tolist() == [reason == "bad_range"] * len(kept.range_m[60:])
    if "sigma" in reason:
        assert np.isnan(kept.range_sigma_m[60:]).all()


def test_a_table_of_nothing_else_is_read(tmp_path: Path) -> None:
    absurd = [f"{k},d,ap{k % 4},{'-' * (k % 2)}1e308,1e308,1e308" for k in range(60)]
    found = joined(tmp_path, absurd)
    assert len(found.readings) == 0
    assert (found.warnings["bad_rssi"], found.warnings["bad_range"], found.warnings["bad_range_sigma"]) == (60, 60, 60)
    assert [unit for unit in found.odd.units if "range" in unit] == []


def test_a_survey_too(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    rows = [f"{1 + k % 9},2,0,ap{k % 4},{'1e308,1e308' if k == 7 else '-60,4'}\n" for k in range(40)]
    path.write_text("x_m,y_m,level,ap,rssi_dbm,range_m\n" + "".join(rows))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = survey_for_plan(read_survey(path), hall())
    assert (len(found), found.odd.counts) == (39, {"bad_rssi": 1, "bad_range": 1})


def test_labels_of_times_that_no_clock_shows_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("t,device,kind,x_m,y_m\n10,d,survey,3,3\n1e308,d,survey,3,3\n-5,d,survey,3,3\n")
    table = read_labels(path, hall(), lambda name: 1)
    assert table.labels.t.tolist() == [10.0]
    assert table.left_out == [
        f"{path}: 2 of 3 lines left out, of times that no clock shows (line 3: 1e+308 is before 1970 or after 2100;"
        " line 4: -5 is before 1970 or after 2100): write seconds since 1970, UTC"
    ]


@pytest.mark.parametrize(
    ("t", "fix"),
    [("1772528415630", "seconds since 1970, UTC: are these milliseconds?"), ("-5", "seconds since 1970, UTC")],
)
def test_a_file_of_no_other_is_refused(tmp_path: Path, t: str, fix: str) -> None:
    path = tmp_path / "l.csv"
    path.write_text(f"t,device,kind,x_m,y_m\n{t},d,survey,3,3\n{t},d,survey,4,3\n")
    with pytest.raises(OperatorError) as told:
        read_labels(path, hall(), lambda name: 1)
    assert [(p.place, p.fix) for p in told.value.problems] == [("line 2, column t", fix), ("line 3, column t", fix)]
    path.write_text(f"t,device,sku\n{t},d,x\n")
    with pytest.raises(OperatorError, match="column t"):
        read_receipts(path, hall(), lambda name: 1)
