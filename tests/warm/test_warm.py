"""What is compiled before the workers start is what they look for."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import LONG
from tests.warm.__main__ import ROOT, rewrite, rewritten_files


def test_pytest_has_left_this_file_where_it_would_be_written() -> None:
    here = Path(__file__)
    assert here in set(rewritten_files())
    assert rewrite([here]) == 0


def test_what_is_not_there_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "test_new.py"
    path.write_text("def test_it():\n    assert 1 + 1 == 2\n")
    assert (rewrite([path]), rewrite([path])) == (1, 0)


def test_every_file_that_is_to_begin_first_is_there() -> None:
    assert [name for name in LONG if not (ROOT / name).exists()] == []
