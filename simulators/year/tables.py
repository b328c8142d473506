"""Tables that grow by the day, CSV or Parquet by suffix, so that a year of them never stands in memory."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from engine.errors import OperatorError, Problem
from engine.files.write import whole_file

ROWS_AT_ONCE = 200_000
"""Parquet is written in groups of at least so many rows."""


def long_table(folder: Path, name: str) -> Path:
    """Where a table of millions of rows goes: Parquet where its extra is installed, else CSV. What an earlier run may
    have left in the other form is removed: nobody should read two tables of one name."""
    parquet = importlib.util.find_spec("pyarrow") is not None
    path, other = (folder / f"{name}{suffix}" for suffix in ((".parquet", ".csv") if parquet else (".csv", ".parquet")))
    other.unlink(missing_ok=True)
    return path


class GrowingTable:
    """One table, whole at its end or as it was. `columns`: name to its decimals, None for text. Raises OperatorError
    when it cannot be written."""

    def __init__(self, path: Path, columns: Mapping[str, int | None]) -> None:
        self.rows = 0
        self._path, self._columns = path, dict(columns)
        self._kept: list[list[Any]] = []
        self._waiting = 0
        self._parquet: Any = None

    def __enter__(self) -> GrowingTable:
        with ExitStack() as stack:
            draft = stack.enter_context(whole_file(self._path))
            if self._path.suffix == ".parquet":
                self._open_parquet(draft)
            else:
                self._stream = draft.open("w", encoding="utf-8", newline="")
                self._csv = csv.writer(self._stream, lineterminator="\n")
                self._csv.writerow(self._columns)
            stack.push(self._close)
            self._whole = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._whole.__exit__(kind, error, at)

    def _close(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._parquet is None:
            self._stream.close()
            return
        if kind is None:
            self._write_group()
        self._parquet.close()

    def add(self, *columns: Sequence[Any] | np.ndarray[Any, Any]) -> None:
        """More rows, column by column in the order of the table's."""
        self.rows += len(columns[0])
        if self._parquet is None:
            named = zip(columns, self._columns.values(), strict=True)
            texts = [list(c) if d is None else _decimals(c, d) for c, d in named]
            try:
                self._csv.writerows(zip(*texts, strict=True))
            except OSError as error:
                raise _unwritable(self._path, error) from error
            return
        self._kept.append(list(columns))
        self._waiting += len(columns[0])
        if self._waiting >= ROWS_AT_ONCE:
            self._write_group()

    def _open_parquet(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = [(name, pa.string() if d is None else pa.float64()) for name, d in self._columns.items()]
        self._schema = pa.schema(types)
        self._parquet = pq.ParquetWriter(path, self._schema)

    def _write_group(self) -> None:
        import pyarrow as pa

        arrays = []
        for k, (decimals, field) in enumerate(zip(self._columns.values(), self._schema, strict=True)):
            parts = [part[k] for part in self._kept]
            if decimals is None:
                arrays.append(pa.array([text for part in parts for text in part], field.type))
            else:
                joined = np.concatenate([np.empty(0), *parts])
                arrays.append(pa.array(np.round(joined, decimals) + 0.0, field.type))
        try:
            self._parquet.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        except OSError as error:
            raise _unwritable(self._path, error) from error
        self._kept, self._waiting = [], 0


def _decimals(values: Any, decimals: int) -> list[str]:
    rounded = np.round(np.asarray(values, np.float64), decimals) + 0.0  # no negative zero
    return [f"{v:.{decimals}f}" for v in rounded.tolist()]


def _unwritable(path: Path, error: OSError) -> OperatorError:
    return OperatorError([Problem(str(path), "(whole file)", error.strerror or str(error), "give a place to write")])
