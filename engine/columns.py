"""Records of columns: arrays with one row each for the same things, which are picked, joined and made empty together.

A record says what its columns are by its annotations alone: `x: F64` holds one number a row, `xy: Annotated[F64, 2]`
two, and `rssi_dbm: Annotated[F32, "n_ap"]` as many as `empty` is told. A field that is a record of columns itself goes
along with its rows; fields of any other type belong to the whole, and stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from types import UnionType
from typing import Annotated, Any, Self, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt
from scipy import sparse

Rows = npt.NDArray[np.integer] | npt.NDArray[np.bool_] | slice


class Columns:
    """Base of frozen dataclasses with slots whose fields are columns, all of one length."""

    __slots__ = ()

    def __len__(self) -> int:
        layout = _LAYOUTS.get(type(self)) or layout_of(type(self))
        return int(getattr(self, layout.first).shape[0])

    def take(self, rows: Rows) -> Self:
        """The rows that an index, a mask or a slice selects, in its order."""
        layout = layout_of(type(self))
        if layout.plain:
            return _make(type(self), [column[rows] for column in layout.fetch(self)])
        values = list(layout.fetch(self))
        for i in layout.arrays:
            values[i] = values[i][rows]
        for i in layout.records:
            values[i] = values[i].take(rows)
        return _make(type(self), values)

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """All parts one after the other; what belongs to the whole is the first part's."""
        if len(parts) < 2:
            return parts[0] if parts else cls.empty()
        layout = layout_of(cls)
        fields = list(zip(*map(layout.fetch, parts), strict=True))
        values = [field[0] for field in fields]
        for i in layout.arrays:
            values[i] = stack_rows(fields[i])
        for i in layout.records:
            values[i] = type(values[i]).concat(fields[i])
        return _make(cls, values)

    @classmethod
    def empty(cls, **widths: int) -> Self:
        """No rows. Raises KeyError when a width that the columns name is not told."""
        made = [
            np.empty((0, *(widths[w] if isinstance(w, str) else w for w in column.shape)), column.dtype)
            for column in layout_of(cls).columns
        ]
        return _make(cls, made)


@dataclass(frozen=True, slots=True)
class _Array:
    """A column: its dtype, and the shape of one row, sizes or their names."""

    dtype: np.dtype[Any]
    shape: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of a record: `fetch` gets all of them as a tuple, in which `arrays` and `records` are the places of
    those that are columns; `columns` tells what the arrays are, `first` names one; `plain`: there is nothing else."""

    fetch: Callable[[Columns], tuple[Any, ...]]
    arrays: tuple[int, ...]
    records: tuple[int, ...]
    columns: tuple[_Array, ...]
    first: str
    plain: bool


_LAYOUTS: dict[type[Columns], Layout] = {}


def layout_of(kind: type[Columns]) -> Layout:
    """What a record's annotations say, read once a class. Raises TypeError when no field is a column."""
    layout = _LAYOUTS.get(kind)
    if layout is None:
        layout = _LAYOUTS[kind] = _read_layout(kind)
    return layout


def _read_layout(kind: type[Columns]) -> Layout:
    hints = get_type_hints(kind, include_extras=True)
    kinds = [_column_of(hint) for hint in hints.values()]
    names, arrays = tuple(hints), tuple(i for i, k in enumerate(kinds) if k is not None)
    records = tuple(i for i, hint in enumerate(hints.values()) if isinstance(hint, type) and issubclass(hint, Columns))
    if not arrays:
        raise TypeError(f"{kind.__name__} has no column")
    fetch = attrgetter(*names) if len(names) > 1 else lambda record: (getattr(record, names[0]),)
    columns = tuple(k for k in kinds if k is not None)
    return Layout(fetch, arrays, records, columns, names[arrays[0]], len(arrays) == len(names))


def _column_of(hint: Any) -> _Array | None:
    if get_origin(hint) is Annotated:
        array, *shape = get_args(hint)
        column = _column_of(array)
        return None if column is None else _Array(column.dtype, tuple(shape))
    if get_origin(hint) in (Union, UnionType):
        return next((c for c in map(_column_of, get_args(hint)) if c is not None), None)
    if get_origin(hint) is not np.ndarray:
        return None
    (scalar,) = get_args(get_args(hint)[1])
    return _Array(np.dtype(scalar), ())


_Kind = TypeVar("_Kind", bound=Columns)


def _make(kind: type[_Kind], values: list[Any]) -> _Kind:
    make: Any = kind
    made: _Kind = make(*values)
    return made


def stack_rows(parts: Sequence[Any]) -> Any:
    """All rows, one part after the other, at least one part; sparse where any part is."""
    if all(type(part) is np.ndarray for part in parts):
        return np.concatenate(parts)
    return sparse.vstack([sparse.csr_array(part) for part in parts], format="csr")
