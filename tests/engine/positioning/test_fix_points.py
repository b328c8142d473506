"""Fixes without their rows: every column where it belongs."""

from __future__ import annotations

import numpy as np

from engine.positioning.fix_points import PlainFixes
from engine.records import Fixes


def fixes(n: int, first: int = 0) -> Fixes:
    k = np.arange(first, first + n)
    cov = np.stack([np.diag([9.0 + i, 16.0]) for i in k]).reshape(n, 2, 2)
    return Fixes(
        k + 0.5, k.astype(np.uint64), (k % 2).astype(np.int32), k + 10.0, k + 20.0, cov, (k + 3).astype(np.int32),
        np.ones((n, 2), np.float32),
    )  # fmt: skip


def same(got: PlainFixes, want: Fixes, rows: list[int]) -> None:
    for name in PlainFixes.__slots__:
        np.testing.assert_array_equal(getattr(got, name), getattr(want, name)[rows])
        assert getattr(got, name).dtype == getattr(want, name).dtype


def test_every_column_but_the_posterior_is_there() -> None:
    same(PlainFixes.of(fixes(3)), fixes(3), [0, 1, 2])
    assert "posterior" not in PlainFixes.__slots__


def test_sigma_is_the_root_of_the_trace() -> None:
    np.testing.assert_allclose(PlainFixes.of(fixes(2)).sigma_m, np.sqrt([9 + 16, 10 + 16]))


def test_rows_are_taken_in_the_order_asked_and_joined_in_the_order_given() -> None:
    plain = PlainFixes.of(fixes(4))
    same(plain.take(np.array([3, 1])), fixes(4), [3, 1])
    same(plain.take(slice(1, 3)), fixes(4), [1, 2])
    same(PlainFixes.concat([plain.take(slice(0, 2)), plain.take(slice(2, 4))]), fixes(4), [0, 1, 2, 3])


def test_none_joins_with_any() -> None:
    none = PlainFixes.empty()
    assert all(len(getattr(none, name)) == 0 for name in PlainFixes.__slots__)
    assert none.cov_m2.shape == (0, 2, 2)
    same(PlainFixes.concat([none, PlainFixes.of(fixes(2)), none]), fixes(2), [0, 1])
