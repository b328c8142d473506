"""Every table that the simulator writes is described, with each of its columns."""

from __future__ import annotations

import re
from pathlib import Path

from docs.from_code.vocabulary import ROOT, TABLES
from simulators.year.rows import DAY_COUNTS
from simulators.year.rows import TABLES as OF_A_YEAR
from tests.forked import rayon

PAGE = (ROOT / "docs/reference/tables.md").read_text(encoding="utf-8")


def undescribed(table: str, columns: list[str]) -> list[str]:
    """What the page does not say of a table: of one with a section of its own `test_documented` sees to it."""
    if table in TABLES:
        return []
    row = re.search(rf"^\| [^|]*`{table}`[^|]*\|(.*)$", PAGE, re.MULTILINE)
    if row is None:
        return [table]
    if table.endswith("_everybody"):  # "the same" as their namesakes
        return [] if columns == [c.name for c in TABLES[table.removesuffix("_everybody")]] else [table]
    return [f"{table}.{column}" for column in columns if f"`{column}`" not in row[1]]


def test_tables_of_a_simulated_day_are_described(tmp_path: Path) -> None:
    assert rayon(ROOT, "simulate", "demo-boutique", "-o", tmp_path, "--seconds", 5).returncode == 0
    headers = {path.stem: path.read_text(encoding="utf-8").split("\n", 1)[0] for path in tmp_path.glob("*.csv")}
    assert len(headers) >= 12
    assert [name for table, header in headers.items() for name in undescribed(table, header.split(","))] == []


def test_tables_of_a_simulated_year_are_described() -> None:
    tables = {name: list(columns) for name, columns in OF_A_YEAR.items()} | {"days": ["date", "opened", *DAY_COUNTS]}
    assert [name for table, columns in tables.items() for name in undescribed(table, columns)] == []


def test_what_is_not_described_is_found() -> None:
    assert undescribed("moods", ["t"]) == ["moods"]
    assert undescribed("near", ["sku", "mood"]) == ["near.mood"]
    assert undescribed("hours_everybody", ["t"]) == ["hours_everybody"]
