"""Who was erased stays known until no backup can bring them back, and is forgotten then."""

from __future__ import annotations

import stat
from pathlib import Path

from engine.privacy.erasures import Erasures


def test_ids_are_kept_in_their_order_for_their_owner_only(tmp_path: Path) -> None:
    erased = Erasures(tmp_path / "data")
    assert erased.all() == []
    for at, who in ((100.4, "one"), (200.6, "two")):
        erased.note(who, at)
    file = tmp_path / "data" / "erased.txt"
    assert erased.all() == ["one", "two"]
    assert file.read_text() == "100 one\n201 two\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_who_was_erased_before_the_last_backup_is_forgotten(tmp_path: Path) -> None:
    erased = Erasures(tmp_path)
    for at, who in ((100.0, "one"), (200.0, "two"), (300.0, "three")):
        erased.note(who, at)
    assert erased.forget(100.0) == 0
    assert erased.forget(200.0) == 1
    assert erased.all() == ["two", "three"]
    assert stat.S_IMODE((tmp_path / "erased.txt").stat().st_mode) == 0o600
    assert erased.forget(1000.0) == 2
    assert erased.all() == []
    assert [p.name for p in tmp_path.iterdir()] == ["erased.txt"]


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "erased.txt").write_text("100 one\n\nx two\n300 \n400 four five\n500 six\n60")
    erased = Erasures(tmp_path)
    assert erased.all() == ["one", "six"]
    assert erased.forget(200.0) == 1
    assert erased.all() == ["six"]
