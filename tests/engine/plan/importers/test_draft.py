"""What importers draw on takes as much as a hypermarket holds, and leaves what is empty to its default."""

from __future__ import annotations

import pytest
from shapely.geometry import Point

from engine.errors import OperatorError
from engine.plan.importers.draft import Draft, Piece
from engine.plan.importers.notes import Notes


def test_twenty_thousand_features_are_taken_and_one_more_is_no_shop() -> None:
    draft, here = Draft(Notes("mall.dxf")), Point(1.0, 2.0)
    for _ in range(20_000):
        draft.add("opening", "0", here)
    with pytest.raises(OperatorError, match="holds more than 20,000 walls, fixtures and zones"):
        draft.add("opening", "0", here)


def test_what_is_empty_is_left_to_its_default() -> None:
    draft = Draft(Notes("a"))
    draft.add("section", "0", Point(1.0, 2.0), "row 1", name="", macs=(), z_m=None, walkable=False, id="b")
    draft.add("wall", "0", Point(1.0, 2.0))
    kept = {"walkable": False, "id": "b"}
    assert draft.of_kind("section") == [Piece("section", "0", Point(1.0, 2.0), kept, "row 1")]
