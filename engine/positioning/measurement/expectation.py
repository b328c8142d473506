"""What is expected to be heard, in the form the hot path multiplies with: whole matrices, or packed in large stores.

A matrix of 80 access points over 80,000 cells is 24 MiB in float32, and the products need several. So above
DENSE_AT_MOST entries only codes of one or two bytes are kept, and a part of the cells at a time becomes a dense
`Expectation`, of the access points that were heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from engine.records import F32, F64, I64

DENSE_AT_MOST = 2**20  # entries (access points times cells): 4 MiB a matrix; 40 x 25 m with 6 access points has 24,000
PART = 4096  # cells unpacked at once: with 80 access points 2.5 MiB, which the processor's cache holds
SIGMA_STEP = 0.05  # dB or m per code of a spread: 0.05 to 12.75
FINEST_STEP = 0.01  # dB or m per code of a mean, unless it must be coarser to fit in 16 bits


@dataclass(frozen=True, slots=True)
class Expectation:
    """One kind of measurement (RSSI or range) over A access points and C cells, float32.

    `mean` (A, C) expected value, `weight` (A, C) = 1/sigma², and their products; `log_sigma` (A, C); `both` (2A, C)
    mean over mean². `uniform` says that every access point's spread is the same in all cells, which makes two of the
    three products a column: then `weight_mean` and `weight_mean2` are not made, and have no rows.
    """

    mean: F32
    weight: F32
    weight_mean: F32
    weight_mean2: F32
    log_sigma: F32
    both: F32
    uniform: bool

    def thin_out(self, cells: I64 | slice) -> Expectation:
        """At these cells only."""

        def part(matrix: F32) -> F32:
            if matrix.strides[1] == 0:  # one value a row, however many cells
                return matrix[:, cells] if isinstance(cells, slice) else matrix[:, : len(cells)]
            return np.ascontiguousarray(matrix[:, cells])

        both = part(self.both)
        return Expectation(
            both[: len(self.mean)],
            part(self.weight),
            part(self.weight_mean),
            part(self.weight_mean2),
            part(self.log_sigma),
            both,
            self.uniform,
        )

    def at(self, cells: I64) -> Expectation:
        """Of these cells alone, in their order."""
        return self.thin_out(cells)

    def read(self, cells: I64) -> tuple[F32, F32]:
        """`mean` and `weight` at these cells (c, A)."""
        return self.mean[:, cells].T, self.weight[:, cells].T

    @staticmethod
    def of(mean: F32 | F64, sigma: F32 | F64) -> Expectation:
        """From expected values (A, C) and spreads (A, C) or (A, 1)."""
        shape = n_ap, _ = mean.shape
        both = np.empty((2 * n_ap, shape[1]), np.float32)
        both[:n_ap] = mean
        np.square(both[:n_ap], out=both[n_ap:])
        column = _column(np.asarray(sigma, np.float32))
        if column is not None:
            weight, log_sigma = (np.broadcast_to(v, shape) for v in (1.0 / column**2, np.log(column)))
            none = np.empty((0, shape[1]), np.float32)
            return Expectation(both[:n_ap], weight, none, none, log_sigma, both, True)
        sigma32 = np.asarray(sigma, np.float32)
        weight = 1.0 / sigma32**2
        return Expectation(
            both[:n_ap], weight, weight * both[:n_ap], weight * both[n_ap:], np.log(sigma32), both, False
        )


def _column(sigma: F32) -> F32 | None:
    """Spreads (A, 1) where each row of (A, C) is one value; None where not."""
    if not sigma.shape[1]:
        return np.ones((len(sigma), 1), np.float32)
    return np.ascontiguousarray(sigma[:, :1]) if (sigma == sigma[:, :1]).all() else None


@dataclass(frozen=True, slots=True)
class PackedMatrix:
    """A matrix (A, C) as 16-bit codes of `step` each; with `cells`, the columns of these cells (C,) of larger codes."""

    # numpy leaves `array @ packed` to us
    __array_ufunc__ = None

    codes: npt.NDArray[np.int16]
    step: float
    cells: I64 | None = None

    @staticmethod
    def of(values: F32 | F64, finest: float = FINEST_STEP) -> PackedMatrix:
        """Each value to half a step; the step grows beyond `finest` where the largest value needs it."""
        largest = max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))
        step = max(finest, largest / np.iinfo(np.int16).max)
        codes = np.empty(values.shape, np.int16)
        for row, given in zip(codes, values, strict=True):
            np.rint(given / step, out=row, casting="unsafe")
        return PackedMatrix(codes, step)

    @property
    def n_cells(self) -> int:
        """How many columns, C."""
        return int(self.codes.shape[1]) if self.cells is None else len(self.cells)

    def at(self, cells: I64) -> PackedMatrix:
        """The columns of these cells, over the same codes."""
        return PackedMatrix(self.codes, self.step, cells if self.cells is None else self.cells[cells])

    def codes_of(self, rows: I64, cells: slice) -> npt.NDArray[np.int16]:
        """The codes of some access points at some cells."""
        return self.codes[rows, cells] if self.cells is None else gather(self.codes, rows, self.cells[cells])

    def unpack(self, rows: I64, cells: slice) -> F32:
        """The values of some access points at some cells."""
        return self.codes_of(rows, cells).astype(np.float32) * np.float32(self.step)

    def whole(self) -> F32:
        """All of it (A, C)."""
        return self.unpack(np.arange(len(self.codes)), slice(None))

    def __rmatmul__(self, left: F32) -> F32:
        """`left` (N, A) @ this (A, C), part by part; rows that no weight is given to are left out."""
        rows = np.flatnonzero(left.any(axis=0))
        out = np.empty((len(left), self.n_cells), np.float32)
        for cells in parts(self.n_cells):
            np.matmul(left[:, rows], self.unpack(rows, cells), out=out[:, cells])
        return out


@dataclass(frozen=True, slots=True)
class PackedExpectation:
    """The same as `Expectation` in two or three bytes an entry.

    `sigma` is (A, 1) where each access point's spread is the same in all cells, else codes of SIGMA_STEP (A, C).
    """

    mean: PackedMatrix
    sigma: F32 | npt.NDArray[np.uint8]

    @property
    def uniform(self) -> bool:
        """Whether every access point's spread is the same in all cells."""
        return self.sigma.dtype == np.float32

    @property
    def weight(self) -> F32:
        """(A, 1) 1/sigma² in the first cell."""
        return (1.0 / self._spread(np.arange(len(self.sigma)), slice(0, 1)) ** 2).astype(np.float32)

    @staticmethod
    def of(mean: F32 | F64, sigma: F32 | F64) -> PackedExpectation:
        """From expected values and spreads (A, C); spreads are held within SIGMA_STEP and 255 steps."""
        column = _column(np.asarray(sigma, np.float32))
        if column is not None:
            return PackedExpectation(PackedMatrix.of(mean), column)
        codes = np.clip(np.rint(sigma / np.float32(SIGMA_STEP)), 1, 255).astype(np.uint8)
        return PackedExpectation(PackedMatrix.of(mean), codes)

    def at(self, cells: I64) -> PackedExpectation:
        """Of these cells alone, in their order, over the same codes."""
        return PackedExpectation(self.mean.at(cells), self.sigma)

    def parts(self, rows: npt.NDArray[np.intp]) -> Iterator[tuple[slice, Expectation]]:
        """Cells and what is expected there of these access points, part after part."""
        for cells in parts(self.mean.n_cells):
            yield cells, Expectation.of(self.mean.unpack(rows, cells), self._spread(rows, cells))

    def read(self, cells: I64) -> tuple[F32, F32]:
        """`mean` and `weight` at these cells (c, A)."""
        return self.at(cells).thin_out(slice(None)).read(np.arange(len(cells)))

    def thin_out(self, cells: I64 | slice) -> Expectation:
        """Dense, at these cells only."""
        chosen = self.at(np.arange(self.mean.n_cells)[cells])
        rows, every = np.arange(len(self.sigma)), slice(None)
        return Expectation.of(chosen.mean.unpack(rows, every), chosen._spread(rows, every))

    def _spread(self, rows: npt.NDArray[np.intp], cells: slice) -> F32:
        if self.sigma.dtype == np.float32:
            return np.asarray(self.sigma[rows])
        own = self.mean.cells
        codes = self.sigma[rows, cells] if own is None else gather(self.sigma, rows, own[cells])
        return codes.astype(np.float32) * np.float32(SIGMA_STEP)


_Codes = TypeVar("_Codes", bound=np.generic)


def gather(codes: npt.NDArray[_Codes], rows: npt.NDArray[np.intp], cells: I64) -> npt.NDArray[_Codes]:
    """Rows (R,) at cells (c,), which lie anywhere: (R, c)."""
    out = np.empty((len(rows), len(cells)), codes.dtype)
    for to, row in zip(out, rows.tolist(), strict=True):
        codes[row].take(cells, out=to, mode="clip")  # np.take asks more than a small part takes
    return out


def parts(n_cells: int) -> Iterator[slice]:
    """All cells, PART at a time."""
    for start in range(0, n_cells, PART):
        yield slice(start, min(start + PART, n_cells))


def expectation_of(mean: F32 | F64, sigma: F32 | F64) -> Expectation | PackedExpectation:
    """Dense or packed, by the size of the store."""
    return PackedExpectation.of(mean, sigma) if is_large(mean) else Expectation.of(mean, sigma)


def is_large(matrix: F32 | F64) -> bool:
    """Whether a matrix of this shape is kept as codes."""
    return matrix.size > DENSE_AT_MOST
