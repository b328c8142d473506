"""Parquet for the tables: the optional extra `parquet` (pyarrow), imported only where a name ends in `.parquet`."""

from __future__ import annotations

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


def parquet_columns(path: Path) -> tuple[list[str], list[Any]]:
    """Header and columns: float arrays (NaN where null) for numbers, lists of texts (empty where null) for the rest."""
    pa, pq = require_pyarrow(str(path))
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise OperatorError([Problem(str(path), "(whole file)", f"not a readable Parquet file: {error}")]) from error
    columns = []
    for column in table.columns:
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            columns.append(column.cast(pa.float64()).to_numpy(zero_copy_only=False))
        else:
            columns.append(column.cast(pa.string()).fill_null("").to_pylist())
    return list(table.column_names), columns


def write_parquet(path: Path, columns: dict[str, Any]) -> None:
    """Writes equal-length columns; NaN becomes null."""
    pa, pq = require_pyarrow(str(path))
    arrays = {
        n: pa.array(v, from_pandas=True) if v.dtype.kind == "f" else pa.array(v.tolist()) for n, v in columns.items()
    }
    pq.write_table(pa.table(arrays), path)
