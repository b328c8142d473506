"""Memory of large arrays is used again, small ones are the allocator's, and no more is kept than is said."""

from __future__ import annotations

import numpy as np
import pytest

from engine.positioning.kernels.rows import MOST_KEPT, SMALL, _Kept, empty_rows, floats


def test_memory_is_used_again_only_when_no_view_of_it_is_left() -> None:
    rows = empty_rows(64, 4001)
    at, view = rows.ctypes.data, rows[3:5].T
    del rows
    second = empty_rows(64, 4001)
    assert second.ctypes.data != at
    assert second.flags.writeable
    assert second.flags.c_contiguous
    view[:] = 1.0
    del view
    assert empty_rows(64, 4001).ctypes.data == at


@pytest.mark.parametrize(("width", "leased"), [(SMALL // 4 - 1, False), (SMALL // 4, True)])
def test_small_arrays_are_left_to_the_allocator(width: int, leased: bool) -> None:
    rows = empty_rows(4, width)
    assert rows.shape == (4, width)
    assert rows.dtype == np.float32
    assert (rows.base is not None) is leased


def test_arrays_of_nearly_one_size_share_their_memory() -> None:
    """Sizes are those of whole pieces of SMALL values: a device more or less needs no other buffer."""
    rows = empty_rows(3, SMALL // 2)  # 1.5 pieces: two are taken
    at = rows.ctypes.data
    del rows
    wider = empty_rows(2, SMALL)  # two pieces
    assert wider.ctypes.data == at
    assert empty_rows(2, SMALL + 1).ctypes.data != at  # three


def test_no_more_is_kept_than_is_said() -> None:
    """Of buffers of a quarter of it four are kept, a fifth goes back to the system; one that is used makes room."""
    kept, size = _Kept(), MOST_KEPT // 16  # values of four bytes
    buffers = [np.empty(size, np.float32) for _ in range(5)]
    for buffer in buffers:
        kept.give(buffer)
    taken = [kept.take(size) for _ in range(4)]
    assert {id(b) for b in taken} == {id(b) for b in buffers[:4]}
    assert all(kept.take(size) is not b for b in buffers)
    kept.give(buffers[4])
    assert kept.take(size) is buffers[4]
    assert kept.take(size - 1).size == size - 1  # of another size: none is kept


def test_floats_are_copied_only_where_kernels_could_not_take_them() -> None:
    own = np.ones((2, 3), np.float32)
    assert floats(own) is own
    fixed = own.copy()
    fixed.flags.writeable = False
    for other in (fixed, np.ones((2, 3)), own.T, np.broadcast_to(own[:1], (2, 3)), own[:, ::2]):
        made = floats(other)
        assert made is not other
        assert made.dtype == np.float32
        assert made.flags.c_contiguous
        assert made.flags.writeable
        assert made.tolist() == other.tolist()
