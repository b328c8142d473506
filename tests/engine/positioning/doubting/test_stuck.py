"""Access points that say few levels where the others say many, against exp of the entropy reckoned here."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.positioning.doubting.stuck import LEAST_ALIKE, LEVELS, hardly_varying, who_hardly_varies
from engine.records import F64, I64

OTHERS = 20
"""Levels of each other access point, as likely as each other: 20 in effect, of which a quarter is 5."""


def said(stuck: list[int], times: int = LEAST_ALIKE, others: int = OTHERS, from_dbm: int = -50) -> tuple[I64, F64]:
    """Four access points, of which the third says these levels in turn and the others go through theirs."""
    rows = [(ap, float(from_dbm - k % others)) for ap in (0, 1, 3) for k in range(times)]
    rows += [(2, float(stuck[k % len(stuck)])) for k in range(times)]
    ap, level = zip(*rows, strict=True)
    return np.array(ap), np.array(level)


def found(ap: I64, level: F64) -> list[int]:
    return [int(a) for a in hardly_varying(ap.astype(np.int32), level, 4)]


@pytest.mark.parametrize("stuck", [[-40], [-40, -41], [-45, -75], [-30, -31, -32], [-30, -31, -32, -33, -34]])
def test_who_says_few_levels_is_found_wherever_they_lie(stuck: list[int]) -> None:
    assert found(*said(stuck)) == [2]


def test_a_quarter_of_the_others_is_the_most() -> None:
    assert found(*said([-30 - k for k in range(6)], times=60)) == []
    in_effect = math.exp(-sum(p * math.log(p) for p in [0.7, *[0.3 / 16] * 16]))  # of seventeen levels
    assert 4.0 < in_effect < 5.0
    mostly = [-40] * 112 + 3 * [-50 - k for k in range(16)]
    assert found(*said(mostly, times=160)) == [2]


def test_who_is_heard_too_rarely_says_nothing() -> None:
    assert found(*said([-40, -41], times=LEAST_ALIKE - 1)) == []


def test_where_the_others_say_few_a_phone_is_at_rest() -> None:
    assert found(*said([-40, -41], others=8)) == []
    assert found(*said([-40, -41], times=48, others=12)) == [2]


def test_who_is_heard_no_louder_than_the_faintest_is_cut_off_there() -> None:
    assert found(*said([-69, -68])) == []
    assert found(*said([-60, -59])) == [], "the faintest is -69 dBm: no more than ten above it"
    assert found(*said([-58, -57])) == [2]


def test_where_half_are_so_nobody_is() -> None:
    counts = np.zeros((4, LEVELS), np.int64)
    counts[:2, 40:42], counts[2:, 50:70] = 30, 3
    assert who_hardly_varies(counts).tolist() == []
    counts[1, 40:42], counts[1, 50:70] = 0, 3
    assert who_hardly_varies(counts).tolist() == [0]
    assert who_hardly_varies(np.zeros((4, LEVELS), np.int64)).tolist() == []
