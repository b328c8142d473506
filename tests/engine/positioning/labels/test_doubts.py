"""Wrong labels: one, a product's, a whole stream's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.positioning.labels.doubts import lying, moved_products, no_nearer, weigh
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


def test_one_device_that_scans_a_product_elsewhere_names_nothing() -> None:
    own = labels(*shop(), 40, wrong=(4,), devices=1)
    assert moved_products(own) == []
