"""Radio maps on disk: whatever became of the file, it is read or refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from engine.errors import OperatorError
from engine.files import load_radio_map, save_radio_map
from engine.plan.cells import walkable_cells
from engine.radio.radiomap import prior_map
from tests.engine.positioning.stores import hall

PLAN = hall()
CELLS = walkable_cells(PLAN, 2.0)


def said(path: Path) -> str:
    """Why it is refused; empty where it is read."""
    try:
        load_radio_map(path, PLAN, CELLS)
    except OperatorError as refused:
        return str(refused)
    return ""


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "m.npz"
    save_radio_map(path, prior_map(PLAN, CELLS), PLAN, CELLS)
    assert said(path) == ""
    return path


def test_a_version_without_end_is_none(saved: Path) -> None:
    with np.load(saved) as stored:
        arrays = dict(stored)
    for version in (np.inf, np.nan, 1e300):
        np.savez(saved, **{**arrays, "version": np.array(version)})
        assert "m.npz: (whole file): " in said(saved)


def test_an_array_that_no_machine_holds_is_refused(saved: Path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (10**15,)})
    with zipfile.ZipFile(saved, "a") as packed:
        packed.writestr("more.npy", head.getvalue())
    assert "not a radio map of Rayon" in said(saved)


def test_a_byte_that_was_flipped_is_no_fault_of_ours(saved: Path) -> None:
    """Of the directory at the end, and of the head of the first array."""
    whole = saved.read_bytes()
    directory = whole.index(b"PK\x01\x02")
    refused = 0
    for at in [*range(60), *range(directory, min(directory + 120, len(whole))), *range(len(whole) - 22, len(whole))]:
        for bits in (0x01, 0x08, 0x20, 0xFF):
            saved.write_bytes(whole[:at] + bytes([whole[at] ^ bits]) + whole[at + 1 :])
            refused += said(saved) != ""
    assert refused > 100
