"""How many bytes of arrays something holds: each buffer once, by whatever way it is reached."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.positioning.regions.footprint import array_bytes
from engine.records import F64


@dataclass(slots=True)
class Slotted:
    kept: F64
    name: str = "kept"


class Plain:
    def __init__(self, kept: object) -> None:
        self.kept = kept
        self.itself = self


def test_an_array_is_as_large_as_its_elements() -> None:
    assert array_bytes(np.zeros(10)) == 80
    assert array_bytes(np.zeros((3, 5), np.float32), np.zeros(2, np.int8)) == 3 * 5 * 4 + 2
    assert array_bytes("text", 7, None) == 0


def test_views_share_one_buffer_and_a_small_view_holds_all_of_it() -> None:
    whole = np.zeros(1000)
    assert array_bytes(whole[::2], whole[10:20].reshape(2, 5), whole.T) == 8000
    assert array_bytes(whole[:1]) == 8000
    assert array_bytes(whole[:1].copy()) == 8


def test_it_looks_into_objects_lists_and_mappings_and_into_circles() -> None:
    a, b = np.zeros(10), np.zeros(20)
    assert array_bytes(Slotted(a)) == 80
    assert array_bytes(Plain([{"a": a}, (b, {"again": b})])) == 240
    assert array_bytes([Plain(a), Slotted(a)], {"x": Plain(Plain(b))}) == 240


def test_an_array_of_objects_is_looked_into() -> None:
    inside = np.empty(2, np.object_)
    inside[0], inside[1] = np.zeros(10), "text"
    assert array_bytes(inside) == inside.nbytes + 80
