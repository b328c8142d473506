"""Labels as they arrive, and the trail they are held against."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.positioning.labels import trail
from engine.positioning.labels.arriving import keys_of, together
from engine.positioning.labels.places import KINDS
from engine.positioning.labels.trail import Trail
from engine.records import Fixes, Labels, Scans
from engine.vocabulary import LabelKind

Row = tuple[float, int, LabelKind]


def arrived(*rows: Row) -> Labels:
    n = len(rows)
    t, device, kind = zip(*rows, strict=True)
    return Labels(
        np.array(t, np.float64), np.array(device, np.uint64), np.array([KINDS.index(k) for k in kind], np.int32),
        np.arange(n, dtype=np.int32), np.zeros(n, np.int32), np.zeros(n), np.zeros(n), np.zeros(n, np.bool_),
    )  # fmt: skip


@pytest.mark.parametrize("field", ["t", "device", "kind", "product", "x_m", "y_m"])
def test_a_label_that_differs_in_anything_is_another(field: str) -> None:
    one = arrived((100.0, 3, LabelKind.TILL))
    other = replace(one, **{field: getattr(one, field) + getattr(one, field).dtype.type(1)})
    assert [*keys_of(one)] == [*keys_of(replace(one))] != [*keys_of(other)]


def test_a_key_is_a_number_that_a_checkpoint_can_hold() -> None:
    keys = list(keys_of(arrived(*((float(t), 3, LabelKind.TILL) for t in range(50)))))
    assert len(set(keys)) == 50
    assert all(0 <= key < 2**56 for key in keys)
    assert max(keys) > 2**48


def test_lines_of_one_receipt_stay_together_and_every_other_label_is_alone() -> None:
    own = arrived(
        (100.0, 3, LabelKind.RECEIPT), (50.0, 3, LabelKind.SHELF_SCAN), (100.0, 4, LabelKind.RECEIPT),
        (100.0, 3, LabelKind.RECEIPT), (50.0, 3, LabelKind.SHELF_SCAN), (100.0, 3, LabelKind.REDEEMED),
        (101.0, 3, LabelKind.RECEIPT), (100.0, 3, LabelKind.RECEIPT),
    )  # fmt: skip
    assert [sorted(rows.tolist()) for rows in together(own)] == [[1], [4], [5], [0, 3, 7], [2], [6]]


@pytest.mark.parametrize("lines", [1, 2, 3, 4, 5])
def test_a_receipt_has_as_many_lines_as_it_has(lines: int) -> None:
    own = arrived(*[(100.0, 3, LabelKind.RECEIPT)] * lines, (100.0, 4, LabelKind.RECEIPT))
    assert [sorted(rows.tolist()) for rows in together(own)] == [list(range(lines)), [lines]]


def heard(device: int, *t: float) -> tuple[Scans, Fixes]:
    n = len(t)
    who, rssi = np.full(n, device, np.uint64), np.arange(n, dtype=np.float32)[:, None] - 60.0
    at = np.array(t, np.float64)
    fixes = Fixes(
        at, who, np.zeros(n, np.int32), 0.1 * at, 0.2 * at, np.tile(np.eye(2), (n, 1, 1)), np.ones(n, np.int32),
        np.ones((n, 1), np.float32),
    )  # fmt: skip
    return Scans(at, who, rssi, np.full_like(rssi, np.nan), np.full_like(rssi, np.nan), 0.0 * rssi), fixes


def test_a_trail_is_of_one_device_between_two_times_and_in_order() -> None:
    kept = Trail(1)
    willing = np.array([3], np.uint64)
    kept.add(*heard(3, 30.0, 40.0, 50.0), willing)
    kept.add(*heard(3, 10.0, 20.0), willing)
    kept.add(*heard(4, 20.0), willing)
    assert len(kept) == 5
    found = kept.of(3, 20.0, 40.0)
    assert found.t.tolist() == [20.0, 30.0, 40.0]
    assert found.rssi_dbm[:, 0].tolist() == [-59.0, -60.0, -59.0]
    assert (found.x_m, found.y_m) == (pytest.approx([2.0, 3.0, 4.0]), pytest.approx([4.0, 6.0, 8.0]))


def test_a_fix_without_its_scan_leaves_no_step() -> None:
    kept, (scans, fixes) = Trail(1), heard(3, 10.0, 20.0, 30.0)
    kept.add(scans.take(np.array([2, 0])), fixes, np.array([3], np.uint64))
    assert kept.of(3, 0.0, 99.0).t.tolist() == [10.0, 30.0]
    assert kept.of(3, 0.0, 99.0).rssi_dbm[:, 0].tolist() == [-60.0, -58.0]


def test_the_oldest_steps_go_once_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "MOST_ROWS", 3)
    monkeypatch.setattr(trail, "SLACK", 2)
    kept, willing = Trail(1), np.array([3, 4], np.uint64)
    kept.add(*heard(3, 1.0, 2.0, 3.0), willing)
    kept.add(*heard(4, 4.0, 5.0), willing)
    assert len(kept) == 5
    kept.add(*heard(3, 6.0), willing)
    assert kept.state()["t"].tolist() == [4.0, 5.0, 6.0]
    kept.forget(np.array([4], np.uint64))
    assert kept.state()["t"].tolist() == [6.0]
    again = Trail(1)
    again.restore(kept.state())
    assert again.of(3, 0.0, 9.0).x_m.tolist() == kept.of(3, 0.0, 9.0).x_m.tolist()
    assert len(again) == 1
