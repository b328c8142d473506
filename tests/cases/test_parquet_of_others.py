"""Tables in Parquet as other programs write them ended in a traceback of pyarrow: times as whole nanoseconds, names as
bytes, lists or structs.

Input: readings with one such column. Right: a sentence that names file and column, with what to write instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import OperatorError
from engine.files.read import read_readings

PLAIN: dict[str, Any] = {"t": [1.8e9], "device": ["d"], "ap": ["a"], "rssi_dbm": [-60.0]}
OTHERS: list[tuple[str, Any]] = [
    ("t", [1_767_261_600_123_456_789]),
    ("device", [b"\xff\xfe"]),
    ("device", [["d"]]),
    ("ap", [{"name": "a"}]),
]


@pytest.mark.parametrize(("column", "values"), OTHERS)
def test_a_column_of_another_kind_is_said(tmp_path: Path, column: str, values: Any) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "readings.parquet"
    pq.write_table(pa.table(PLAIN | {column: values}), path)
    with pytest.raises(OperatorError) as refused:
        read_readings(path)
    (problem,) = refused.value.problems
    assert (problem.file, problem.place) == (str(path), f"column {column}")
    assert "names as texts" in problem.fix


def test_plain_ones_are_read(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table(PLAIN | {"device": pa.array(["d"]).dictionary_encode()}), tmp_path / "r.parquet")
    assert read_readings(tmp_path / "r.parquet")
