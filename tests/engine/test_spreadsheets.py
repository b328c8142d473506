"""What would be right where a table's number is none."""

from __future__ import annotations

import pytest

from engine.spreadsheets import number_fix


@pytest.mark.parametrize(
    ("column", "cell", "fix"),
    [
        ("rssi_dbm", "-60,5", "write it with a decimal point: -60.5"),
        ("rssi_dbm", "-60 dBm", "the number alone: -60"),
        ("rssi_dbm", "-60.5DBM", "the number alone: -60.5"),
        ("rssi_dbm", "0.3 mW", "a number alone, in dBm"),
        ("range_m", "12 ft", "a number alone, in m"),
        ("range_m", "12 m", "the number alone: 12"),
        ("t", "12 s", "the number alone: 12"),
        ("t", "2026-03-20T08:26:40Z", "seconds since 1970, UTC: 1773995200"),
        ("t", "2026-03-20T09:26:40.250+01:00", "seconds since 1970, UTC: 1773995200.25"),
        ("t", "2026-03-20 08:26:40", "seconds since 1970, UTC"),  # of which zone, nobody knows
        ("t", "20/03/2026 08:26", "seconds since 1970, UTC"),
        ("t", "soon", ""),
        ("n_ap", "3 pieces", ""),
        ("t", "1.2.3", ""),
    ],
)
def test_what_would_be_right_is_said(column: str, cell: str, fix: str) -> None:
    assert number_fix(column, cell) == fix
