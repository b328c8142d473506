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
    own, lines = read_labels(scans, PLAN, number), read_receipts(bought, PLAN, number)
    assert (own.t.tolist(), own.device.tolist(), own.product.tolist()) == ([10.0, 20.5], [1, 2], [3, 4])
    assert own.x_m[0] == PLAN.products[3].x_m
    assert [KINDS[k] for k in lines.kind] == [LabelKind.RECEIPT] * 2
    assert lines.product.tolist() == [3, 5]
    write_labels(scans, [])
    assert len(read_labels(scans, PLAN, number)) == 0


def test_a_place_stands_in_for_a_product(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("t,device,kind,sku,x_m,y_m,level\n10,ana,here,,3.5,4,\n11,ben,survey,p1,,,\n", encoding="utf-8")
    own = read_labels(path, PLAN, number)
    assert own.product.tolist() == [-1, 1]
    assert (own.level[0], own.x_m[0], own.y_m[0]) == (0, 3.5, 4.0)
    assert own.public.tolist() == [False, True]
    assert np.isfinite(own.x_m).all()


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
    assert (last.reason, last.fix) == ("unknown level 'roof'", "one of 0")


def test_many_problems_of_a_kind_stand_where_they_begin(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    rows = [f"{k},ana,{'guess' if k % 2 else 'here'},,3,4,{'' if k % 2 else 'roof'}" for k in range(420)]
    path.write_text("t,device,kind,sku,x_m,y_m,level\n" + "\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(OperatorError) as refused:
        read_labels(path, PLAN, number)
    lines = [int(p.place.split()[1].rstrip(",")) for p in refused.value.problems]
    assert lines == sorted(lines)
    assert lines[:3] == [2, 3, 4]
    assert [p.reason for p in refused.value.problems[-2:]] == ["10 more lines of this kind"] * 2
