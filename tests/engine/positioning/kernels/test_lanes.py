"""Rows become columns of sixteen devices and rows again, across the bounds of a tile, and nobody loses anything."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra `fast` is not installed")

from engine.positioning.kernels.lanes import (
    LANES,
    TILE,
    into_columns,
    into_lanes,
    into_rows,
    lanes_in,
    new_tile,
    out_of_lanes,
)


def room_for(places: int) -> np.ndarray:
    return np.full((places + 2 * LANES) * LANES, -1.0, np.float32)


@pytest.mark.parametrize("skip", [0, 1, 7, 15])
def test_columns_begin_with_a_line_of_the_cache_wherever_the_room_does(skip: int) -> None:
    room = room_for(5)[skip:]
    lanes = lanes_in(room, 5)
    assert lanes.shape == (5, LANES)
    assert lanes.ctypes.data % 64 == 0
    assert 0 <= lanes.ctypes.data - room.ctypes.data < 64
    assert np.shares_memory(lanes, room)


@pytest.mark.parametrize("places", [1, LANES, LANES + 1, TILE, TILE + 1])
def test_devices_become_columns_in_the_order_asked_for(places: int) -> None:
    rows = np.arange(20 * places, dtype=np.float32).reshape(20, places)
    some, lanes = np.array([4, 19, 0]), lanes_in(room_for(places), places)
    tile = new_tile()
    tile[:] = 9.0  # of devices before
    into_lanes(rows, some, tile, lanes)
    assert lanes[:, :3].tolist() == rows[[4, 19, 0]].T.tolist()
    assert not lanes[:, 3:].any()


@pytest.mark.parametrize("places", [1, LANES - 1, TILE, TILE + LANES + 3])
def test_and_rows_again_that_nobody_else_is_written_to(places: int) -> None:
    rng = np.random.default_rng(3)
    columns, lanes = rng.random((places, LANES), np.float32), lanes_in(room_for(places), places)
    lanes[:] = columns
    out = np.full((18, places), -7.0, np.float32)
    some = np.array([17, 2, 3, 5])
    out_of_lanes(lanes, some, new_tile(), out)
    assert out[some].tolist() == columns[:, :4].T.tolist()
    assert (np.delete(out, some, axis=0) == -7.0).all()


def test_a_tile_is_turned_sixteen_places_at_a_time() -> None:
    """Row j, place c of the tile is row c, column j of the columns, from the row asked for on."""
    tile, lanes = new_tile(), lanes_in(room_for(40), 40)
    assert tile.shape == (LANES, TILE)
    assert not tile.any()
    tile[:] = np.arange(LANES)[:, None] * 1000.0 + np.arange(TILE)
    into_columns(tile, 17, lanes, 3)  # 17 takes two turns
    for c in range(32):
        assert lanes[3 + c].tolist() == [1000.0 * j + c for j in range(LANES)]
    back = new_tile()
    into_rows(lanes, 3, back, 16)
    assert back[:, :16].tolist() == tile[:, :16].tolist()
    assert not back[:, 16:].any()
