"""Tables in Parquet: the same as in CSV, whatever types their columns have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.files import read_readings, write_readings
from tests.engine.files.test_tables import problems


def test_parquet_holds_the_same(tmp_path: Path) -> None:
    csv_path, parquet_path = tmp_path / "r.csv", tmp_path / "r.parquet"
    csv_path.write_text("t,device,ap,rssi_dbm,range_m\n1.5,d,ap0,-50,\n2.5,e,ap1,,3\n")
    table = read_readings(csv_path)
    write_readings(parquet_path, table)
    again = read_readings(parquet_path)
    for name in ("t", "rssi_dbm", "range_m"):
        np.testing.assert_array_equal(getattr(again, name), getattr(table, name))
    assert again.device.tolist() == table.device.tolist()


def test_numbers_of_parquet_that_are_texts_here_are_as_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    columns = {"t": [1, 2], "device": [2**53 + 1, 7], "ap": [0, 1], "rssi_dbm": [-50, None], "band": [2.4, None]}
    pq.write_table(pa.table({**columns, "range_m": [1.0, 2.0]}), path)
    table = read_readings(path)
    assert (table.device.tolist(), table.ap.tolist()) == (["9007199254740993", "7"], ["0", "1"])
    assert table.band.tolist() == ["2.4", ""]
    columns["device"] = [7, None]
    pq.write_table(pa.table({**columns, "range_m": [1.0, 2.0]}), path)
    assert problems(read_readings, path) == ["line 2, column device: empty cell"]


def test_parquet_problems_have_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"t": ["1", "x"], "device": ["d", "d"], "ap": ["a", "a"], "rssi_dbm": [-50.0, None]}), path)
    assert problems(read_readings, path) == ["line 2, column t: not a number: 'x'"]
