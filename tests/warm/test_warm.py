"""What is compiled before the workers start is what they look for."""

from __future__ import annotations

from pathlib import Path

from hypothesis.configuration import set_hypothesis_home_dir, storage_directory
from hypothesis.internal.charmap import charmap_file

from tests.conftest import LONG
from tests.warm.__main__ import ROOT, note_characters, note_constants, rewrite, rewritten_files


def test_pytest_has_left_this_file_where_it_would_be_written() -> None:
    here = Path(__file__)
    assert here in set(rewritten_files())
    assert rewrite([here]) == 0


def test_what_is_not_there_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "test_new.py"
    path.write_text("def test_it():\n    assert 1 + 1 == 2\n")
    assert (rewrite([path]), rewrite([path])) == (1, 0)


def test_what_modules_hold_is_kept_where_hypothesis_looks_for_it(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "new.py").write_text("PLACES = 421_337\n")
    set_hypothesis_home_dir(tmp_path / "home")
    try:
        assert note_constants(["room"], tmp_path) == 1
        [kept] = storage_directory("constants").path.iterdir()
    finally:
        set_hypothesis_home_dir(None)
    assert "421337" in kept.read_text()


def test_characters_are_where_hypothesis_looks_for_them() -> None:
    note_characters()
    assert charmap_file().exists()
    assert charmap_file("codec-v2-utf-8").exists()


def test_every_file_that_is_to_begin_first_is_there() -> None:
    assert [name for name in LONG if not (ROOT / name).exists()] == []
