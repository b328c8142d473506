"""State as bytes: what goes in comes out, to the bit; what is none is refused."""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.ingest.decoders.native import Frame
from engine.records import Readings
from engine.runtime.stored.journal import pack_frames, unpack_frames
from engine.runtime.stored.names import NameBook, ReadBook
from engine.runtime.stored.packing import pack, unpack

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text()
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
DTYPES = st.sampled_from([np.float64, np.float32, np.int32, np.int64, np.uint64, np.bool_])
_CELLS = np.arange(160_000)
PLAIN = zlib.decompress(pack({"version": 7, "mass": np.where(_CELLS % 9 < 4, _CELLS % 700, 0).astype(np.float32)}))


@given(TREES)
def test_trees_survive(tree: Any) -> None:
    assert unpack(pack(tree)) == tree


@given(DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0))))
def test_arrays_survive_to_the_bit_and_can_be_written_to(array: np.ndarray[Any, Any]) -> None:
    back = unpack(pack({"a": array}))["a"]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == np.ascontiguousarray(array).tobytes()
    assert back.flags.writeable


def test_what_was_rounded_packs_smaller_than_zlib_makes_it() -> None:
    chance = np.random.default_rng(4)
    mass = np.exp2(chance.integers(-320, 0, (60, 2000)) / 16).astype(np.float32)
    mass[chance.random(mass.shape) < 0.8] = 0.0
    mass[0, :3] = [-0.0, np.nan, np.inf]
    packed = pack({"mass": mass})
    assert unpack(packed)["mass"].tobytes() == mass.tobytes()
    assert len(packed) < 0.75 * len(zlib.compress(mass.tobytes(), 1))


@pytest.mark.parametrize("filled", [0.0, 0.03, 0.4, 1.0])
@pytest.mark.parametrize("among", [1, 300, 4_000])
def test_few_values_come_back_to_the_bit_wherever_they_stand(filled: float, among: int) -> None:
    chance = np.random.default_rng(round(1_000 * filled) + among)
    values = chance.integers(1, 2**32, among, np.uint32)
    values[0] = 1  # the smallest of all numbers is not nought
    bits = np.where(chance.random((3, 3_001)) < filled, chance.choice(values, (3, 3_001)), 0).astype(np.uint32)
    assert unpack(pack({"a": bits.view(np.float32)}))["a"].view(np.uint32).tolist() == bits.tolist()


def test_neighbours_that_are_alike_pack_into_less_than_half_of_what_zlib_makes_of_them() -> None:
    """As where somebody may be: a hill over the cells around, rounded to sixteenths of an octave."""
    x, y = np.meshgrid(np.arange(90), np.arange(80))
    centres = np.random.default_rng(5).uniform(20, 60, (40, 2))
    height = np.stack([-((x - a) ** 2 + (y - b) ** 2) / 40.0 for a, b in centres])
    mass = np.where(height > -12.0, np.exp2(np.rint(16 * height) / 16), 0.0).astype(np.float32)
    assert len(pack({"mass": mass})) < 0.5 * len(zlib.compress(mass.tobytes(), 1))


def test_a_byte_that_turned_is_no_tree() -> None:
    for tree in ({"a": np.arange(50)}, {"a": np.arange(100_000)}):
        packed = bytearray(pack(tree))
        packed[-5] ^= 1
        with pytest.raises(ValueError, match="not a packed tree"):
            unpack(bytes(packed))


def test_what_earlier_versions_packed_is_read() -> None:
    array = np.array([1.5, np.nan])
    head = msgspec.msgpack.encode((array.dtype.str, [2]))
    of_old = msgspec.msgpack.Ext(1, len(head).to_bytes(4, "little") + head + array.tobytes())
    plain = msgspec.msgpack.encode({"a": of_old})
    assert unpack(zlib.compress(plain, 9).ljust(500, b"\0"))["a"].tobytes() == array.tobytes()


def test_few_values_as_an_earlier_version_packed_them_are_read() -> None:
    head = msgspec.msgpack.encode(("<f4", [2, 3], 2))
    body = np.array([1.5, -2.5], "<f4").tobytes() + np.array([0, 2, 1, 1, 0, 2], "<u2").tobytes()
    plain = msgspec.msgpack.encode({"a": msgspec.msgpack.Ext(2, len(head).to_bytes(4, "little") + head + body)})
    assert unpack(zlib.compress(plain))["a"].tolist() == [[0.0, -2.5, 1.5], [1.5, 0.0, -2.5]]


def test_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        pack({"what": object()})


@given(st.binary())
def test_other_bytes_are_a_value_error(blob: bytes) -> None:
    with pytest.raises(ValueError, match="not a packed tree"):
        unpack(blob)


def test_frames_survive() -> None:
    nan = np.float32(np.nan)
    readings = Readings(
        np.array([1.5, 2.5]), np.array([7, 2**64 - 1], np.uint64), np.array([0, 3], np.int32),
        np.array([-60, nan], np.float32), np.array([nan, 4.25], np.float32), np.array([nan, 0.5], np.float32),
    )  # fmt: skip
    frame = Frame("shop", "c1", 10.0, 10.5, readings, Readings.empty(), {"bad_mac": 2}, replay=True)
    (back,) = unpack_frames("shop", pack_frames([frame], "plan-1", NameBook())[0], "plan-1", ReadBook()) or ()
    assert (back.store, back.source, back.sent_at, back.received_at, back.replay) == ("shop", "c1", 10.0, 10.5, True)
    assert back.refused == {"bad_mac": 2}
    for name in Readings.__slots__:
        assert getattr(back.readings, name).tobytes() == getattr(readings, name).tobytes()
        assert len(getattr(back.ap_readings, name)) == 0


def test_frames_of_another_floor_plan_are_not_read() -> None:
    assert unpack_frames("shop", pack_frames([], "plan-1", NameBook())[0], "plan-2", ReadBook()) is None


@given(st.integers(0), st.integers(1, 255))
def test_a_byte_that_turned_before_it_was_compressed_is_another_tree_or_a_value_error(place: int, bits: int) -> None:
    """As by memory that fails: what zlib and the seal then protect is already wrong."""
    plain = bytearray(PLAIN)
    plain[place % len(plain) if place % 3 else place % 80] ^= bits  # sizes and counts stand at the beginning
    with suppress(ValueError):
        unpack(zlib.compress(plain, 1))


@pytest.mark.parametrize("code", [1, 2, 3])
@pytest.mark.parametrize("head", [
    None, {}, "x", [], [[2**40], 1, 1, True], [[-1], 1, 1, True], [[2**62, 2**62], 1, 1, True], [[4], -1, 2, True],
    [[4], 2**62, 2, False], [[2.5], 1, 1, True], [[4], 1, 2, True], ["O", [1]], ["<f4", [-1]], ["zz", [1]],
    ["<f4", [1], "x"],
])  # fmt: skip
def test_a_head_that_its_bytes_do_not_bear_out_is_refused_before_anything_is_made(code: int, head: Any) -> None:
    packed = msgspec.msgpack.encode(head)
    ext = msgspec.msgpack.Ext(code, len(packed).to_bytes(4, "little") + packed + b"\0\0\0\1\xf0\0\xff\0\xff")
    with pytest.raises(ValueError, match="not a packed tree: an array's head and bytes contradict each other"):
        unpack(zlib.compress(msgspec.msgpack.encode({"a": ext})))


def test_values_count_from_the_first() -> None:
    """A rise below 0 is no value from behind."""
    head = msgspec.msgpack.encode([[2], 2, 2, True])
    body = np.array([1.5, -2.5], "<f4").tobytes() + bytes([0b11000000, 1, 1, 0, 0])  # -1, then -1 more
    ext = msgspec.msgpack.Ext(3, len(head).to_bytes(4, "little") + head + body)
    with pytest.raises(ValueError, match="value -2 of 2"):
        unpack(zlib.compress(msgspec.msgpack.encode(ext)))


def test_trees_without_an_end_are_refused() -> None:
    with pytest.raises(ValueError, match="not a packed tree"):
        unpack(zlib.compress(b"\x91" * 100_000))


def kinds(tree: object) -> list[int]:
    """The extensions that a packed tree is made of."""
    blob, found = pack(tree), list[int]()
    plain = zlib.decompress(blob) if blob[:1] != b"L" else msgspec.msgpack.encode(None)
    msgspec.msgpack.decode(plain, ext_hook=lambda code, data: found.append(code))
    return found


def test_what_is_small_is_packed_by_lzma_and_what_is_large_by_zlib() -> None:
    for n, small in ((2**17 - 5, True), (2**17 - 4, False)):
        blob = pack(b"x" * n)
        assert (blob[:1] == b"L") == small
        assert unpack(blob.ljust(len(blob) + 9, b"\0")) == b"x" * n
    assert unpack(pack(np.int32(7))) == 7


def test_large_arrays_of_few_values_are_kept_by_their_values() -> None:
    bulk = b"x" * 2**17
    few = np.tile(np.array([0.0, 1.5, 2.5, 0.0], np.float32), 1_024)
    assert kinds([few, bulk]) == [3]
    assert kinds([few[1:], bulk]) == [1]
    assert kinds([few.astype(np.float64), bulk]) == [1]
    assert kinds([np.arange(1, 2_049, dtype=np.float32).repeat(2), bulk]) == [3], "half of 4,096 values"
    assert kinds([np.arange(1, 2_050, dtype=np.float32).repeat(2), bulk]) == [1]
    for n, kind in ((4_095, 3), (4_096, 1)):
        sparse = np.zeros(4 * 4_096, np.float32)
        sparse[1 : 4 * n : 4] = np.arange(1, n + 1)
        assert kinds([sparse, bulk]) == [kind]
        assert unpack(pack([sparse]))[0].tobytes() == sparse.tobytes()


@pytest.mark.parametrize("rising", [True, False])
def test_neighbours_are_kept_by_how_much_they_differ_where_that_says_less(rising: bool) -> None:
    chance, values = np.random.default_rng(1), np.arange(1, 701)
    array = np.concatenate([values if rising else chance.permutation(values) for _ in range(8)]).astype(np.float32)
    heads: list[list[Any]] = []
    blob = zlib.decompress(pack([array, b"x" * 2**17]))
    size_at = 4

    def head(_: int, data: memoryview) -> None:
        heads.append(msgspec.msgpack.decode(data[size_at : size_at + int.from_bytes(data[:size_at], "little")]))

    msgspec.msgpack.decode(blob, ext_hook=head)
    assert heads == [[[5_600], 700, 5_600, rising]]
    assert unpack(pack([array]))[0].tobytes() == array.tobytes()
