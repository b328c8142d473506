"""Figures of sources: what a clock that is ahead says is no newer than its receipt, and a name means one source of each
store."""

from __future__ import annotations

import numpy as np
import pytest

from engine.ingest.decoders.native import Frame
from engine.ingest.sources.declared import Sources
from engine.ingest.sources.figures import MOST_SOURCES, SourceFigures
from engine.records import Readings, ToldPositions


@pytest.mark.parametrize(("ahead_s", "newest_t"), [(-3.0, 97.0), (0.0, 100.0), (20.0, 100.0)])
def test_the_newest_reading_is_no_newer_than_its_receipt(ahead_s: float, newest_t: float) -> None:
    figures = SourceFigures(Sources())
    one = np.ones(1)
    said = ToldPositions(one * (100.0 + ahead_s), np.ones(1, np.uint64), np.zeros(1, np.int32), one, one, one)
    heard = Readings.empty()
    figures.note("c1", [Frame("shop", "c1", 100.0, 100.0, heard, heard, {}, positions=said)], 0, 100.0, "shop")
    assert figures.as_json()["shop/c1"]["newest_t"] == newest_t


def test_sources_of_one_name_are_one_each_store() -> None:
    """Two shops that call their controller alike: the first one's page showed the figures of both, the other's none."""
    figures = SourceFigures(Sources())
    heard = Readings.empty()
    figures.note("wifi", [Frame("north", "wifi", 100.0, 100.0, heard, heard, {})], 0, 100.0, "north")
    for at in (200.0, 300.0):
        figures.note("wifi", [Frame("south", "wifi", at, at, heard, heard, {})], 0, at, "south")
    figures.note("door", [], 1, 400.0, "south")  # of a source that tells of sessions alone
    said = {key: (f["name"], f["stores"], f["messages"], f["heard_at"]) for key, f in figures.as_json().items()}
    assert said == {
        "north/wifi": ("wifi", ["north"], 1, 100.0),
        "south/wifi": ("wifi", ["south"], 2, 300.0),
        "south/door": ("door", ["south"], 1, 400.0),
    }


def test_names_that_somebody_invents_push_out_those_of_their_own_store_alone() -> None:
    figures = SourceFigures(Sources())
    figures.note("wifi", [], 1, 1.0, "north")
    for number in range(2 * MOST_SOURCES):
        figures.note(f"c{number}", [], 1, 10.0 + number, "south")
    said = figures.as_json()
    assert len(said) == 1 + MOST_SOURCES
    assert {"north/wifi", f"south/c{2 * MOST_SOURCES - 1}"} <= said.keys()
