"""Exponentials and logarithms without a call, so that loops over them hold vectors; by the polynomials of Moshier's
Cephes library."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from engine.positioning.kernels.numba_functions import in_place_of, inlined

HALF, ONE, ZERO = np.float32(0.5), np.float32(1.0), np.float32(0.0)
LOG2E, LN2_HIGH, LN2_LOW = np.float32(1.44269504), np.float32(0.693359375), np.float32(-2.12194440e-4)
E0, E1, E2, E3, E4, E5 = (
    np.float32(c) for c in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5)
)
L0, L1, L2, L3, L4, L5, L6, L7, L8 = (
    np.float32(c)
    for c in (
        7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
        -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    )
)  # fmt: skip
ROOT_HALF = np.float32(0.70710678)


@in_place_of
def as_float(_context: Any, value: Any) -> Any:
    """The float of these 32 bits."""
    return types.float32(types.int32), lambda _c, builder, _s, args: builder.bitcast(args[0], ir.FloatType())


@in_place_of
def as_int(_context: Any, value: Any) -> Any:
    """The bits of a float."""
    return types.int32(types.float32), lambda _c, builder, _s, args: builder.bitcast(args[0], ir.IntType(32))


@inlined
def exponential(x: np.float32) -> Any:
    """To 3e-7 of its value, for -87 < x <= 0."""
    n = np.floor(x * LOG2E + HALF)
    r = x - n * LN2_HIGH - n * LN2_LOW
    p = ((((E0 * r + E1) * r + E2) * r + E3) * r + E4) * r + E5
    y = p * r * r + r + ONE
    scale: np.float32 = as_float((np.int32(n) + np.int32(127)) << np.int32(23))
    return y * scale


@inlined
def logarithm(x: np.float32) -> Any:
    """To 2e-7 of its value, or of 1 where that is less, for normal x > 0."""
    bits: np.int32 = as_int(x)
    exponent = (bits >> np.int32(23)) - np.int32(126)
    m = as_float((bits & np.int32(0x007FFFFF)) | np.int32(0x3F000000))
    low = m < ROOT_HALF
    e = np.float32(exponent) - (ONE if low else ZERO)
    f = (m + m if low else m) - ONE
    p = (((((((L0 * f + L1) * f + L2) * f + L3) * f + L4) * f + L5) * f + L6) * f + L7) * f + L8
    q = f * f
    y = p * f * q + e * LN2_LOW - HALF * q
    return f + y + e * LN2_HIGH


@inlined
def rank(x: np.float32) -> Any:
    """An integer (32 bits) that rises with x: of them, loops find the largest in vectors."""
    bits: np.int32 = as_int(x)
    return bits ^ ((bits >> np.int32(31)) & np.int32(0x7FFFFFFF))


@inlined
def of_rank(r: np.int32) -> Any:
    """The inverse."""
    return as_float(r ^ ((r >> np.int32(31)) & np.int32(0x7FFFFFFF)))
