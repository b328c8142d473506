"""Blocks: who counts once, how floor is cut, and how a sum is laid out."""

from __future__ import annotations

import numpy as np
import pytest

from engine.privacy.k_anonymity import BlockPeople, Presences, cut_floor, lay_ks, lay_out, whole_ks

K = 5
COLS = 12
FLOOR = np.ones(8 * COLS, np.bool_)
PLACES = (np.zeros(8 * COLS, np.int64), *np.divmod(np.arange(8 * COLS), COLS))


def drawn(seed: int, people: int, squares_each: int = 9) -> Presences:
    """People who were in some squares each, more of them on the left."""
    rng = np.random.default_rng(seed)
    device = np.repeat(rng.integers(1, 2**63, people).astype(np.uint64), squares_each)
    square = rng.integers(0, 8, device.shape) * COLS + np.minimum(rng.geometric(0.25, device.shape) - 1, COLS - 1)
    return Presences.none().join(device, square)


def test_a_device_in_a_square_counts_once_however_often_it_is_seen() -> None:
    device, square = np.array([7, 7, 8, 7], np.uint64), np.array([1, 1, 1, 2], np.int64)
    seen = Presences.none().join(device, square).join(device, square)
    assert (seen.device.size, seen.people()) == (3, 2)


@pytest.mark.parametrize("seed", range(20))
def test_every_piece_of_floor_has_k_people_and_the_pieces_are_the_floor(seed: int) -> None:
    seen = drawn(seed, 6 + 4 * seed)
    floor = FLOOR.copy()
    if seed % 2:  # not everything is floor
        floor[np.random.default_rng(seed).integers(0, floor.size, 20)] = False
    pieces = cut_floor(seen, PLACES, floor, K)
    assert sorted(np.concatenate(pieces).tolist()) == np.flatnonzero(floor).tolist(), "no square twice, none left out"
    boxes = [[(at[p].min(), at[p].max()) for at in PLACES] for p in pieces]
    for box in boxes:
        inside = np.all([(low <= at) & (at <= high) for at, (low, high) in zip(PLACES, box, strict=True)], axis=0)
        # someone on a square without floor at a piece's edge belongs to it as well, so these are at most its people
        who = set(seen.device[np.isin(seen.square, np.flatnonzero(inside))].tolist())
        assert len(who) >= K or not floor.all()
    if seed > 5:
        assert len(pieces) > 1, "many people are not all in one piece"


def test_floor_is_cut_until_a_half_would_have_fewer_than_k() -> None:
    device = np.arange(1, 21, dtype=np.uint64)
    left, right = np.zeros(10, np.int64), np.full(10, COLS - 1, np.int64)
    pieces = cut_floor(Presences.none().join(device, np.r_[left, right]), PLACES, FLOOR, 10)
    assert len(pieces) == 2
    alone = cut_floor(Presences.none().join(device, np.r_[left, right[:9], [5]]), PLACES, FLOOR, 11)
    assert len(alone) == 1


def test_who_stands_in_a_piece_is_counted_for_it() -> None:
    """Along one row: five people on each of four squares at the left, five at the far right. The halves of each cut
    hold their own people, so no piece has fewer than k on it, and the far right is a piece of its own."""
    square = np.repeat([0, 1, 2, 3, COLS - 1], 5)
    seen = Presences.none().join(np.arange(1, 26, dtype=np.uint64), square)
    pieces = cut_floor(seen, PLACES, FLOOR, K)
    there = [int(np.isin(square, piece).sum()) for piece in pieces]
    assert min(there) >= K
    assert [n for piece, n in zip(pieces, there, strict=True) if COLS - 1 in piece] == [5]


def test_storeys_are_cut_apart_first() -> None:
    level = np.repeat([0, 1], 4 * COLS)
    device = np.arange(1, 11, dtype=np.uint64)
    seen = Presences.none().join(device, np.r_[np.arange(5), 4 * COLS + np.arange(5)])
    pieces = cut_floor(seen, (level, *PLACES[1:]), FLOOR, K)
    assert sorted(sorted(set(level[p].tolist())) for p in pieces) == [[0], [1]]


def test_who_comes_before_and_after_the_salt_turned_is_not_counted_twice() -> None:
    device, square = np.array([11, 12, 13], np.uint64), np.zeros(3, np.int64)
    evening = Presences.none().join(device, square)
    night = evening.turn()
    assert not set(device.tolist()) & set(night.device.tolist()), "no pseudonym outlives its salt"
    morning = night.join(np.array([21, 22], np.uint64), square[:2])
    assert (evening.people(), night.people(), morning.people()) == (3, 3, 3)
    assert morning.join(np.array([23, 24], np.uint64), square[:2]).people() == 4
    assert morning.turn().turn().people() == 3


def test_a_crowd_hides_its_parts_and_what_is_left_of_it() -> None:
    crowd = BlockPeople()
    for device in range(20):
        crowd.add("shop", device)
        crowd.add("wine", device) if device < 19 else None
    assert crowd.hides("wine", (), 19)
    assert not crowd.hides("wine", (), 20)
    assert not crowd.hides("shop", ("wine",), 5), "shop without wine is one person"
    for device in range(20, 24):
        crowd.add("shop", device)
    assert crowd.hides("shop", ("wine",), 5)


def test_a_crowd_keeps_its_numbers_and_no_pseudonym_when_the_salt_turns() -> None:
    crowd = BlockPeople()
    for device in (111, 222, 333):
        crowd.add("shop", device)
    crowd.add("wine", 222)
    crowd.turn()
    assert {device for seen in crowd.parts.values() for _, device in seen} == {0, 1, 2}
    for device in (444, 555):
        crowd.add("shop", device)
    assert crowd.hides("shop", (), 3)
    assert not crowd.hides("shop", (), 4)
    assert not crowd.hides("shop", ("wine",), 3), "two of the evening, two of the morning are not in wine"


@pytest.mark.parametrize(("n", "hours"), [(0, 3), (1, 3), (20, 7), (21, 1), (1000, 13)])
def test_whole_numbers_are_laid_out_to_their_sum(n: int, hours: int) -> None:
    laid = lay_out(n, [1 / hours] * hours)
    assert (sum(laid), len(laid), max(laid) - min(laid) <= 1) == (n, hours, True)


def test_what_is_said_of_now_moves_in_steps_of_k() -> None:
    assert [whole_ks(n, 20) for n in (0, 1, 19, 20, 39, 74)] == [0, 0, 0, 20, 20, 60]
    assert [whole_ks(n, 1) for n in (0, 1, 74)] == [0, 1, 74]


def test_a_multiple_of_k_is_laid_out_in_ks() -> None:
    assert lay_ks(60, [0.5, 0.25, 0.25], 20) == [40, 0, 20]
    assert lay_ks(0, [1.0], 20) == [0]
    with pytest.raises(ValueError, match="21 is no multiple of 20"):
        lay_ks(21, [1.0], 20)
