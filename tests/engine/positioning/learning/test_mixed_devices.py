"""Two phones that surveyed under one name: what tells them from walls, and from one phone among shadows."""

from __future__ import annotations

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
