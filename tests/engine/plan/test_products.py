"""Mistakes in products.csv, each with its line and column."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import OperatorError
from engine.plan.findings import Findings
from engine.plan.load import check_plan, load_plan
from engine.plan.products import read_products
from tests.engine.plan.sketch import shop, write
from tests.examples import examples

HEADER = "sku,name,category,price_minor,level,x_m,y_m,legal_class"
GOOD = "A1,Pain,bread,110,0,2,2,food"

# (lines, place, words of the reason, words of what would be right)
MISTAKES = [
    ([""], "line 1", "the file is empty", "sku,name"),
    ([HEADER.replace(",", ";"), GOOD], "line 1", "separated by semicolons", "commas"),
    ([HEADER + ",colour", GOOD + ",red"], "line 1, column colour", "not known", "remove it"),
    (
        [HEADER.replace("price_minor", "price"), GOOD],
        "line 1, column price",
        "not known",
        "did you mean 'price_minor'?",
    ),
    ([HEADER + ",sku", GOOD + ",A1"], "line 1, column sku", "given twice", "keep one"),
    ([HEADER.replace(",level", ""), GOOD.replace(",0,", ",")], "line 1, column level", "is missing", "columns: sku"),
    ([HEADER, GOOD, "A2,Pain"], "line 3", "has 2 cells", "8, as the header"),
    ([HEADER, GOOD, GOOD], "line 3, column sku", "'A1' is on line 2 already", "one line per SKU"),
    ([HEADER, GOOD.replace("A1", "")], "line 2, column sku", "is empty", "characters"),
    ([HEADER, GOOD.replace("Pain", " ")], "line 2, column name", "is empty", "characters"),
    (
        [HEADER, GOOD.replace("110", "1.10")],
        "line 2, column price_minor",
        "'1.10' is not a whole number",
        "in minor units of EUR: 110",
    ),
    (
        [HEADER, GOOD.replace("110", "-1")],
        "line 2, column price_minor",
        "'-1' is not a whole number of 0 or more",
        "minor units",
    ),
    (
        [HEADER, GOOD.replace("110", "٣")],
        "line 2, column price_minor",
        "is not a whole number of 0 or more",
        "minor units",
    ),
    (
        [HEADER, GOOD.replace("110", "99999999999")],
        "line 2, column price_minor",
        "is out of range",
        "whole number from 0",
    ),
    ([HEADER, GOOD.replace(",0,", ",9,")], "line 2, column level", "there is no level '9'", "one of: 0"),
    ([HEADER, GOOD.replace(",2,2,", ",two,2,")], "line 2, column x_m", "'two' is not a number", "decimal point"),
    ([HEADER, GOOD.replace(",2,2,", ",2,nan,")], "line 2, column y_m", "nan is not a finite number", "metres"),
    (
        [HEADER, GOOD.replace("food", "drink")],
        "line 2, column legal_class",
        "'drink' is not a legal class",
        "food, pet_food, everyday, alcohol",
    ),
    (
        [HEADER, GOOD.replace(",2,2,", ",13,4,")],
        "line 2, columns x_m, y_m",
        "1.00 m off the walkable area",
        "nearest place: 12.00, 4.00",
    ),
    ([HEADER, '"A1,Pain'], "line 2", "not CSV", "close quotes"),
    ([HEADER, 'A1,"two\nlines",bread,110,0,2,2,food', GOOD.replace("110", "x").replace("A1", "A2")], None, "", ""),
]


@pytest.mark.parametrize(("lines", "place", "reason", "fix"), MISTAKES[:-1], ids=[m[2][:40] for m in MISTAKES[:-1]])
def test_each_mistake_alone(tmp_path: Path, lines: list[str], place: str, reason: str, fix: str) -> None:
    with pytest.raises(OperatorError) as caught:
        load_plan(write(tmp_path, shop(), "\n".join(lines)))
    found = {p.place: p for p in caught.value.problems}
    assert found[place].file == str(tmp_path / "products.csv")
    assert reason in found[place].reason
    assert fix in found[place].fix
    # A misspelt column is also a missing one; everything else is one problem.
    assert len(found) == (2 if "did you mean" in fix else 1)


@pytest.mark.parametrize(
    ("column", "right", "wrong"),
    [
        ("sku", "s" * 64, "s" * 65), ("name", "n" * 200, "n" * 201), ("category", "c" * 200, "c" * 201),
        ("price_minor", "0", "-1"), ("price_minor", "10000000000", "10000000001"), ("x_m", "1e9", "1.1e9"),
        ("y_m", "-1e9", "-1.1e9"), ("level", " 0 ", " "), ("legal_class", "", "drinks"),
    ],
)  # fmt: skip
def test_each_cell_from_both_sides(column: str, right: str, wrong: str) -> None:
    for cell, refused in ((right, []), (wrong, [f"line 2, column {column}"])):
        row = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | {column: cell}
        findings = Findings("products.csv")
        read = read_products(f"{HEADER}\n{','.join(row.values())}\n", findings)
        assert [p.place for p in findings.errors] == refused
        assert [str(getattr(p.product, column)) for p in read] == ([] if refused else [str_of(column, cell)])


def str_of(column: str, cell: str) -> str:
    return str(float(cell)) if column in ("x_m", "y_m") else cell.strip()


def test_lines_are_counted_through_cells_that_span_lines() -> None:
    findings = Findings("products.csv")
    read_products("\n".join(MISTAKES[-1][0]), findings)
    assert [(e.place, "control" in e.reason) for e in findings.errors] == [
        ("line 2, column name", True),
        ("line 4, column price_minor", False),
    ]


def test_a_product_inside_a_gondola_is_told_the_nearest_place(tmp_path: Path) -> None:
    raw = shop()
    raw["features"][2]["geometry"]["coordinates"] = [[[2, 2], [6, 2], [6, 6], [2, 6], [2, 2]]]
    with pytest.raises(OperatorError) as caught:
        load_plan(write(tmp_path, raw, f"{HEADER}\nA1,Pain,bread,110,0,3,4,food\n"))
    (problem,) = caught.value.problems
    assert problem.fix == "nearest place: 2.00, 4.00"


def test_a_broken_level_does_not_accuse_the_products_on_it(tmp_path: Path) -> None:
    raw = shop()
    raw["features"][0]["properties"]["ordinal"] = "ground"
    with pytest.raises(OperatorError) as caught:
        load_plan(write(tmp_path, raw, f"{HEADER}\n{GOOD}\n"))
    assert [p.place for p in caught.value.problems] == ["features[0].properties.ordinal"]


@examples(100)
@given(
    st.text(max_size=200)
    | st.lists(st.text(max_size=12), max_size=12).map(lambda cells: HEADER + "\n" + ",".join(cells))
)
def test_any_text_is_read_or_refused(content: str) -> None:
    findings = Findings("products.csv")
    products = read_products(content, findings)
    assert products == [] or all(p.product.sku for p in products)
    assert all(e.place.startswith("line ") for e in findings.errors)


def test_hygiene_is_read_as_everyday(tmp_path: Path) -> None:
    [product] = load_plan(write(tmp_path, shop(), f"{HEADER}\n{GOOD.replace('food', 'hygiene')}\n")).products
    assert product.legal_class == "everyday"


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        (["food", "everyday", "other"], None),
        (["other", "", "other", ""], "2 products have no legal class (line 3, 5): campaigns on such goods"),
        (["food", ""], "1 product has no legal class (line 3) in a shop that sells food: campaigns on such goods"),
    ],
)
def test_products_without_a_legal_class_are_asked_for(tmp_path: Path, classes: list[str], reason: str | None) -> None:
    rows = [GOOD.replace("A1", f"A{i}").replace("food", c) for i, c in enumerate(classes)]
    plan, errors, warnings = check_plan(write(tmp_path, shop(), "\n".join([HEADER, *rows])))
    assert plan is not None
    assert errors == []
    found = [w for w in warnings if w.place.endswith("legal_class")]
    assert [w.reason.startswith(reason or "") for w in found] == ([] if reason is None else [True])
