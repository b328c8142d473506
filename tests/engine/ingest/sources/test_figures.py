"""Figures of sources: what a clock that is ahead says is no newer than its receipt."""

from __future__ import annotations

import numpy as np
import pytest

from engine.ingest.decoders.native import Frame
from engine.ingest.sources.declared import Sources
from engine.ingest.sources.figures import SourceFigures
from engine.records import Readings, ToldPositions


@pytest.mark.parametrize(("ahead_s", "newest_t"), [(-3.0, 97.0), (0.0, 100.0), (20.0, 100.0)])
def test_the_newest_reading_is_no_newer_than_its_receipt(ahead_s: float, newest_t: float) -> None:
    figures = SourceFigures(Sources())
    one = np.ones(1)
    said = ToldPositions(one * (100.0 + ahead_s), np.ones(1, np.uint64), np.zeros(1, np.int32), one, one, one)
    heard = Readings.empty()
    figures.note("c1", [Frame("shop", "c1", 100.0, 100.0, heard, heard, {}, positions=said)], 0, 100.0)
    assert figures.as_json()["c1"]["newest_t"] == newest_t
