"""Wrong labels: one, a product's, a whole stream's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.positioning.labels.doubts import lying, moved_products, no_nearer, weigh
from engine.positioning.labels.places import Taught
from engine.positioning.labels.shares import HALF, contradicts
from tests.engine.positioning.labels.shop import FLOOR_M2, labels, shop


def test_a_label_far_from_its_device_weighs_nothing() -> None:
    own = labels(*shop(), 40)
    far = replace(own, fix_x_m=np.where(np.arange(40) == 3, own.x_m + 40.0, own.x_m))
    weight = weigh(far, FLOOR_M2)
    assert weight[3] < 1e-6
    assert np.median(weight) > 0.9


def test_honest_streams_do_not_lie_and_few_labels_are_not_judged() -> None:
    assert lying(labels(*shop(), 100)) == {}
    assert lying(labels(*shop(), 15, mirrored=True)) == {}


def test_only_the_stream_that_lies_is_named() -> None:
    honest, mirrored = labels(*shop(), 100), labels(*shop(), 100, mirrored=True, seed=2)
    both = type(honest).concat([honest, replace(mirrored, source=np.ones(100, np.int32))])
    assert lying(both) == {1: "mirrored in x"}


def test_labels_at_random_lie_no_nearer_than_by_chance() -> None:
    own = labels(*shop(), 200)
    mixed = np.random.default_rng(5).permutation(200)
    (said,) = no_nearer(replace(own, fix_x_m=own.fix_x_m[mixed], fix_y_m=own.fix_y_m[mixed]), FLOOR_M2).values()
    assert contradicts(said, HALF)
    assert no_nearer(own, FLOOR_M2) == {}


def test_in_a_store_as_small_as_its_fixes_are_off_no_nearer_is_no_lie() -> None:
    """Honest scans of a kiosk, 3 m by 2 m, where fixes say nothing of who was at which shelf."""
    own = labels(*shop(), 200)
    rng = np.random.default_rng(8)
    small = replace(
        own, x_m=10.0 + (own.x_m - 10.0) * 0.2, y_m=6.0 + (own.y_m - 6.0) * 0.25,
        fix_x_m=10.0 + rng.normal(0.0, 1.5, 200), fix_y_m=6.0 + rng.normal(0.0, 1.5, 200),
    )  # fmt: skip
    (said,) = no_nearer(small, 6.0).values()
    assert not contradicts(said, HALF)


def test_products_that_stand_elsewhere_are_named_with_their_place() -> None:
    plan, cells, radio_map = shop()
    moved = moved_products(labels(plan, cells, radio_map, 300, wrong=(4, 11)))
    assert {m.product for m in moved} == {4, 11}
    for m in moved:
        there = plan.products[(m.product + 9) % 20]
        assert np.hypot(m.x_m - there.x_m, m.y_m - there.y_m) < 1.5


def test_a_terminal_that_stands_in_one_place_moves_no_product_there() -> None:
    """Two shoppers were off by chance, and a trolley's terminal named all twenty products three times, in a corner."""
    plan, cells, radio_map = shop()
    own = labels(plan, cells, radio_map, 300)
    two = np.flatnonzero(own.product == 4)[:2]
    x, y = own.fix_x_m.copy(), own.fix_y_m.copy()
    x[two], y[two] = 2.0, 1.0
    some = replace(own, fix_x_m=x, fix_y_m=y).take(np.r_[two, np.flatnonzero(own.product != 4)])
    trolley = labels(plan, cells, radio_map, 20)
    trolley = replace(
        trolley, number=np.full(20, 5000), product=np.arange(20, dtype=np.int32),
        x_m=np.array([p.x_m for p in plan.products]), y_m=np.array([p.y_m for p in plan.products]),
        fix_x_m=np.full(20, 2.0), fix_y_m=np.full(20, 1.0),
    )  # fmt: skip
    assert moved_products(Taught.concat([some, *[trolley] * 3])) == []
    third = replace(trolley.take(slice(4, 5)), number=np.array([6000]))
    assert [m.product for m in moved_products(Taught.concat([some, third]))] == [4], (
        "a third device, which names it alone"
    )


def test_terminals_that_scan_an_aisle_that_moved_as_a_whole_are_witnesses() -> None:
    plan, cells, radio_map = shop()
    own = labels(plan, cells, radio_map, 300)
    aisle = own.product < 5  # a row, 15 m long, 8 m further in
    staff = replace(own, number=np.where(aisle, own.number % 4, own.number), fix_y_m=own.fix_y_m + 8.0 * aisle)
    assert {m.product for m in moved_products(staff)} == {0, 1, 2, 3, 4}


def test_one_device_that_scans_a_product_elsewhere_names_nothing() -> None:
    own = labels(*shop(), 40, wrong=(4,), devices=1)
    assert moved_products(own) == []
