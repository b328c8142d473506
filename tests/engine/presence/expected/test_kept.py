"""Histories go into a checkpoint and come back to the bit, in less room than their columns as they are."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from engine.presence.expected.kept import held_state, restore_held
from engine.presence.expected.thinning import SECONDTHS, TICKS, Held
from engine.runtime.stored.packing import pack, unpack


def histories(seed: int, phones: int, fixes: int, zones: int) -> Held:
    """Of phones that are heard at odd times, and are now here and now there."""
    chance = np.random.default_rng(seed)
    device = np.sort(np.repeat(chance.integers(0, 2**64, phones, np.uint64), chance.integers(0, fixes + 1, phones)))
    t = chance.integers(0, 2**32, len(device))  # a year and more
    t = t[np.lexsort((t, device))]
    mass = np.where(chance.random((len(device), zones)) < 0.3, chance.integers(0, 251, (len(device), zones)), 0)
    return device, t, chance.integers(0, 2**16, len(device)), sparse.csr_array(mass.astype(np.uint8))


def same(one: Held, other: Held) -> bool:
    """To the bit, with the same types."""
    columns = [(*held[:3], held[3].data, held[3].indices, held[3].indptr) for held in (one, other)]
    alike = all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(*columns, strict=True))
    return alike and one[3].shape == other[3].shape


@given(st.integers(0, 2**32 - 1), st.integers(0, 6), st.integers(0, 12), st.sampled_from([1, 9, 255, 256, 300]))
def test_what_is_kept_comes_back_to_the_bit(seed: int, phones: int, fixes: int, zones: int) -> None:
    held = histories(seed, phones, fixes, zones)
    assert same(restore_held(unpack(pack(held_state(held))), zones), held)


def test_what_earlier_versions_kept_is_read() -> None:
    device, t, seconds, p = held = histories(7, 5, 30, 9)
    devices, rows = np.unique(device, return_counts=True)
    columns = {"device": devices, "rows": rows.astype(np.int32), "zone": p.indices.astype(np.uint8), "p": p.data}
    columns |= {"held": np.diff(p.indptr).astype(np.uint8), "seconds": seconds, "begins": 1_000}
    assert same(restore_held(columns | {"later": np.diff(t, prepend=1_000)}, 9), held)
    assert same(restore_held(columns | {"begins": 0, "t": t}, 9), held)


def test_a_walk_takes_a_fifth_less_than_its_columns() -> None:
    chance = np.random.default_rng(3)
    later = chance.integers(180, 260, 3_000)
    t, seconds = np.cumsum(later), np.rint(later * SECONDTHS / TICKS).astype(np.int64)
    steps, blurs = chance.normal(0.0, 0.3, 3_000), chance.normal(0.0, 0.1, (3_000, 20))
    off = np.abs((np.cumsum(steps) % 20.0)[:, None] - np.arange(20))
    near = np.exp(-0.5 * np.minimum(off, 20 - off) ** 2 + blurs)
    p = sparse.csr_array(np.rint(250 * near / near.sum(axis=1, keepdims=True)).astype(np.uint8))
    plain: list[Any] = [later.astype(np.int32), seconds.astype(np.uint16), p.indices.astype(np.uint8), p.data]
    packed = len(pack(held_state((np.full(3_000, 9, np.uint64), t, seconds, p))))
    assert packed < 0.8 * len(zlib.compress(b"".join(column.tobytes() for column in plain), 4))
