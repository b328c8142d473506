"""Campaign places over cells: near a product on foot, a zone's share of each cell, or all of the store."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import Polygon

from engine.offers.targets import Target, across_m, target_of
from engine.plan.cells import walkable_cells, zone_membership
from engine.plan.model import Fixture, Zone
from tests.engine.offers.plans import PLAN, campaign

HALF = Zone("half", "ground", "Half", "fresh", Polygon([(0, 0), (5.5, 0), (5.5, 10), (0, 10)]))
SHOP = replace(PLAN, zones=(*PLAN.zones, HALF))
CELLS = walkable_cells(SHOP, 1.0)
ZONES = zone_membership(SHOP, CELLS)


def target(**changes: object) -> Target:
    return target_of(campaign(**changes), SHOP, CELLS, ZONES)


def test_near_a_product_is_what_lies_within_the_radius() -> None:
    """On an empty floor one walks straight: BOOK stands at (9, 1), and its own cell always counts."""
    near = target(place={"product": "BOOK", "radius_m": 3.0}).membership
    away_m = np.hypot(CELLS.x_m - 9.0, CELLS.y_m - 1.0)
    assert set(np.unique(near)) == {0.0, 1.0}
    assert near[away_m <= 2.0].all()
    assert not near[away_m > 4.0].any()


def test_near_is_on_foot_not_through_a_shelf() -> None:
    wall = Fixture("shelf", "ground", "Shelf", "shelf", 3.0, False, Polygon([(7.4, 0), (7.6, 0), (7.6, 9), (7.4, 9)]))
    shop = replace(SHOP, fixtures=(wall,))
    cells = walkable_cells(shop, 1.0)
    near = target_of(
        campaign(place={"product": "BOOK", "radius_m": 3.0}), shop, cells, zone_membership(shop, cells)
    ).membership
    beyond = (cells.x_m < 7.0) & (cells.y_m < 3.0)
    assert beyond.any()
    assert not near[beyond].any()
    assert near.any()


def test_a_zone_counts_by_the_share_of_each_cell() -> None:
    half = target(place={"zone": "half"}).membership
    np.testing.assert_array_equal(half, ZONES[:, 1])
    assert half[CELLS.x_m < 5.0].all()
    assert not half[CELLS.x_m > 6.0].any()


def test_the_whole_store_is_every_cell() -> None:
    everywhere = target(place={"store": True}).membership
    assert everywhere.dtype == np.float32
    np.testing.assert_array_equal(everywhere, np.ones(len(CELLS)))


def test_how_far_across_a_place_is() -> None:
    assert target(place={"zone": "half"}).across_m == 10.0
    assert target(place={"product": "BOOK", "radius_m": 3.0}).across_m == 4.0, "cut by the outline"
    assert across_m(CELLS, np.zeros(len(CELLS), np.bool_)) == 0.0


def test_patience_comes_from_the_campaign() -> None:
    made = target(campaign_id="slow", min_probability=0.75, min_dwell_s=12.0)
    assert (made.campaign_id, made.min_probability, made.min_dwell_s) == ("slow", 0.75, 12.0)


@pytest.mark.parametrize("place", [{"product": "NOPE", "radius_m": 2.0}, {"zone": "nowhere"}])
def test_a_place_that_the_plan_does_not_know_is_a_key_error(place: dict[str, object]) -> None:
    with pytest.raises(KeyError):
        target(place=place)
