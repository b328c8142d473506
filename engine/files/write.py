"""Writers of the tables. Numbers are rounded to fixed decimals, so that the same input gives the same bytes
everywhere. Files come whole or not at all: a full disk, a Ctrl-C or two at once leave no half of one, and what was
there before stays until the new one is complete."""

from __future__ import annotations

import csv
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import OperatorError, Problem
from engine.files.columns import FixTable, ReadingTable, TruthTable
from engine.files.parquet import require_pyarrow, write_parquet

_NO_FILES = ("/dev/", "/proc/")


def write_fixes(path: Path, table: FixTable) -> None:
    """Fixes, all numbers rounded to 3 decimals (milliseconds, millimetres)."""
    columns = {
        "t": (table.t, 3),
        "device": (table.device, None),
        "level": (table.level, None),
        "x_m": (table.x_m, 3),
        "y_m": (table.y_m, 3),
        "sigma_m": (table.sigma_m, 3),
        "n_ap": (table.n_ap, 0),
        "method": (table.method, None),
    }
    write_columns(path, columns)


def write_readings(path: Path, table: ReadingTable) -> None:
    """Readings; columns of ranges and of bands only where the table holds some."""
    columns: dict[str, tuple[Any, int | None]] = {
        "t": (table.t, 3),
        "device": (table.device, None),
        "ap": (table.ap, None),
        "rssi_dbm": (table.rssi_dbm, 2),
    }
    if np.isfinite(table.range_m).any():
        columns["range_m"] = (table.range_m, 3)
    if np.isfinite(table.range_sigma_m).any():
        columns["range_sigma_m"] = (table.range_sigma_m, 3)
    if (table.band != "").any():
        columns["band"] = (table.band, None)
    write_columns(path, columns)


def write_truth(path: Path, table: TruthTable) -> None:
    """True places."""
    write_columns(
        path,
        {
            "t": (table.t, 3),
            "device": (table.device, None),
            "level": (table.level, None),
            "x_m": (table.x_m, 3),
            "y_m": (table.y_m, 3),
        },
    )


def write_columns(path: Path, columns: dict[str, tuple[Any, int | None]]) -> None:
    """Columns by name, each with its decimals (None for text), whole or not at all. Raises OperatorError where nothing
    can be written."""
    if path.suffix == ".parquet":
        require_pyarrow(str(path))  # who lacks it is told of the file that was asked for
    with whole_file(path) as draft:
        if path.suffix == ".parquet":
            rounded = {n: v if d is None else np.round(v, d) for n, (v, d) in columns.items()}
            write_parquet(draft, rounded)
            return
        texts = [v.tolist() if d is None else _decimals(v, d) for v, d in columns.values()]
        with draft.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*texts, strict=True))


def _decimals(values: Any, decimals: int) -> list[str]:
    """Fixed decimals without a negative zero; NaN as an empty cell."""
    rounded = np.round(np.asarray(values, dtype=np.float64), decimals) + 0.0
    return ["" if v != v else f"{v:.{decimals}f}" for v in rounded.tolist()]


@contextmanager
def whole_file(path: Path, option: str = "(whole file)", fix: str = "give a place to write") -> Iterator[Path]:
    """Where to write what comes to `path` when it is complete: a draft in the same folder, of the same suffix. Raises
    OperatorError, with `option` as the place, where it cannot be written."""
    try:
        draft = _draft(path)
        try:
            yield draft
            if draft != path:
                draft.replace(path.resolve())
        finally:
            if draft != path:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise OperatorError([Problem(str(path), option, error.strerror or str(error), fix)]) from error


def _draft(path: Path) -> Path:
    """A new empty file beside that of `path`, as readable as that is. `path` itself where it is no file, as a pipe, and
    where its folder takes no new one."""
    if str(path).startswith(_NO_FILES) or (path.exists() and not path.is_file()):
        return path
    there = path.resolve()
    draft = there.with_name(f".rayon-{secrets.token_hex(4)}{there.suffix}")
    mode = there.stat().st_mode & 0o777 if there.exists() else 0o666
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
    except PermissionError:
        if not there.exists():
            raise
        return path
    if there.exists():
        draft.chmod(mode)  # whatever the umask
    return draft
