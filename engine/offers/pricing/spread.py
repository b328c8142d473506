"""Whole minor units, spread over lines: the largest remainders get what rounding left over."""

from __future__ import annotations

from collections.abc import Sequence


def spread(total: int, weights: Sequence[int], unit: int) -> list[int]:
    """`total` in whole parts, by largest remainder; of equal ones the first comes first.

    The weights say what each part is exactly, in `unit`-ths, where `total` is what they come to, rounded down; where it
    is less, parts are proportional to them. Each part is its exact size rounded down or up.
    """
    whole = sum(weights)
    if total < whole // unit:
        weights, unit = [total * weight for weight in weights], whole
    parts = [weight // unit for weight in weights]
    for i in sorted(range(len(weights)), key=lambda i: (-(weights[i] % unit), i))[: total - sum(parts)]:
        parts[i] += 1
    return parts
