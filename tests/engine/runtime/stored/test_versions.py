"""Two versions side by side: a newer one reads what an older one saved; what cannot be read is said, with why."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import Config
from engine.runtime.store_runner import StoreRunner
from engine.runtime.stored import versions
from engine.runtime.stored.packing import VERSION
from engine.runtime.stored.versions import CONVERSIONS, FIRST, OtherLayout, Tree, of_present
from engine.storage.database import Database, open_database
from tests.cases.shop import NOW, PLAN, live
from tests.databases import new_sqlite

CONFIG = Config.model_validate({"positioning": {"cell_m": 2.0}})
LATER = VERSION + 1


def renamed(tree: Tree) -> Tree:
    """As a next version may save the same."""
    return {name: value for name, value in tree.items() if name != "refused"} | {"turned_away": tree["refused"]}


def test_a_state_goes_through_every_version_between() -> None:
    steps = {7: lambda tree: {**tree, "seven": True}, 8: renamed}
    saved = {"layout": "plan", "refused": {"late": 2}}
    assert of_present(saved | {"version": 7}, "plan", steps, 9)["seven"]
    assert of_present(saved, "plan", {6: lambda tree: tree, **steps}, 9)["turned_away"] == {"late": 2}
    assert of_present(saved | {"version": 9}, "plan", steps, 9) == saved | {"version": 9}


def test_what_cannot_be_read_is_said_with_why() -> None:
    for tree, why in (
        ({"version": 8, "layout": "plan"}, "a newer program saved its state .layout 8, here 7.: upgrade this one too"),
        ({"layout": "plan"}, "has layout 6, which nothing makes one of layout 7"),
        ({"version": 7, "layout": "as it was"}, "the floor plan or its grid changed"),
    ):
        with pytest.raises(OtherLayout, match=why):
            of_present(tree, "plan", {}, 7)


def test_every_version_that_was_released_can_be_read_or_the_notes_say_so() -> None:
    assert set(CONVERSIONS) == set(range(FIRST, VERSION)), "raise FIRST only where the notes say that tracks start anew"


def test_an_older_program_beside_a_newer_one_says_what_it_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    older, frames = runner(db), live(6.0)
    older.recover(NOW)
    for at, frame in frames:
        older.advance([frame], NOW + at)
    readings = older.figures()["counts"]["readings"]
    older.checkpoint(NOW + 6.0)

    monkeypatch.setattr("engine.runtime.store_runner.VERSION", LATER)
    monkeypatch.setattr(versions.of_present, "__defaults__", ({VERSION: lambda tree: tree}, LATER))
    newer = runner(db)
    newer.recover(NOW + 6.0)
    assert newer.figures()["counts"]["readings"] == readings, "it goes on from what the older one saved"
    newer.advance([frames[-1][1]], NOW + 7.0)
    newer.checkpoint(NOW + 7.0)
    assert caplog.text == ""

    monkeypatch.undo()
    runner(db).recover(NOW + 8.0)
    assert f"boutique: a newer program saved its state (layout {LATER}, here {VERSION})" in caplog.text
    assert "tracks start anew, statistics go on" in caplog.text
    db.close()


def runner(db: Database) -> StoreRunner:
    return StoreRunner(PLAN, CONFIG, db, b"0123456789abcdef0123456789abcdef")
