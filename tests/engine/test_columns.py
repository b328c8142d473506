"""Records of columns: rows picked, joined and made empty, of every kind of field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest
from scipy import sparse

from engine.columns import Columns, stack_rows
from engine.records import F32, F64, I32, Fixes, Hearings, Posterior, Readings, Scans


@dataclass(frozen=True, slots=True)
class Inner(Columns):
    x: F64


@dataclass(frozen=True, slots=True)
class Outer(Columns):
    name: str
    n: I32
    pair: Annotated[F32, 2]
    per: Annotated[F64, "k"]
    rows: Posterior
    inner: Inner


def outer(n: int, name: str = "a", first: int = 0) -> Outer:
    i = np.arange(first, first + n)
    pair = np.stack([i, -i], axis=1).astype(np.float32)
    mass = sparse.csr_array(np.eye(9, dtype=np.float32)[i])
    return Outer(name, i.astype(np.int32), pair, np.ones((n, 3)) * i[:, None], mass, Inner(i * 10.0))


@pytest.mark.parametrize(
    "rows", [np.array([3, 0, 3]), slice(1, 3), np.array([True, False, False, True])], ids=["index", "slice", "mask"]
)
def test_rows_are_taken_of_every_column_and_of_records_within(rows: np.ndarray | slice) -> None:
    some, want = outer(4).take(rows), np.arange(4)[rows]
    assert some.n.tolist() == want.tolist()
    assert some.pair[:, 1].tolist() == (-want).tolist()
    assert some.per.shape == (len(want), 3)
    assert some.rows.argmax(axis=1).tolist() == want.tolist()
    assert some.inner.x.tolist() == (want * 10.0).tolist()
    assert some.name == "a"
    assert len(some) == len(want)


def test_parts_are_joined_in_their_order() -> None:
    both = Outer.concat([outer(2), outer(3, "b", 4)])
    assert both.n.tolist() == [0, 1, 4, 5, 6]
    assert both.inner.x.tolist() == [0.0, 10.0, 40.0, 50.0, 60.0]
    assert sparse.issparse(both.rows)
    assert both.rows.argmax(axis=1).tolist() == [0, 1, 4, 5, 6]
    assert both.name == "a"  # what belongs to the whole is the first part's
    assert both.n.dtype == np.int32


def test_rows_of_both_kinds_come_out_sparse() -> None:
    mixed = stack_rows([np.eye(2, dtype=np.float32), sparse.csr_array(np.eye(2, dtype=np.float32))])
    np.testing.assert_array_equal(mixed.toarray(), np.vstack([np.eye(2), np.eye(2)]))


@pytest.mark.parametrize("kind", [Readings, Hearings], ids=lambda kind: kind.__name__)
def test_no_parts_are_no_rows(kind: type[Readings | Hearings]) -> None:
    nothing = kind.concat([])
    assert len(nothing) == 0
    assert {getattr(nothing, name).shape for name in kind.__slots__} == {(0,)}
    assert nothing.ap.dtype == np.int32
    assert nothing.rssi_dbm.dtype == np.float32


def test_empty_records_have_the_shapes_of_full_ones() -> None:
    scans, fixes = Scans.empty(n_ap=5), Fixes.empty(n_cells=7)
    assert scans.age_s.shape == (0, 5)
    assert scans.device.dtype == np.uint64
    assert fixes.cov_m2.shape == (0, 2, 2)
    assert fixes.posterior.shape == (0, 7)
    assert fixes.posterior.dtype == np.float32
    assert fixes.sigma_m.shape == (0,)
    with pytest.raises(KeyError, match="n_ap"):
        Scans.empty()


def test_a_record_without_columns_is_refused() -> None:
    with pytest.raises(TypeError, match="Nothing has no column"):
        len(Nothing("x"))


@dataclass(frozen=True, slots=True)
class Nothing(Columns):
    name: str
