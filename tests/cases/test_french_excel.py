"""Tables as a French spreadsheet saves them, with semicolons and decimal commas (woocommerce #33481).

In: every table with semicolons, or tabs, and numbers like `1767261600,1`. It said "2 cells where the header has 1".
Right: "columns are separated by semicolons (separate them by commas)", with file and line; decimal commas are told too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import OperatorError
from engine.files import read_fixes, read_readings, read_survey, read_truth
from engine.files.columns import FIXES, READINGS, SURVEY, TRUTH
from engine.files.experiments import EXPERIMENTS, POTENTIAL
from engine.files.flows import FLOWS
from engine.files.outcomes import COUPONS, DECISIONS, HOURS, SESSIONS, VISITS
from engine.files.points import EVENTS, POINTS
from engine.files.read import read_columns
from engine.plan.load import load_plan
from tests.engine.plan.sketch import PRODUCTS, shop, write

TABLES = {
    "readings": READINGS, "survey": SURVEY, "truth": TRUTH, "fixes": FIXES, "sessions": SESSIONS, "visits": VISITS,
    "decisions": DECISIONS, "hours": HOURS, "coupons": COUPONS, "flows": FLOWS, "points": POINTS, "events": EVENTS,
    "potential_outcomes": POTENTIAL, "experiments": EXPERIMENTS,
}  # fmt: skip
NAMES = {";": "semicolons", "\t": "tabs"}


def refusals(read: Callable[[], Any]) -> list[str]:
    with pytest.raises(OperatorError) as caught:
        read()
    return [str(p) for p in caught.value.problems]


@pytest.mark.parametrize("separator", NAMES, ids=NAMES.values())
@pytest.mark.parametrize("name", TABLES)
def test_every_table_says_what_separates_its_columns(tmp_path: Path, name: str, separator: str) -> None:
    path, columns = tmp_path / f"{name}.csv", TABLES[name]
    cells = ["1767261600,1" if c.number else "a" for c in columns]
    lines = [separator.join(c.name for c in columns), separator.join(cells), separator.join(cells)]
    path.write_text("\ufeff" + "\r\n".join(lines) + "\r\n")
    assert refusals(lambda: read_columns(path, columns)) == [
        f"{path}: line 1: columns are separated by {NAMES[separator]} (separate them by commas)",
        f"{path}: line 2: '1767261600,1' has a decimal comma (write numbers with a decimal point)",
    ]


@pytest.mark.parametrize("read", [read_readings, read_survey, read_truth, read_fixes])
def test_the_readers_of_the_commands(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    path = tmp_path / "t.csv"
    path.write_text("t;device;ap;rssi_dbm\n1767261600;p;a;-60\n")
    found = refusals(lambda: read(path))
    assert found == [f"{path}: line 1: columns are separated by semicolons (separate them by commas)"]


def test_a_line_that_says_the_separator_is_no_header(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("sep=;\nt;device;ap;rssi_dbm\n1767261600;p;a;-60\n")
    assert "line 1: columns are separated by semicolons" in refusals(lambda: read_readings(path))[0]


def test_rows_pasted_below_a_good_header(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("t,device,ap,rssi_dbm\n5,p,a,-60\n1767261600,1;p;a;-60\n6;p;a;-60\n")
    assert refusals(lambda: read_readings(path)) == [
        f"{path}: line {n}: columns are separated by semicolons (separate them by commas)" for n in (3, 4)
    ]


def test_decimal_commas_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('t,device,ap,rssi_dbm\n"1767261600,1",p,a,"-60,5"\n')
    assert refusals(lambda: read_readings(path)) == [
        f"{path}: line 2, column t: not a number: '1767261600,1' (write it with a decimal point: 1767261600.1)",
        f"{path}: line 2, column rssi_dbm: not a number: '-60,5' (write it with a decimal point: -60.5)",
    ]
    path.write_text("t,device,ap,rssi_dbm\n1767261600,1,p,a,-60\n")
    assert refusals(lambda: read_readings(path)) == [
        f"{path}: line 2: 5 cells where the header has 4 (write numbers with a decimal point)"
    ]


@pytest.mark.parametrize("separator", NAMES, ids=NAMES.values())
def test_products_too(tmp_path: Path, separator: str) -> None:
    folder = write(tmp_path, shop(), PRODUCTS.replace(",", separator).replace("2.5", "2,5"))
    file = tmp_path / "products.csv"
    assert refusals(lambda: load_plan(folder)) == [
        f"{file}: line 1: columns are separated by {NAMES[separator]} (separate them by commas)",
        f"{file}: line 2: '2,5' has a decimal comma (write numbers with a decimal point)",
    ]


def test_products_with_decimal_commas_alone(tmp_path: Path) -> None:
    folder = write(tmp_path, shop(), PRODUCTS.replace("2.5,2.5", '"2,5",2.5'))
    file = tmp_path / "products.csv"
    assert refusals(lambda: load_plan(folder)) == [
        f"{file}: line 2, column x_m: '2,5' is not a number (metres, with a decimal point: 2.5)"
    ]


def test_a_good_table_may_hold_semicolons(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("t,device,ap,rssi_dbm\n5,a;b;c;d,a\tb\tc,-60\n")
    assert read_readings(path).device.tolist() == ["a;b;c;d"]
