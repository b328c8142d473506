"""Columnar files for a warehouse: what managers' pages are made of, hour by hour, as it was let out, of nobody alone.

One file a table, one row group a store. Times are of UTC, with their zone; counts are whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.files.parquet import require_pyarrow

COLUMNS: dict[str, dict[str, str]] = {
    "zone_hours": {
        "store": "string",
        "hour_start": "time",
        "zone": "string",
        "person_s": "double",
        "visits": "int64",
        "dwell_s_sum": "double",
    },
    "zone_flows": {
        "store": "string",
        "hour_start": "time",
        "from_zone": "string",
        "to_zone": "string",
        "count": "int64",
    },
    "coupon_hours": {"store": "string", "hour_start": "time", "figure": "string", "n": "int64"},
}
"""Tables, their columns and what those hold."""


def write_table(folder: Path, name: str, stores: Iterable[Sequence[tuple[Any, ...]]]) -> int:
    """Writes `name`.parquet into `folder`, whole or not at all; `stores` gives each store's rows in the order of
    COLUMNS, `hour_start` in s UTC. How many rows. Raises OperatorError without pyarrow."""
    path = folder / f"{name}.parquet"
    pa, pq = require_pyarrow(str(path))
    types = {"string": pa.string(), "time": pa.timestamp("ms", tz="UTC"), "double": pa.float64(), "int64": pa.int64()}
    columns = COLUMNS[name]
    schema = pa.schema([(column, types[kind]) for column, kind in columns.items()])
    draft, written = path.with_suffix(".part"), 0
    folder.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(draft, schema) as file:
        for rows in stores:
            read = zip(*rows, strict=True) if rows else ((),) * len(columns)
            told = zip(columns.values(), read, strict=True)
            arrays = [_array(pa, types[kind], kind, values) for kind, values in told]
            file.write_table(pa.table(arrays, schema=schema))
            written += len(rows)
    draft.replace(path)
    return written


def _array(pa: Any, type_: Any, kind: str, values: Sequence[Any]) -> Any:
    return pa.array([datetime.fromtimestamp(t, UTC) for t in values] if kind == "time" else list(values), type_)
