"""A name is written once; a row that is lost costs what it named, and no more."""

from __future__ import annotations

import numpy as np
import pytest

from engine.ingest.decoders.native import Frame
from engine.records import Readings, ToldPositions
from engine.runtime.stored.journal import MORE_BYTES, ROW_BYTES, pack_frames, unpack_frames
from engine.runtime.stored.names import ROWS_A_BOOK, NameBook, ReadBook


def frame(*devices: int, at: float = 1.0) -> Frame:
    n = len(devices)
    readings = Readings(
        np.full(n, at), np.array(devices, np.uint64), np.zeros(n, np.int32),
        np.full(n, -60, np.float32), np.full(n, np.nan, np.float32), np.full(n, np.nan, np.float32),
    )  # fmt: skip
    return Frame("shop", "c1", at, at, readings, Readings.empty(), {})


def written(rows: list[list[Frame]], book: NameBook) -> list[bytes]:
    out = []
    for row in rows:
        packed, page = pack_frames(row, "plan", book)
        book.learn(page)
        out.append(packed)
    return out


def read(payloads: list[bytes]) -> list[list[int]]:
    book = ReadBook()
    frames = [unpack_frames("shop", payload, "plan", book) or [] for payload in payloads]
    return [[device for f in row for device in f.readings.device.tolist()] for row in frames]


def test_rows_are_read_as_they_were_written() -> None:
    chance = np.random.default_rng(1)
    phones = chance.integers(0, 2**64, 60, np.uint64)
    rows = [[frame(*chance.choice(phones, 20).tolist()) for _ in range(2)] for _ in range(3 * ROWS_A_BOOK)]
    said = [[device for f in row for device in f.readings.device.tolist()] for row in rows]
    assert read(written(rows, NameBook())) == said


def test_a_lost_row_costs_what_it_named_until_the_next_book() -> None:
    payloads = written([[frame(1, 2)], [frame(2, 3)], [frame(1, 3, 4)]], NameBook())
    assert read([payloads[0], payloads[2]]) == [[1, 2], [1, 4]]
    assert read(payloads[1:]) == [[3], [3, 4]]
    many = written([[frame(1)]] * (ROWS_A_BOOK + 2), NameBook())
    assert read(many[1:]) == [[]] * (ROWS_A_BOOK - 1) + [[1]] * 2


def test_a_row_that_was_not_written_is_tried_with_the_same_names() -> None:
    book = NameBook()
    pack_frames([frame(7)], "plan", book)  # the database was away
    assert read(written([[frame(7)], [frame(7)]], book)) == [[7], [7]]


def test_after_a_checkpoint_rows_stand_alone() -> None:
    book = NameBook()
    written([[frame(7, 8)]], book)
    book.begin()
    assert read(written([[frame(8)]], book)) == [[8]]


def test_positions_have_names_too() -> None:
    empty = Readings.empty()
    told = ToldPositions(
        np.array([1.0]), np.array([2**64 - 1], np.uint64), np.array([0], np.int32), *(np.array([1.0]) for _ in range(3))
    )
    packed, _ = pack_frames([Frame("shop", "c", 1.0, 1.0, empty, empty, {}, positions=told)], "plan", NameBook())
    (back,) = unpack_frames("shop", packed, "plan", ReadBook()) or ()
    assert back.positions.device.tolist() == [2**64 - 1]


@pytest.mark.parametrize("phones", [1, 100, 400, 3_000])
def test_rows_come_in_few_sizes(phones: int) -> None:
    devices = np.random.default_rng(2).integers(0, 2**64, phones, np.uint64).tolist()
    (payload,) = written([[frame(*devices)]], NameBook())
    assert len(payload) >= ROW_BYTES
    assert (len(payload) - ROW_BYTES) % MORE_BYTES == 0


def test_a_phone_that_is_heard_again_costs_few_bytes() -> None:
    """The frames of 300 phones of two sources, a second of them, without the eight bytes of each name."""
    chance = np.random.default_rng(3)
    phones = chance.integers(0, 2**64, 300, np.uint64).tolist()
    first, again = written([[frame(*phones), frame(*phones)]] * 2, NameBook())
    assert len(first) - len(again) >= 300 * 8 - MORE_BYTES
    assert len(again) <= ROW_BYTES + MORE_BYTES
