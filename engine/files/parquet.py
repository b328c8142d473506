"""Parquet for the tables: the optional extra `parquet` (pyarrow), imported only where a name ends in `.parquet`."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from engine.errors import OperatorError, Problem


def require_pyarrow(file: str) -> Any:
    """pyarrow and its room for Parquet. Raises OperatorError, which names `file`, where it is not installed."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        fix = "pip install 'rayon[parquet]', or use .csv"
        raise OperatorError([Problem(file, "(whole file)", "Parquet needs pyarrow", fix)]) from error
    return pa, pq


def parquet_columns(path: Path, texts: Collection[str]) -> tuple[list[str], list[Any]]:
    """Header and columns: float arrays (NaN where null) for numbers, but for those that are to be `texts`; lists of
    texts (empty where null) for these and the rest."""
    pa, pq = require_pyarrow(str(path))
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise OperatorError([Problem(str(path), "(whole file)", f"not a readable Parquet file: {error}")]) from error
    named = zip(table.column_names, table.columns, strict=True)
    return list(table.column_names), [_plain(pa, path, name, column, name in texts) for name, column in named]


def _plain(pa: Any, path: Path, name: str, column: Any, text: bool) -> Any:
    """Floats or texts of a column. Raises OperatorError for what is neither."""
    try:
        if text and pa.types.is_floating(column.type):
            # what is no number is nothing, as where it stands in a column of numbers
            return [
                "" if v is None or v != v else str(v).removesuffix(".0") for v in column.cast(pa.float64()).to_pylist()
            ]
        if not text and (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
            return column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return column.cast(pa.string()).fill_null("").to_pylist()
    except (pa.ArrowException, UnicodeDecodeError) as error:
        said = next(iter(str(error).splitlines()), type(error).__name__)
        reason = f"holds {column.type}, of which not all is a number or a text here: {said}"
        fix = "numbers as float64 (times in s, not in ns), names as texts"
        raise OperatorError([Problem(str(path), f"column {name}", reason, fix)]) from error


def write_parquet(path: Path, columns: dict[str, Any]) -> None:
    """Writes equal-length columns; NaN becomes null."""
    pa, pq = require_pyarrow(str(path))
    arrays = {
        n: pa.array(v, from_pandas=True) if v.dtype.kind == "f" else pa.array(v.tolist()) for n, v in columns.items()
    }
    pq.write_table(pa.table(arrays), path)
