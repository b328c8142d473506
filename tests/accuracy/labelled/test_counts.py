"""Days add up to rows, and what is kept of one is what came of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.accuracy.labelled.counts import Located, Sent, located_figures, sent_figures
from tests.accuracy.labelled.runs import Asked, Came, came_of, measured, sources_digest

BUSY = Sent([(4, 3, 5, 3), (6, 6, 6, 6)], [2.0, 3.0, 9.0], 8.8, 7.0, 1, 12)
QUIET = Sent([(10, 0, 0, 0)], [], 0.0, 0.0, 12, 12)
CAME = Came(Located([0, 2, 2], [0, 1, 0, 1], 300, 60, 3, 2), [BUSY, QUIET])


def test_days_of_a_store_make_one_row() -> None:
    """Devices of all days, each of its own; what was told counts by what it was told of."""
    one, both = sent_figures([BUSY]), sent_figures([BUSY, QUIET])
    assert (one["due"], one["sent"], both["due"], both["sent"]) == (10, 11, 20, 11)
    assert one["precision"] == both["precision"] == pytest.approx(9 / 11)
    assert (one["recall"], both["recall"]) == (pytest.approx(0.9), pytest.approx(0.45))
    assert both["recall_low"] < 0.45 < both["recall_high"]
    assert (both["told_precision"], both["told_recall"]) == (pytest.approx(0.8), pytest.approx(0.35))
    assert (both["delay_s"], both["silent"]) == (3.0, pytest.approx(13 / 24))
    assert "precision" not in sent_figures([QUIET])


def test_errors_add_up_by_the_centimetre() -> None:
    said = located_figures([CAME.located, Located([0, 0, 0, 0, 0, 5], [], 100, 20, 0, 0)])
    assert (said["median_m"], said["p90_m"], said["shelf_m"]) == (0.05, 0.05, 0.01)
    assert (said["labels"], said["phones"], said["moved_found"], said["moved_right"]) == (200, 40, 3, 2)


def test_a_day_that_is_kept_is_not_run_again(tmp_path: Path) -> None:
    """This store does not exist: running its day would raise."""
    asked = Asked("nowhere", "all", 1, 60.0, (0.8, 0.9))
    folder = tmp_path / sources_digest()
    folder.mkdir()
    (folder / f"{asked.name}.json").write_text(json.dumps(asdict(CAME)), encoding="utf-8")
    assert list(measured([asked], tmp_path, 1)) == [(asked, CAME)]
    assert came_of(json.loads(json.dumps(asdict(CAME)))) == CAME


def test_a_whole_day_is_kept_beside_its_second_half() -> None:
    half, whole = (Asked("pharmacy", "none", 1, 3600.0, (0.8, 0.9), w) for w in (False, True))
    assert (half.name, whole.name) == ("pharmacy-1-3600-none-0.8-0.9", "pharmacy-1-3600-none-0.8-0.9-whole")


def test_what_is_kept_is_of_its_sources(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    part = tmp_path / "engine/part.py"
    part.write_text("a = 1\n", encoding="utf-8")
    before = sources_digest(tmp_path)
    assert sources_digest(tmp_path) == before
    part.write_text("a = 2\n", encoding="utf-8")
    assert sources_digest(tmp_path) != before
