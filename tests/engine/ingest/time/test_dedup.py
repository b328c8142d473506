"""Duplicates: against a set of tuples, within the memory and beyond it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.ingest.time.dedup import Dedup
from engine.records import Readings
from tests.engine.ingest.made import made, rows

READING = st.tuples(st.integers(0, 30).map(float), st.integers(1, 3), st.integers(0, 2))
BATCHES = st.lists(st.lists(READING, max_size=15), max_size=10)


@given(BATCHES)
def test_within_its_memory_it_is_a_set(batches: list[list[tuple[float, int, int]]]) -> None:
    dedup = Dedup(60.0)
    seen: set[tuple[float, int, int]] = set()
    duplicates = 0
    for batch in batches:
        expected = []
        for reading in batch:
            if reading in seen:
                duplicates += 1
            else:
                seen.add(reading)
                expected.append(reading)
        assert rows(dedup.fresh(made(batch))) == expected
    assert dedup.duplicates == duplicates
    assert len(dedup) == len(seen)


@given(BATCHES, st.integers(0, 9))
def test_a_restored_one_goes_on(batches: list[list[tuple[float, int, int]]], cut: int) -> None:
    kept, other = Dedup(60.0), Dedup(60.0)
    for i, batch in enumerate(batches):
        if i == cut:
            restored = Dedup(60.0)
            restored.restore(other.state())
            other = restored
        assert rows(other.fresh(made(batch))) == rows(kept.fresh(made(batch)))
    assert other.duplicates == kept.duplicates


def test_of_equal_readings_the_first_stays_with_its_values() -> None:
    first, second = made([(1.0, 7, 0)]), made([(1.0, 7, 0)])
    second.rssi_dbm[:] = -99.0
    fresh = Dedup(60.0).fresh(Readings.concat([first, second]))
    assert fresh.rssi_dbm.tolist() == [-60.0]


def test_each_field_tells_readings_apart() -> None:
    readings = made([(1.0, 1, 0), (1.0, 1, 1), (1.0, 2, 0), (1.5, 1, 0), (1.0, 0, 1)])
    assert len(Dedup(60.0).fresh(readings)) == 5


def test_memory_holds_what_it_promises_and_not_much_more() -> None:
    dedup = Dedup(60.0)
    for second in range(0, 1000):
        t = float(second)
        assert len(dedup.fresh(made([(t, 1, 0)]))) == 1
        if second >= 59:
            assert len(dedup.fresh(made([(t - 59.0, 1, 0)]))) == 0
        assert len(dedup) <= 75


def test_random_readings_do_not_collide() -> None:
    rng = np.random.default_rng(7)
    n = 200_000
    t = rng.uniform(0, 10, n)
    device = rng.integers(1, 2**63, n, dtype=np.uint64)
    nan = np.full(n, np.nan, np.float32)
    readings = Readings(t, device, rng.integers(0, 30, n).astype(np.int32), nan, nan, nan)
    dedup = Dedup(60.0)
    assert len(dedup.fresh(readings)) == n
    assert len(dedup.fresh(readings)) == 0


WORD = 2**64 - 1


def splitmix(x: int) -> int:
    """Steele, Lea and Flood 2014, figure 17."""
    x = (x + 0x9E3779B97F4A7C15) & WORD
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & WORD
    return x ^ (x >> 31)


def test_hashes_are_kept_in_checkpoints_so_they_stay_what_they_are() -> None:
    assert splitmix(0) == 0xE220A8397B1DCDAF  # the first number of the published generator from the seed 0
    dedup = Dedup(60.0)
    dedup.fresh(made([(1.5, 77, 3)]))
    of_time = int(np.array([1.5]).view(np.uint64)[0])
    kept = bytes(column[0] for column in dedup.state()["rises"])
    assert int.from_bytes(kept, "little") == splitmix(splitmix(splitmix(77) ^ 3) ^ of_time) >> 24


def test_the_whole_hashes_of_an_earlier_version_are_known() -> None:
    """They are sorted by all of their bits, slice by slice."""
    dedup = Dedup(60.0)
    readings = made([(t / 10, who, 0) for t in range(100) for who in (1, 2)])
    dedup.fresh(readings)
    state = dedup.state()
    rises = np.split(
        sum(c.astype(np.uint64) << np.uint64(8 * i) for i, c in enumerate(state["rises"])),
        np.cumsum(state["sizes"])[:-1],
    )
    state["hashes"] = np.concatenate([np.cumsum(part, dtype=np.uint64) for part in rises]) << np.uint64(24)
    del state["rises"]
    restored = Dedup(60.0)
    restored.restore(state)
    assert len(restored.fresh(readings)) == 0
