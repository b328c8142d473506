"""Two phones that surveyed under one name: what tells them from walls, and from one phone among shadows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.positioning.learning.mixed_devices import phones_apart_db
from engine.radio.evidence import Evidence
from engine.records import F64, Bools
from tests.engine.radio.made import evidence

X, Y = (v.ravel().astype(float) for v in np.meshgrid(np.arange(8) * 3.0, np.arange(5) * 3.0))
EVERY_OTHER = np.arange(40) % 2 == 0


def surveyed(louder: Bools, apart_db: float, access_points: int = 4, sources: int = 1) -> tuple[Evidence, F64]:
    """Forty places, what the law leaves there: shadows of a decibel, and what the louder phone adds."""
    place = np.repeat(np.arange(40), access_points)
    ap = np.tile(np.arange(access_points), 40)
    shadow = np.sin(1.7 * place + 2.3 * ap)
    own = evidence(ap.tolist(), x_m=X[place], y_m=Y[place], source=place % sources)
    return own, shadow + apart_db * (louder[place] - 0.5)


def test_two_heaps_among_each_other_are_two_phones() -> None:
    assert phones_apart_db(*surveyed(EVERY_OTHER, 15.0)) == pytest.approx(15.0, abs=0.5)
    assert phones_apart_db(*surveyed(EVERY_OTHER, 7.0)) is None, "phones differ by as much, and it costs little"


def test_one_phone_among_shadows_is_one() -> None:
    wide = 20.0 * (np.arange(40) * 7 % 40) / 40.0  # over 20 dB, evenly
    own, left = surveyed(EVERY_OTHER, 0.0)
    assert phones_apart_db(own, left + np.repeat(wide, 4)) is None


def test_a_wall_between_two_halves_of_the_floor_is_no_phone() -> None:
    assert phones_apart_db(*surveyed(X > 11.0, 15.0)) is None


def test_a_floor_that_hears_more_is_no_phone() -> None:
    """Twenty places below, and the same twenty above."""
    own, left = surveyed(np.arange(40) >= 20, 15.0)
    place = np.repeat(np.arange(40), 4)
    at = X[place % 20], Y[place % 20]
    assert phones_apart_db(replace(own, x_m=at[0], y_m=at[1], level=(place // 20).astype(np.int32)), left) is None


def test_what_access_points_differ_in_is_no_phone() -> None:
    """The heaps lie 15 dB apart by the mean: 30 dB at two access points, none at the others."""
    own, left = surveyed(EVERY_OTHER, 0.0)
    assert phones_apart_db(own, left + 30.0 * np.repeat(EVERY_OTHER, 4) * (own.ap < 2)) is None


def test_phones_that_are_named_are_told_apart_already_and_few_places_say_nothing() -> None:
    assert phones_apart_db(*surveyed(EVERY_OTHER, 15.0, sources=2)) is None
    own, left = surveyed(EVERY_OTHER, 15.0)
    assert phones_apart_db(own.take(slice(0, 44)), left[:44]) is None
    lone = np.arange(40) == 3
    assert phones_apart_db(*surveyed(lone, 15.0)) is None, "one place is no heap"


PAIRS_AT = [(20.0 * i, 2.0 * side) for i in range(20) for side in (0, 1)]
"""Forty places in pairs 2 m apart, each pair 20 m from the next: everybody's neighbour is the other of the pair."""


def paired(louder: list[bool], apart_db: float = 12.0, wide_db: float = 0.0, unlike: float = 0.0) -> float | None:
    """Places of the first pairs, of which the louder are `apart_db` above the others, every second one of a heap so
    much above its mean and the others so much below; what access points make of it differs by a share `unlike`."""
    n = len(louder)
    loud = np.array(louder)
    place, ap = np.repeat(np.arange(n), 4), np.tile(np.arange(4), n)
    x, y = np.array(PAIRS_AT[:n]).T
    within = np.zeros(n)
    for heap in (loud, ~loud):
        within[heap] = wide_db * np.resize([1.0, -1.0], heap.sum())
    share = 1.0 + unlike * np.array([1.0, -1.0, 1.0, -1.0])
    left = apart_db * (loud[place] - 0.5) * share[ap] + within[place]
    return phones_apart_db(evidence(ap.tolist(), x_m=x[place], y_m=y[place]), left)


MIXED = [True, False] * 20


@pytest.mark.parametrize(
    ("louder", "told"),
    [
        (MIXED, True),
        (MIXED[:12], True),  # twelve places
        (MIXED[:11], False),
        (MIXED[:16] + [False] * 24, True),  # eight of forty are a fifth
        (MIXED[:14] + [False] * 26, False),
        ([not one for one in MIXED[:18]] + [True] * 22, True),  # the quieter phone in nine
        ([not one for one in MIXED[:14]] + [True] * 26, False),
        (MIXED[:10] + [True] * 14 + [False] * 16, True),  # five pairs of twenty are of both
        (MIXED[:8] + [True] * 16 + [False] * 16, False),
    ],
)
def test_heaps_have_a_fifth_of_twelve_places_and_a_quarter_of_them_among_each_other(
    louder: list[bool], told: bool
) -> None:
    assert paired(louder) == (pytest.approx(12.0) if told else None)


@pytest.mark.parametrize(
    ("apart_db", "wide_db", "unlike", "told"),
    [
        (8.01, 0.0, 0.0, True),
        (7.99, 0.0, 0.0, False),
        (16.0, 3.9, 0.0, True),  # four times as far apart as each heap is wide
        (16.0, 4.1, 0.0, False),
        (16.0, 0.0, 0.34, True),  # at one access point 21 dB, at the next 11
        (16.0, 0.0, 0.36, False),
    ],
)
def test_heaps_lie_far_apart_for_their_width_and_alike_at_all_access_points(
    apart_db: float, wide_db: float, unlike: float, told: bool
) -> None:
    assert paired(MIXED, apart_db, wide_db, unlike) == (pytest.approx(apart_db) if told else None)


def test_one_access_point_is_no_witness_and_what_was_not_surveyed_or_heard_does_not_count() -> None:
    own, left = surveyed(EVERY_OTHER, 15.0, access_points=1)
    assert phones_apart_db(own, left) is None
    own, left = surveyed(EVERY_OTHER, 15.0)
    others = evidence([0] * 8, kind=1, source=5, x_m=np.arange(8.0), y_m=0.5)
    both = Evidence(*(np.concatenate([getattr(own, n), getattr(others, n)]) for n in Evidence.__slots__))
    assert phones_apart_db(both, np.append(left, [90.0] * 8)) == phones_apart_db(own, left)
    unheard = np.where(np.arange(160) % 4 == 3, np.nan, left)
    assert phones_apart_db(own, unheard) == phones_apart_db(own.take(own.ap < 3), left[own.ap < 3])


def test_readings_of_one_square_metre_are_one_place() -> None:
    """Twelve places of two readings each, or eleven where two share theirs."""
    x = np.arange(12) * 5.0
    louder = np.arange(12) % 2 == 0
    own = evidence([0, 1] * 12, x_m=np.repeat(x, 2), y_m=np.tile([0.0, 0.9], 12))
    left = np.repeat(12.0 * louder, 2)
    assert phones_apart_db(own, left) == pytest.approx(12.0)
    near = np.where(np.arange(12) == 11, 50.5, x)
    assert phones_apart_db(evidence([0, 1] * 12, x_m=np.repeat(near, 2)), left) is None, "eleven"
