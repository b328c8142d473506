"""Products that tracks say stand elsewhere, held against what was heard at their labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.positioning.labels.doubts import moved_products
from engine.positioning.labels.elsewhere import keep_heard_elsewhere
from engine.positioning.labels.lesson import doubts_of
from engine.positioning.labels.places import Taught
from tests.engine.positioning.labels.shop import labels, shop


def folded(own: Taught, *products: int) -> Taught:
    """The map is folded where these stand: their devices seem to be 6 m off in x and 4 m in y."""
    off = np.isin(own.product, products)
    inwards = np.where(own.x_m < 10.0, 6.0, -6.0), np.where(own.y_m < 6.0, 4.0, -4.0)
    return replace(own, fix_x_m=own.fix_x_m + off * inwards[0], fix_y_m=own.fix_y_m + off * inwards[1])


def test_a_folded_map_moves_no_product() -> None:
    plan, cells, radio_map = shop()
    own = folded(labels(plan, cells, radio_map, 300), 0, 1, 13)
    assert {m.product for m in moved_products(own)} == {0, 1, 13}
    assert doubts_of(plan, cells, own, {}).moved == []


def test_what_was_moved_is_named_beside_a_folded_map() -> None:
    plan, cells, radio_map = shop()
    own = folded(labels(plan, cells, radio_map, 300, wrong=(4, 11)), 0, 1, 13)
    assert {m.product for m in moved_products(own)} >= {0, 1, 4, 11, 13}
    assert {m.product for m in doubts_of(plan, cells, own, {}).moved} == {4, 11}


def test_labels_of_what_was_moved_do_not_speak_against_its_neighbours() -> None:
    """The planogram has 15 and 16 close around 13, which stands where it should, where the map is folded."""
    plan, cells, radio_map = shop()
    own = folded(labels(plan, cells, radio_map, 300, wrong=(15, 16)), 13)
    at = plan.products[13]
    for product, beside_m in ((15, 0.4), (16, -0.4)):
        own = replace(
            own, x_m=np.where(own.product == product, at.x_m + beside_m, own.x_m),
            y_m=np.where(own.product == product, at.y_m, own.y_m),
        )  # fmt: skip
    assert {m.product for m in moved_products(own)} >= {13, 15, 16}
    assert {m.product for m in doubts_of(plan, cells, own, {}).moved} == {15, 16}


def test_where_no_others_are_labelled_nothing_says_that_it_was_heard_elsewhere() -> None:
    plan, cells, radio_map = shop()
    every = labels(plan, cells, radio_map, 300, wrong=(4,))
    moved = moved_products(every)
    assert [m.product for m in moved] == [4]
    assert keep_heard_elsewhere(plan, cells, every, moved) == moved
    assert keep_heard_elsewhere(plan, cells, every.take(every.product == 4), moved) == []
    deaf = replace(every, rssi_dbm=np.full_like(every.rssi_dbm, np.nan))
    assert keep_heard_elsewhere(plan, cells, deaf, moved) == []


@pytest.mark.parametrize(("off_m", "named"), [(2.4, True), (2.6, False), (12.0, False)])
def test_a_place_off_the_floor_is_none(off_m: float, named: bool) -> None:
    plan, cells, radio_map = shop()
    own = labels(plan, cells, radio_map, 300, wrong=(4,))
    beyond = replace(moved_products(own)[0], x_m=float(cells.x_m.min()) - off_m, y_m=float(cells.y_m[0]))
    assert bool(keep_heard_elsewhere(plan, cells, own, [beyond])) == named
