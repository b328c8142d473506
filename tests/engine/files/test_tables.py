"""Tables: what is read, what is refused with its place, what is written."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import OperatorError
from engine.files import (
    FixTable,
    read_fixes,
    read_readings,
    read_survey,
    read_truth,
    readings_for_plan,
    survey_for_plan,
    write_fixes,
)
from engine.files.columns import ReadingTable
from engine.files.surveyed import place_problems
from tests.engine.positioning.stores import hall
from tests.engine.radio.made import hall as made_hall


def written(tmp_path: Path, text: str, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(call: object, path: Path) -> list[str]:
    with pytest.raises(OperatorError) as caught:
        call(path)  # type: ignore[operator]
    return [str(p).removeprefix(str(path) + ": ") for p in caught.value.problems]


def test_readings_keep_the_order_of_rows_and_blank_cells_are_nan(tmp_path: Path) -> None:
    table = read_readings(written(tmp_path, "t,device,ap,rssi_dbm,range_m\n2,b,ap1,-50,\n1,a,ap2,,3.5\n"))
    assert table.t.tolist() == [2.0, 1.0]
    assert table.device.tolist() == ["b", "a"]
    assert table.rssi_dbm[0] == -50
    assert np.isnan(table.rssi_dbm[1])
    assert np.isnan(table.range_m[0])
    assert np.isnan(table.range_sigma_m).all()


def test_columns_may_come_in_any_order_and_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    table = read_readings(written(tmp_path, "\ufeffap,rssi_dbm,device,t,band\nx,-40,d,7,5\n"))
    assert (table.ap[0], table.t[0]) == ("x", 7.0)


def test_all_bad_cells_are_listed_with_line_and_column(tmp_path: Path) -> None:
    path = written(tmp_path, "t,device,ap,rssi_dbm\n1,d,ap,-50\nx,d,ap,-50\n\n3,,ap,loud\n4,d,ap,nan\ninf,d,ap,-1\n")
    assert problems(read_readings, path) == [
        "line 3, column t: not a number: 'x'",
        "line 7, column t: not a number: 'inf'",
        "line 5, column device: empty cell",
        "line 5, column rssi_dbm: not a number: 'loud'",
        "line 6, column rssi_dbm: not a number: 'nan'",
    ]


def test_unknown_repeated_and_missing_columns_are_listed_together(tmp_path: Path) -> None:
    found = problems(read_readings, written(tmp_path, "t,t,device,rssi_dbm,colour\n1,1,d,-50,red\n"))
    assert found == [
        "line 1, column colour: unknown column (the columns are t, device, ap, rssi_dbm, range_m, range_sigma_m, band)",
        "line 1, column t: repeated column",
        "line 1: column ap is missing",
    ]


@pytest.mark.parametrize("first", ["# recorded on Monday", "", "1,phone,ap-1,-50", "sep=,"])
def test_a_first_line_that_names_no_column_is_one_mistake(tmp_path: Path, first: str) -> None:
    (found,) = problems(read_readings, written(tmp_path, f"{first}\nt,device,ap,rssi_dbm\n1,d,ap,-50\n"))
    assert found.startswith("line 1: ")


def test_a_table_without_rssi_and_range_is_refused(tmp_path: Path) -> None:
    assert "neither rssi_dbm nor range_m" in problems(read_readings, written(tmp_path, "t,device,ap\n1,d,a\n"))[0]


def test_ragged_lines_are_named(tmp_path: Path) -> None:
    found = problems(read_truth, written(tmp_path, "t,device,level,x_m,y_m\n1,d,0,2\n1,d,0,2,3\n1,d,0,2,3,4\n"))
    assert found == ["line 2: 4 cells where the header has 5", "line 4: 6 cells where the header has 5"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "no header"), (b"t,\xff\n", "not UTF-8"), (b't,device\n"open,1\n', "not CSV")],
)
def test_files_that_are_no_tables(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    assert reason in problems(read_truth, path)[0]


def test_control_characters_are_refused_with_their_places(tmp_path: Path) -> None:
    """numpy drops a zero byte at the end of a text: two phones would be one."""
    text = "t,device,ap,rssi_dbm\n1,phone\0,a,-50\n2,phone,a\x1b[1m,-50\n3\0,phone,a,-50\n4, phone\t,a,-50\n"
    assert problems(read_readings, written(tmp_path, text)) == [
        "line 4, column t: '3\\x00' holds a control character (one line of plain text)",
        "line 2, column device: 'phone\\x00' holds a control character (one line of plain text)",
        "line 3, column ap: 'a\\x1b[1m' holds a control character (one line of plain text)",
    ]


def test_and_so_they_are_in_parquet(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    columns = {"t": [1.0, 2.0], "device": ["phone\0", "phone"], "ap": ["a", "a"], "rssi_dbm": [-50.0, -51.0]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    found = problems(read_readings, tmp_path / "t.parquet")
    assert found == ["line 1, column device: 'phone\\x00' holds a control character (one line of plain text)"]


def test_a_missing_file_is_an_operators_mistake(tmp_path: Path) -> None:
    assert "No such file" in problems(read_fixes, tmp_path / "gone.csv")[0]


def test_thousands_of_bad_cells_do_not_flood_the_screen(tmp_path: Path) -> None:
    head = "t,device,ap,rssi_dbm\n"
    found = problems(read_readings, written(tmp_path, head + "".join(f"x{k},d,a,-50\n" for k in range(1000))))
    assert len(found) == 201
    assert found[-1] == "line 202 and on, column t: 800 more lines of this kind"
    found = problems(read_readings, written(tmp_path, head + "x,d,a,-50\n" * 1000))
    assert found == [
        "line 2, column t: not a number: 'x', and on 199 more lines (3, 4, 5, 6, …)",
        "line 202 and on, column t: 800 more lines of this kind",
    ]


def test_absurd_values_and_unknown_access_points_are_counted_and_the_rest_is_used(tmp_path: Path) -> None:
    text = (
        "t,device,ap,rssi_dbm,range_m,range_sigma_m\n"
        "1,d,ap0,-50,,\n1,d,ap9,-50,,\n1,d,ap0,0,,\n1,d,ap0,-130,,\n1,d,ap0,,,\n1,d,ap1,7,4,\n1,d,ap1,-60,5000,0\n"
    )
    joined = readings_for_plan(read_readings(written(tmp_path, text)), hall())
    assert joined.warnings == {
        "unknown_ap": 1,
        "bad_rssi": 3,
        "bad_range": 1,
        "range_sigma_not_positive": 1,
        "neither_rssi_nor_range": 1,
    }
    assert joined.readings.ap.tolist() == [0, 1, 1]
    assert np.isnan(joined.readings.rssi_dbm[1])
    assert joined.readings.range_m[1] == 4


def table_of(tmp_path: Path, rows: Iterable[tuple[object, ...]]) -> ReadingTable:
    """Readings of one phone, a second each: (ap, rssi_dbm, range_m)."""
    lines = [f"{t},d,{ap},{rssi},{metres}\n" for t, (ap, rssi, metres) in enumerate(rows)]
    return read_readings(written(tmp_path, "t,device,ap,rssi_dbm,range_m\n" + "".join(lines)))


def test_a_range_longer_than_the_store_says_nothing_but_that_it_was_said(tmp_path: Path) -> None:
    """The hall is 20 m by 12 m and 3 m high: no way in it is longer than 23.5 m, and answers come up to 20 m late."""
    longest = math.sqrt(20.0**2 + 12.0**2 + 3.0**2) + 20.0
    rows = [("ap0", -50, 900), ("ap1", "", longest + 0.01), ("ap2", "", longest - 0.01)]
    joined = readings_for_plan(table_of(tmp_path, rows), hall())
    assert joined.warnings == {"bad_range": 2}
    np.testing.assert_allclose(joined.readings.range_m, [np.inf, np.inf, 43.506], atol=1e-3)


def test_whose_values_are_nearly_all_refused_is_named_by_reason(tmp_path: Path) -> None:
    rows = [("ap0", -50, 3), ("ap1", 0, 5), ("ap2", -61, 300)] * 9 + [("ap1", -60, 5), ("ap2", -60, 9), ("ap3", 0, -3)]
    odd = readings_for_plan(table_of(tmp_path, rows), hall()).odd
    assert odd.of == {"bad_rssi": ("ap1",), "bad_range": ("ap2",)}, "nine of ten; of ap3 there is one"


@pytest.mark.parametrize(
    ("rssi", "metres", "units"),
    [
        (-50, 5200, ("range_in_mm",)),
        (-50, 52, ()),
        (70, "", ("rssi_above_zero",)),
        (0.0004, "", ("rssi_in_mw",)),
        (-50, 5.2, ()),
    ],
)
def test_it_is_asked_in_which_unit_values_may_be(
    rssi: float, metres: float | str, units: tuple[str, ...], tmp_path: Path
) -> None:
    rows = [("ap0", rssi, metres)] * 10 + [("ap1", -60, 4.0)]
    odd = readings_for_plan(table_of(tmp_path, rows), hall(200.0) if metres == 52 else hall()).odd
    assert odd.units == units


def test_who_always_says_the_same_while_others_do_not_is_stuck(tmp_path: Path) -> None:
    rows = [
        (ap, rssi, "") for k in range(40) for ap, rssi in (("ap0", -40), ("ap1", -50 - k % 3), ("ap2", -60 - k % 2))
    ]
    assert readings_for_plan(table_of(tmp_path, rows), hall()).odd.stuck == {"ap0": "-40 dBm"}
    assert readings_for_plan(table_of(tmp_path, rows[:-3]), hall()).odd.stuck == {}, "39 times"
    still = [(ap, -40 if ap == "ap0" else -50, "") for ap, _, _ in rows]
    assert readings_for_plan(table_of(tmp_path, still), hall()).odd.stuck == {}, "a phone that nobody moves"


def test_who_wavers_between_two_levels_is_left_aside(tmp_path: Path) -> None:
    rows = [("ap0", -40 - k % 2, 4.5 + 0.1 * (k % 9)) for k in range(60)]
    rows += [(ap, -45 - k % 20, "") for k in range(60) for ap in ("ap1", "ap2")]
    found = readings_for_plan(table_of(tmp_path, rows), hall())
    assert found.odd.stuck == {"ap0": "-40 or -41 dBm"}
    own = found.readings.ap == 0
    assert np.isnan(found.readings.rssi_dbm[own]).all()
    assert np.isfinite(found.readings.range_m[own]).all(), "ranges vary"
    assert np.isfinite(found.readings.rssi_dbm[~own]).all()


def test_where_all_say_one_level_nothing_was_measured(tmp_path: Path) -> None:
    def units(rows: list[tuple[str, object, object]]) -> tuple[str, ...]:
        return readings_for_plan(table_of(tmp_path, rows), hall()).odd.units

    alike: list[tuple[str, object, object]] = [("ap0", -60, ""), ("ap1", -60, "")] * 20
    assert units(alike) == ("rssi_all_alike",)
    assert units(alike[1:]) == (), "39 levels"
    assert units([*alike, ("ap2", -61, "")]) == ()
    assert units([(ap, -60, 5.0) for ap, _, _ in alike]) == (), "ranges tell places"
    assert units([("ap0", -60, "")] * 40) == (), "one access point: it is still"


def test_a_file_in_another_encoding_is_told_how_to_save_it(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("t,device,ap,rssi_dbm\n1,d,ap,-50\n".encode("utf-16"))
    assert problems(read_readings, path) == [
        "byte 0: not UTF-8 text (save it as CSV in UTF-8, not as a workbook or Unicode text)"
    ]


def test_access_points_hearing_each_other_are_set_apart(tmp_path: Path) -> None:
    text = "t,device,ap,rssi_dbm\n1,phone,ap0,-50\n2,ap1,ap0,-60\n3,ap0,ap0,-20\n"
    joined = readings_for_plan(read_readings(written(tmp_path, text)), hall())
    assert [joined.device_names[int(d)] for d in joined.readings.device] == ["phone"]
    assert (joined.hearings.heard.tolist(), joined.hearings.ap.tolist()) == ([1], [0])


def test_a_survey_of_an_unknown_level_is_refused(tmp_path: Path) -> None:
    table = read_survey(written(tmp_path, "x_m,y_m,level,ap,rssi_dbm\n1,1,0,ap0,-50\n1,1,cellar,ap0,-50\n"))
    with pytest.raises(OperatorError, match="unknown level 'cellar'"):
        survey_for_plan(table, hall())


def test_an_unknown_level_is_told_with_those_that_the_plan_has(tmp_path: Path) -> None:
    rows = "1,1,cellar,ap0,-50\n" * 3
    table = read_survey(written(tmp_path, "x_m,y_m,level,ap,rssi_dbm\n" + rows))
    one = hall()
    two = replace(one, levels=(*one.levels, replace(one.levels[0], id="1")))
    (said,), (both,) = place_problems(table, one), place_problems(table, two)
    assert said.reason == "unknown level 'cellar', and on 2 more lines"
    assert (said.fix, both.fix) == ("the plan's only level is '0'", "the plan has levels '0', '1'")


def test_unknown_levels_and_places_are_told_in_the_order_of_lines(tmp_path: Path) -> None:
    rows = "".join(
        f"{x},1,{level},ap0,-50\n" for x, level in ((1, "roof"), ("1e308", "0"), (1, "cellar"), (1, "attic"))
    )
    told = place_problems(read_survey(written(tmp_path, "x_m,y_m,level,ap,rssi_dbm\n" + rows)), hall())
    assert [problem.place for problem in told] == [
        "line 2, column level", "line 3, column x_m, y_m", "line 4, column level", "line 5, column level",
    ]  # fmt: skip
    assert told[1].reason.startswith("(1e+308, 1) lies more than 1e150 m outside level '0'; its metres")


def fixes(path: Path) -> FixTable:
    return FixTable(
        str(path),
        np.array([1.23456, 2.0]),
        np.array(["a", "b"]),
        np.array(["0", "0"]),
        np.array([-0.0001, 3.14159]),
        np.array([1.0, 2.0]),
        np.array([0.5, 1.5]),
        np.array([3.0, 4.0]),
        np.array(["bayes", "bayes"]),
    )


def test_fixes_are_written_with_three_decimals_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    write_fixes(path, fixes(path))
    assert path.read_text().splitlines() == [
        "t,device,level,x_m,y_m,sigma_m,n_ap,method",
        "1.235,a,0,0.000,1.000,0.500,3,bayes",
        "2.000,b,0,3.142,2.000,1.500,4,bayes",
    ]
    assert read_fixes(path).x_m.tolist() == [0.0, 3.142]


def test_bands_that_are_none_are_counted(tmp_path: Path) -> None:
    cells = ["2.4", "nan", "nan", "inf", "banana", "", "banana", "banana"]
    rows = "".join(f"{k},d,ap0,-50,{band}\n" for k, band in enumerate(cells))
    joined = readings_for_plan(read_readings(written(tmp_path, "t,device,ap,rssi_dbm,band\n" + rows)), hall())
    assert (joined.odd.bands, len(joined.readings)) == ({"banana": 3, "nan": 2, "inf": 1}, 8)


def test_a_hundred_thousand_readings_are_read_quickly(tmp_path: Path) -> None:
    rows = "".join(f"{i / 10:.1f},phone{i % 50},ap{i % 6},{-40 - i % 50}\n" for i in range(100_000))
    path = written(tmp_path, "t,device,ap,rssi_dbm\n" + rows)
    start = time.process_time()
    table = read_readings(path)
    assert len(table) == 100_000
    assert time.process_time() - start < 30  # of the processor; 0.3 s when this was written


def test_what_many_lines_are_told_alike_is_said_once(tmp_path: Path) -> None:
    head = "x_m,y_m,level,ap,rssi_dbm,device\n"
    blank = problems(read_survey, written(tmp_path, head + "1,1,,ap,-50,d\n" * 300))
    assert blank == ["line 2, column level: empty cell, and on 299 more lines (3, 4, 5, 6, …)"]
    six = problems(read_survey, written(tmp_path, head + "1,1,,ap,-50,d\n" * 6))
    assert six == ["line 2, column level: empty cell, and on 5 more lines (3, 4, 5, 6, …)"]
    assert len(problems(read_survey, written(tmp_path, head + "1,1,,ap,-50,d\n" * 5))) == 5
    commas = problems(read_survey, written(tmp_path, head + "0,95,1,36,0,ap1,-51,s1\n" * 201))
    assert commas == [
        "line 2: 8 cells where the header has 6, and on 200 more lines (3, 4, 5, 6, …)"
        " (decimal commas? Write numbers with a decimal point)"
    ]
    words = problems(read_survey, written(tmp_path, head + "1,1,0,a,b,c,-51,s1\n"))
    assert words == ["line 2: 8 cells where the header has 6"]


@pytest.mark.parametrize(
    ("told", "likely"),
    [
        (lambda x, y: (x / 0.3048, y / 0.3048), "in feet they would all lie inside: metres are meant"),
        (lambda x, y: (x / 0.0254, y / 0.0254), "in inches they would all lie inside: metres are meant"),
        (lambda x, y: (100 * x, 100 * y), "in centimetres they would all lie inside: metres are meant"),
        (lambda x, y: (1000 * x, 1000 * y), "in millimetres they would all lie inside: metres are meant"),
        (lambda x, y: (y, x), "with x_m and y_m interchanged they would all lie inside"),
        (lambda x, y: (x + 500, y), ""),
    ],
)
def test_many_places_outside_are_one_mistake_with_what_is_likely(
    tmp_path: Path, told: Callable[[float, float], tuple[float, float]], likely: str
) -> None:
    at = [told(x, y) for x in (1.0, 8.0, 15.0, 24.0, 29.0) for y in (1.0, 10.0, 19.0)]
    rows = "".join(f"{x:.3f},{y:.3f},0,ap0,-50\n" for x, y in at)
    table = read_survey(written(tmp_path, "x_m,y_m,level,ap,rssi_dbm\n" + rows))
    (problem,) = place_problems(table, made_hall((1.0, 1.0), (9.0, 9.0), width=30.0, depth=20.0))
    assert problem.fix == likely
    assert re.match(r"\d+ of 15 places lie outside level '0' \(lines (\d+, ){5}…\), the farthest, \(", problem.reason)


ALL_OVER = [(x, y) for x in np.arange(1.5, 30.0, 3.5).tolist() for y in np.arange(1.5, 20.0, 3.5).tolist()]
MASTS = ((3.0, 3.0), (27.0, 3.0), (27.0, 17.0), (3.0, 17.0), (15.0, 10.0))


def likely_of(
    tmp_path: Path,
    told: Callable[[int, float, float], tuple[float, float]],
    *,
    heard: bool = True,
    names: tuple[str, str] = ("bob", "ann"),
) -> str:
    """What is likely of places told so by two surveyors by turns, who `heard` access points fall off with distance."""
    rows = []
    for i, (x, y) in enumerate(ALL_OVER):
        at_x, at_y = told(i, x, y)
        for a, (ap_x, ap_y) in enumerate(MASTS):
            wave = 3.0 * np.sin(1.3 * x + 2.1 * y + a)  # shadows
            level = -40.0 - 27.0 * np.log10(np.hypot(x - ap_x, y - ap_y) + 1.5) + wave if heard else -50.0
            rows.append(f"{at_x:.2f},{at_y:.2f},0,ap{a},{level:.1f},{names[i % 2]}\n")
    table = read_survey(written(tmp_path, "x_m,y_m,level,ap,rssi_dbm,device\n" + "".join(rows)))
    (problem,) = place_problems(table, made_hall(*MASTS, width=30.0, depth=20.0))
    return problem.fix


def test_a_surveyor_with_columns_interchanged_is_named_and_nobody_speaks_of_feet(tmp_path: Path) -> None:
    swapped = likely_of(tmp_path, lambda i, x, y: (y, x) if i % 2 else (x, y))
    assert swapped.startswith("those of device ann: its x and y are swapped, as the plan's access points were heard")
    quiet = likely_of(tmp_path, lambda i, x, y: (y, x) if i % 2 else (x, y), heard=False)
    assert quiet == "those of device ann: with x_m and y_m interchanged they would all lie inside"
    phones = ("02ab.0000.0007", "02ab.0000.0008")
    for heard in (True, False):
        told = likely_of(tmp_path, lambda i, x, y: (y, x) if i % 2 else (x, y), heard=heard, names=phones)
        assert told.startswith("those of device number 2 by name (xx:xx:xx:xx:xx:xx): ")


def test_places_off_by_one_vector_are_named_as_such(tmp_path: Path) -> None:
    said = likely_of(tmp_path, lambda _, x, y: (x + 5.0, y), names=("", ""))
    assert re.match(r"its places lie [456]\.\d m off, \+[456]\.\d in x", said)
    assert not likely_of(tmp_path, lambda _, x, y: (x + 5.0, y), heard=False), "nothing tells what it is"


def test_feet_are_places_spread_wider_than_the_floor_most_of_them_outside(tmp_path: Path) -> None:
    feet = "in feet they would all lie inside: metres are meant"
    assert likely_of(tmp_path, lambda _, x, y: (x / 0.3048, y / 0.3048)) == feet
    assert not likely_of(tmp_path, lambda i, x, y: (x + 60.0 * (i % 5 == 0), y), heard=False), "a fifth is outside"
    assert not likely_of(tmp_path, lambda _, x, y: (x + 25.0, y), heard=False), "no wider than the floor"
