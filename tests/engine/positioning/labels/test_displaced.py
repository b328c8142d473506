"""A planogram that is off by one vector: named where access points and tracks both say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.positioning.labels.doubts import find_displaced, lying
from engine.positioning.labels.lesson import doubts_of
from engine.positioning.labels.places import KINDS, Taught
from engine.vocabulary import LabelKind
from tests.engine.positioning.labels.shop import labels, shop

SHIFTED = "shifted by one vector"


def told(x_m: float, y_m: float) -> Taught:
    """Honest labels of the hall's twenty products, whose plan has them all elsewhere."""
    own = labels(*shop(), 200)
    return replace(own, x_m=own.x_m + x_m, y_m=own.y_m + y_m)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (told(0.0, 0.0), {}),
        (told(1.0, 0.5), {}),
        (told(4.0, 0.0), {0: SHIFTED}),
        (told(2.0, -3.0), {0: SHIFTED}),
    ],
)
def test_a_stream_that_is_off_as_a_whole_is_named(given: Taught, what: dict[int, str]) -> None:
    assert {source: said.what for source, said in find_displaced(shop()[0], given).items()} == what


def test_what_tracks_do_not_say_as_well_may_be_the_map() -> None:
    """Devices seemed to be where the labels have them."""
    own = told(4.0, 0.0)
    agreed = replace(own, fix_x_m=own.fix_x_m + 4.0)
    assert find_displaced(shop()[0], agreed) == {}


def test_what_access_points_do_not_say_as_well_may_be_the_tracks() -> None:
    own = told(0.0, 0.0)
    assert find_displaced(shop()[0], replace(own, fix_x_m=own.fix_x_m - 4.0)) == {}


def test_nineteen_labels_and_receipts_name_nothing() -> None:
    own = told(4.0, 0.0)
    assert find_displaced(shop()[0], own.take(slice(0, 19))) == {}
    receipts = replace(own, kind=np.full(200, KINDS.index(LabelKind.RECEIPT), np.int32))
    assert find_displaced(shop()[0], receipts) == {}


def test_by_how_much_it_is_off_is_said() -> None:
    [said] = find_displaced(shop()[0], told(4.0, 0.0)).values()
    assert said.off_m == pytest.approx((4.0, 0.0), abs=0.8)


def tracked(x_m: float, beside_m: float, many: int = 200) -> Taught:
    """Labels so far off in x, whose devices' tracks lie beside them at random, half of them within about so much."""
    own = told(x_m, 0.0).take(slice(0, many))
    beside = np.random.default_rng(8).normal(0.0, beside_m / 1.18, (2, many))
    return replace(own, fix_x_m=own.x_m - x_m + beside[0], fix_y_m=own.y_m + beside[1])


@pytest.mark.parametrize(
    ("own", "named"),
    [
        (tracked(1.8, 1.5), True),
        (tracked(1.2, 0.5), False),  # a metre may be the map's
        (tracked(1.8, 2.9), False),  # less than most labels lie from it
        (tracked(1.8, 1.5, 30), False),  # too few
        (replace(tracked(1.8, 1.5), x_m=tracked(1.8, 1.5).x_m * 0.1, fix_x_m=tracked(1.8, 1.5).fix_x_m * 0.1), False),
    ],
)
def test_tracks_alone_tell_a_vector_that_stands_out_of_them(own: Taught, named: bool) -> None:
    """Access points are too few to be sure of two metres; they need not contradict."""
    assert bool(find_displaced(shop()[0], own)) == named


def test_only_the_stream_that_is_off_is_left_aside() -> None:
    plan, cells, _ = shop()
    off = replace(told(4.0, 0.0), source=np.ones(200, np.int32))
    assert lying(off) == {}, "its labels are nearer to their devices than chance, and no mirror is nearer"
    honest = told(0.0, 0.0)
    found = doubts_of(plan, cells, Taught.concat([honest, off]), {})
    assert found.lies == {1: SHIFTED}
    assert np.array_equal(found.believed.weight, doubts_of(plan, cells, honest, {}).believed.weight)
