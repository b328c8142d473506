"""Wrong labels: one, a product's, a whole stream's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.positioning.labels.doubts import chance_lines, lying, moved_products, weigh
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
    assert lying(replace(own, fix_x_m=own.fix_x_m[mixed], fix_y_m=own.fix_y_m[mixed])) == {
        0: "no nearer than by chance"
    }


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


def test_receipts_that_fit_no_better_than_other_products_say_nothing() -> None:
    assert chance_lines(160, 100, 98)
    assert not chance_lines(160, 155, 98)
    assert not chance_lines(10, 5, 5)
