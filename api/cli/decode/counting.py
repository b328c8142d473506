"""Counts as they are said."""

from __future__ import annotations


def say_count(n: int, one: str, many: str = "") -> str:
    """`1 reading`, `2 readings`; `many` where the plural is another word."""
    return f"{n} {one if n == 1 else many or one + 's'}"
