"""Likely ways of a stay: in each zone as often as P(zone) says, constant where the history is, always the same."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from engine.presence.expected.likely import WAYS, likely_ways
from engine.records import F64

STEP_S = 5.0


def history(*parts: tuple[float, ...]) -> F64:
    """P of zones and floor, a minute each."""
    return np.repeat(np.array(parts), 12, axis=0)


def ways(p: F64, t0: float = 0.0) -> list[list[str]]:
    t = t0 + STEP_S * np.arange(1, len(p) + 1)
    found = likely_ways(t, np.full(len(p), STEP_S), p, [*"abcd"[: p.shape[1] - 1]])
    return [[stay.zone for stay in way] for way in found]


def test_where_nothing_is_unsure_there_is_one_way() -> None:
    assert ways(history((1, 0, 0), (0, 0, 1), (0, 1, 0))) == [["a", "b"]] * WAYS


def test_each_zone_is_where_it_is_as_often_as_its_p() -> None:
    seen = Counter[str]()
    for stay in range(200):
        seen.update("".join(way) for way in ways(history((0.6, 0.3, 0.1)), 1000.0 * stay))
    total = 200 * WAYS
    assert seen["a"] / total == pytest.approx(0.6, abs=0.03)
    assert seen["b"] / total == pytest.approx(0.3, abs=0.03)
    assert seen[""] / total == pytest.approx(0.1, abs=0.03), "on the floor, which is no visit"


def test_nobody_flickers_where_p_stays_and_hardly_where_it_trembles() -> None:
    even = history((0.5, 0.5, 0.0), (0.5, 0.5, 0.0))
    assert {len(way) for way in ways(even)} == {1}
    trembling = even + 0.02 * np.where(np.arange(len(even)) % 2, 1, -1)[:, None] * np.array([1, -1, 0])
    assert np.mean([len(way) for way in ways(trembling)]) < 1.3


def test_the_same_stay_has_the_same_ways() -> None:
    p = history((0.4, 0.4, 0.2), (0.2, 0.5, 0.3))
    assert ways(p) == ways(p)
    assert any(ways(p) != ways(p, t0) for t0 in (100.0, 200.0, 300.0))
