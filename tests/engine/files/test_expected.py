"""The table of what is expected reads as it was written."""

from __future__ import annotations

from pathlib import Path

from engine.files.expected import read_expected, write_expected
from engine.presence.expected.rows import FLOOR, TILL, UNKNOWN, ExpectedRow


def test_rows_come_back_as_they_went(tmp_path: Path) -> None:
    rows = [
        ExpectedRow(3600.0 * i, zone, *(0.25 * i * k for k in range(1, 11)))
        for i, zone in enumerate(("a", FLOOR, UNKNOWN, f"{TILL}till-1", ":passed"))
    ]
    for name in ("expected.csv", "expected.parquet"):
        write_expected(tmp_path / name, rows)
        assert read_expected(tmp_path / name) == rows
