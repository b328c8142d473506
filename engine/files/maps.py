"""Radio maps on disk: versioned `.npz` files that are checked against the plan before they are used."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from engine.errors import OperatorError, Problem
from engine.files.write import whole_file
from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.radio.radiomap import RadioMap, is_of_plan_alone, map_arrays, map_from_arrays, map_misfit

_DAMAGED = (
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    struct.error,
    lzma.LZMAError,
    zlib.error,
    zipfile.BadZipFile,
    RuntimeError,  # zipfile's, of what is encrypted or packed in a way that it does not know
    OverflowError,  # of a version without end
    MemoryError,  # numpy's, of arrays that are said to be larger than any machine
)
"""What reading a damaged file ends in."""


def save_radio_map(path: Path, radio_map: RadioMap, plan: Plan, cells: Cells) -> None:
    """Writes the map, whole or not at all. Raises OperatorError when the place cannot be written."""
    with whole_file(path) as draft, draft.open("wb") as stream:
        np.savez_compressed(stream, **map_arrays(radio_map, plan, cells))


def load_radio_map(path: Path, plan: Plan, cells: Cells) -> RadioMap:
    """Reads a map. Raises OperatorError when it is unreadable or does not fit the plan."""
    try:
        with path.open("rb") as stream:
            if not zipfile.is_zipfile(stream):
                raise ValueError("not an .npz file")
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        misfit = map_misfit(arrays, plan, cells)
    except OSError as error:
        raise OperatorError(
            [Problem(str(path), "(whole file)", error.strerror or str(error), "give a readable file")]
        ) from error
    except _DAMAGED as error:
        fix = "the file that `rayon calibrate -o` wrote"
        raise OperatorError([Problem(str(path), "(whole file)", f"not a radio map of Rayon: {error}", fix)]) from error
    if misfit:
        raise OperatorError([Problem(str(path), "(whole file)", misfit, "run `rayon calibrate` again")])
    return map_from_arrays(arrays)


def load_learnt_map(path: Path, plan: Plan, cells: Cells) -> RadioMap | None:
    """The same, None where nothing was learnt in it (`is_of_plan_alone`): a survey that was left aside is no reason to
    stop learning from what is heard."""
    radio_map = load_radio_map(path, plan, cells)
    return None if is_of_plan_alone(radio_map, plan, cells) else radio_map
