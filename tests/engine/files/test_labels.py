"""Tables of labels and receipts: read back as they were written, and refused with every problem at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import OperatorError
from engine.files.labels import read_labels, read_receipts, write_labels, write_receipts
from engine.vocabulary import LabelKind
from tests.engine.positioning.labels.shop import shop

PLAN = shop()[0]
KINDS = tuple(LabelKind)


def number(name: str) -> int:
    return {"ana": 1, "ben": 2}.get(name, 9)


def test_labels_and_receipts_come_back(tmp_path: Path) -> None:
    scans, bought = tmp_path / "labels.csv", tmp_path / "receipts.csv"
    write_labels(scans, [(10.0, "ana", LabelKind.SHELF_SCAN, "p3"), (20.5, "ben", LabelKind.PICKUP, "p4")])
    write_receipts(bought, [(30.0, "ana", "p3"), (30.0, "ana", "p5")])
    own, lines = read_labels(scans, PLAN, number).labels, read_receipts(bought, PLAN, number).labels
    assert (own.t.tolist(), own.device.tolist(), own.product.tolist()) == ([10.0, 20.5], [1, 2], [3, 4])
    assert own.x_m[0] == PLAN.products[3].x_m
    assert [KINDS[k] for k in lines.kind] == [LabelKind.RECEIPT] * 2
    assert lines.product.tolist() == [3, 5]
    write_labels(scans, [])
    assert len(read_labels(scans, PLAN, number).labels) == 0


def test_a_place_stands_in_for_a_product(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("t,device,kind,sku,x_m,y_m,level\n10,ana,here,,3.5,4,\n11,ben,survey,p1,,,\n", encoding="utf-8")
    own = read_labels(path, PLAN, number).labels
    assert own.product.tolist() == [-1, 1]
    assert (own.level[0], own.x_m[0], own.y_m[0]) == (0, 3.5, 4.0)
    assert own.public.tolist() == [False, True]
    assert np.isfinite(own.x_m).all()


def test_a_place_far_from_the_product_beside_it_is_told_and_not_used(tmp_path: Path) -> None:
    path, at = tmp_path / "labels.csv", PLAN.products[1]
    far = [f"12,ben,survey,p1,{at.x_m + 5.1},{at.y_m},", f"13,ben,survey,p1,{at.x_m},1e308,"]
    near = f"11,ben,survey,p1,{at.x_m + 4.9},{at.y_m},"
    path.write_text("t,device,kind,sku,x_m,y_m,level\n" + "\n".join([near, *far]) + "\n", encoding="utf-8")
    found = read_labels(path, PLAN, number)
    assert found.labels.x_m.tolist() == [at.x_m] * 3
    assert found.left_out == [
        f"{path}: 2 of 3 lines name a product and a place more than 5 m from it (the first: line 3): the product's"
        " place is used; leave x_m and y_m empty beside a sku"
    ]


def test_every_problem_is_named_in_the_order_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    rows = ["1,ana,guess,p1,,,", "2,ana,here,nothing,,,", "3,ana,here,,,,", "4,ana,here,,99,4,", "5,ana,here,,3,4,roof"]
    path.write_text("t,device,kind,sku,x_m,y_m,level\n" + "\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(OperatorError) as refused:
        read_labels(path, PLAN, number)
    assert [p.place for p in refused.value.problems] == [
        "line 2, column kind",
        "line 3, column sku",
        "line 4, column sku",
        "line 5, column x_m, y_m",
        "line 6, column level",
    ]
    last = refused.value.problems[-1]
    assert (last.reason, last.fix) == ("unknown level 'roof'", "the plan's only level is '0'")


HEAD = "t,device,kind,sku,x_m,y_m,level\n"


def told_of(path: Path, *rows: str) -> list[str]:
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    with pytest.raises(OperatorError) as refused:
        read_labels(path, PLAN, number)
    return [str(p).removeprefix(f"{path}: ") for p in refused.value.problems]


def test_many_problems_of_a_kind_are_one_and_stand_where_they_begin(tmp_path: Path) -> None:
    rows = [f"{k},ana,{'guess' if k % 2 else 'here'},,3,4,{'' if k % 2 else 'roof'}" for k in range(420)]
    level, kind = told_of(tmp_path / "labels.csv", *rows)
    alike = "line 2, column level: unknown level 'roof'; the like at lines 4, 6, 8 and 206 more"
    assert level == f"{alike} (the plan's only level is '0')", "210 lines in all"
    assert kind.startswith("line 3, column kind: unknown kind 'guess'; the like at lines 5, 7, 9 and 206 more (one of ")
    assert len(told_of(tmp_path / "labels.csv", *rows[:16])) == 16, "eight of each are listed one by one"
    assert len(told_of(tmp_path / "labels.csv", *rows[:18])) == 2


def test_a_number_that_is_none_hides_no_other_mistake(tmp_path: Path) -> None:
    rows = ["1,ana,guess,p1,,,", "nan,ana,here,p1,,,", "3,ana,here,,x,4,", "4,ana,,p1,,,", "5,ana,here,p111,,,"]
    assert told_of(tmp_path / "labels.csv", *rows) == [
        "line 3, column t: not a number: 'nan'",
        "line 5, column kind: empty cell",
        "line 4, column x_m: not a number: 'x'",
        f"line 2, column kind: unknown kind 'guess' (one of {', '.join(KINDS)})",
        "line 6, column sku: unknown product 'p111' (did you mean 'p11'?)",
    ]


def test_places_and_products_that_are_none_are_told_what_there_is(tmp_path: Path) -> None:
    x0, y0, x1, y1 = PLAN.levels[0].polygon.bounds
    assert told_of(tmp_path / "labels.csv", "1,ana,here,,99,4,", "2,ana,here,zzz,,,", "3,ana,here,,1,,") == [
        "line 2, column x_m, y_m: (99, 4) lies outside level '0'"
        f" (its metres go from ({x0:g}, {y0:g}) to ({x1:g}, {y1:g}))",
        "line 3, column sku: unknown product 'zzz' (a sku of the store's products.csv)",
        "line 4, column sku: neither a product nor a place (a sku of the store's products.csv, or x_m and y_m)",
    ]


def test_receipts_tell_of_cells_and_products_at_once(tmp_path: Path) -> None:
    path = tmp_path / "receipts.csv"
    path.write_text("t,device,sku\nsoon,ana,p3\n2,ana,zzz\n", encoding="utf-8")
    with pytest.raises(OperatorError) as refused:
        read_receipts(path, PLAN, number)
    assert [p.place for p in refused.value.problems] == ["line 2, column t", "line 3, column sku"]


def test_what_a_shop_sells_beside_its_plan_takes_no_good_line_along(tmp_path: Path) -> None:
    path = tmp_path / "receipts.csv"
    rows = [f"{k},ana,{'p3' if k % 3 else f'x{k}'}" for k in range(300)]
    path.write_text("t,device,sku\n" + "\n".join(rows) + "\n", encoding="utf-8")
    found = read_receipts(path, PLAN, number)
    assert found.labels.t.tolist() == [k for k in range(300) if k % 3]
    assert set(found.labels.product.tolist()) == {3}
    assert found.left_out == [
        f"{path}: 100 of 300 lines left out, of products that the plan does not have (line 2: unknown product 'x0'; "
        "line 5: unknown product 'x3'; line 8: unknown product 'x6'; and 97 more): "
        "where such goods should teach, give the store's products.csv their sku and place"
    ]


def test_good_labels_beside_bad_ones_of_every_kind_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    rows = ["1,ana,guess,p1,,,", "2,ana,here,zzz,,,", "3,ana,here,,,,", "4,ana,here,,99,4,", "5,ana,here,,3,5,roof"]
    path.write_text(HEAD + "\n".join([*rows, "6,ben,survey,p2,,,", "7,ana,here,,3,4,"]) + "\n", encoding="utf-8")
    found = read_labels(path, PLAN, number)
    assert (found.labels.t.tolist(), found.labels.device.tolist()) == ([6.0, 7.0], [2, 1])
    assert found.labels.public.tolist() == [True, False]
    assert [said.removeprefix(f"{path}: 1 of 7 lines left out, ").split(" (")[0] for said in found.left_out] == [
        "of kinds that there are not",
        "of products that the plan does not have",
        "of levels that the plan does not have",
        "without a place",
        "off level '0'",
    ]
