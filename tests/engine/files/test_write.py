"""Files come whole or not at all, and what was there before stays until then."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest

from engine.errors import OperatorError
from engine.files.write import whole_file, write_columns


def test_what_was_there_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    path.write_text("old")
    with whole_file(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
        assert (draft.parent, draft.suffix) == (tmp_path, ".csv")
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["fixes.csv"]


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError("bug")])
def test_of_a_file_that_was_not_finished_nothing_is_left(tmp_path: Path, fault: BaseException) -> None:
    path = tmp_path / "map.npz"
    path.write_text("old")
    told = OperatorError if isinstance(fault, OSError) else type(fault)
    with pytest.raises(told):
        _write_half(path, fault)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["map.npz"]


def _write_half(path: Path, fault: BaseException) -> None:
    with whole_file(path) as draft:
        draft.write_text("half of it")
        raise fault


def test_a_table_with_a_cell_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_columns(path, {"device": (np.array(["fine"] * 5000 + ["\ud800"]), None)})
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["fixes.csv"]


def test_two_at_once_each_write_their_own(tmp_path: Path) -> None:
    path = tmp_path / "map.npz"
    with whole_file(path) as first:
        with whole_file(path) as second:
            first.write_text("first")
            second.write_text("second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"


def test_a_link_stays_one_and_rights_stay_as_they_are(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    with whole_file(link) as draft:
        draft.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_what_is_no_file_is_written_to_as_it_is() -> None:
    with whole_file(Path("/dev/null")) as draft:
        assert draft == Path("/dev/null")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    said = r"no/f\.csv: --html: No such file or directory \(a writable one\)"
    with pytest.raises(OperatorError, match=said), whole_file(tmp_path / "no" / "f.csv", "--html", "a writable one"):
        pass
    with pytest.raises(OperatorError, match="Is a directory"), whole_file(tmp_path) as draft:
        draft.write_text("x")
