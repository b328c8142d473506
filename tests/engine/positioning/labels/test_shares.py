"""Odds of how many of a stream's labels are of their place: what says nothing accuses nobody."""

from __future__ import annotations

import numpy as np
import pytest

from engine.positioning.labels.shares import (
    HALF,
    LITTLE,
    SHARES,
    certain_of_none,
    contradicts,
    evidence_of,
    expected_share,
    pack,
    unpack,
)
from engine.records import F64


def said_by(ratios: list[float], receipts: int) -> F64:
    return np.sum([evidence_of(np.array(ratios))] * receipts, axis=0)


def test_bayes_over_shares_that_are_any_beforehand() -> None:
    """Two lines of one receipt, thrice and half as likely as of any product, count as the root of two."""
    likely = ((3.0 * SHARES + 1.0 - SHARES) * (0.5 * SHARES + 1.0 - SHARES)) ** (1.0 / np.sqrt(2.0))
    said = said_by([3.0, 0.5], 1)
    assert np.exp(said) == pytest.approx(likely)
    assert expected_share(said) == pytest.approx((likely * SHARES).sum() / likely.sum())


def test_a_thousand_receipts_that_tell_nothing_are_no_lie() -> None:
    said = said_by([1.0, 1.0], 1000)
    assert not contradicts(said, LITTLE)
    assert expected_share(said) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("ratios", "receipts", "lie", "low", "high"),
    [
        ([1.6, 1.2, 0.8], 80, False, 0.6, 1.0),  # help that is weak, by many
        ([2.0], 3, False, 0.5, 0.7),  # few
        ([0.3], 3, False, 0.2, 0.5),  # few that fit ill
        ([0.3, 0.4, 1.5], 80, True, 0.0, 0.15),  # what is bought elsewhere than its buyers paused
    ],
)
def test_odds_decide(ratios: list[float], receipts: int, lie: bool, low: float, high: float) -> None:
    said = said_by(ratios, receipts)
    assert contradicts(said, LITTLE) is lie
    assert low <= expected_share(said) <= high


def test_three_in_four_must_be_wrong_of_receipts_and_every_other_label_with_a_time() -> None:
    """Of ten thousand labels, a share of which is a thousand times as likely, and the others not at all."""
    for share, of, lie in [(0.15, LITTLE, True), (0.3, LITTLE, False), (0.35, HALF, True), (0.6, HALF, False)]:
        right = round(10_000 * share)
        said = right * evidence_of(np.array([1e3])) + (10_000 - right) * evidence_of(np.array([1e-9]))
        assert contradicts(said, of) is lie


def test_evidence_is_kept() -> None:
    told = {0: said_by([2.0], 3), 4: said_by([0.5], 2)}
    again = unpack(pack(told))
    assert list(again) == [0, 4]
    assert all(np.array_equal(again[k], told[k]) for k in told)
    assert unpack(pack({})) == {}


def test_what_was_left_aside_before_shares_were_known_stays_so() -> None:
    ((stream, said),) = certain_of_none([3]).items()
    assert stream == 3
    assert contradicts(said, LITTLE)
