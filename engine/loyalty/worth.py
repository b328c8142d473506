"""What points are worth in money."""

from __future__ import annotations


def worth_minor(points: int, per_points: int, amount_minor: int) -> int:
    """What `points` take off where every `per_points` take off `amount_minor`, in minor units.

    Rounded down: nobody is told of more than they get. A balance below zero, as a return may leave, is worth nothing.
    """
    return max(points, 0) * amount_minor // per_points
