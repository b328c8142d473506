"""Long stays in a coarser grain: bounded, true to the time, and the same whenever they are looked at."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from engine.presence.expected.thinning import MOST_ROWS, SECONDTHS, TICKS, Held, thin

STEP_S = 2.0


def stay(n: int, device: int = 1, gap_at: int | None = None) -> Held:
    """A fix every two seconds, its P of two zones going to and fro every minute; a minute's silence before `gap_at`."""
    t = STEP_S * np.arange(n)
    if gap_at is not None:
        t[gap_at:] += 60.0
    here = np.rint(125 + 120 * np.sin(t / 60.0))
    p = sparse.csr_array(np.column_stack([here, 250 - here]).astype(np.uint8))
    seconds = np.full(n, round(STEP_S * SECONDTHS), np.int64)
    return np.full(n, device, np.uint64), np.rint(t * TICKS).astype(np.int64), seconds, p


def joined(*parts: Held) -> Held:
    device, t, seconds = (np.concatenate([part[i] for part in parts]) for i in range(3))
    return device, t, seconds, sparse.csr_array(sparse.vstack([part[3] for part in parts], format="csr"))


def rows(held: Held, part: slice) -> Held:
    device, t, seconds, p = held
    return device[part], t[part], seconds[part], p[part]


def same(a: Held, b: Held) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a[:3], b[:3], strict=True)) and np.array_equal(
        a[3].toarray(), b[3].toarray()
    )


def test_a_stay_of_few_fixes_is_kept_as_it_is() -> None:
    short = stay(MOST_ROWS - 1)
    assert same(thin(short), short)


@pytest.mark.parametrize("n", [MOST_ROWS, 5400])
def test_a_long_stay_has_few_rows_and_all_of_its_time(n: int) -> None:
    long = stay(n)
    device, t, seconds, p = thin(long)
    assert MOST_ROWS // 2 <= len(device) < MOST_ROWS
    assert seconds.sum() == long[2].sum()
    assert t[-1] == long[1][-1]
    spent, was = seconds @ p.toarray().astype(float), long[2] @ long[3].toarray().astype(float)
    assert spent == pytest.approx(was, rel=0.002)


def test_only_the_long_ones_of_many_are_thinned() -> None:
    short, long = stay(700, device=1), stay(1500, device=2)
    found = thin(joined(short, long))
    mine = found[0] == 1
    assert same(rows(found, mine), short)
    assert (~mine).sum() < MOST_ROWS


def test_nothing_is_joined_over_a_silence() -> None:
    found = thin(stay(MOST_ROWS, gap_at=301))
    between_s = np.diff(found[1]) / TICKS
    unknown_s = between_s - found[2][1:] / SECONDTHS
    assert (unknown_s > 1.0).sum() == 1
    assert unknown_s.max() == pytest.approx(60.0, abs=0.1)


def test_what_cannot_be_joined_stays() -> None:
    device, t, seconds, p = stay(1200)
    heard_seldom = device, t * 20, seconds, p
    assert same(thin(heard_seldom), heard_seldom)


def test_it_makes_no_difference_when_it_is_looked_at() -> None:
    long, looked_at = stay(3000), stay(0)
    for first in range(0, 3000, 450):
        looked_at = thin(joined(looked_at, rows(long, slice(first, first + 450))))
    assert same(looked_at, thin(long))
