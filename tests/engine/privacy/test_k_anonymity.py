"""Blocks: who counts once, how floor is cut, and how a sum is laid out."""

from __future__ import annotations

import numpy as np
import pytest

from engine.privacy.k_anonymity import (
    BlockPeople,
    Presences,
    count_for,
    cut_floor,
    lay_ks,
    lay_out,
    weights,
    whole_ks,
)

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


def crowd_of(salt: int = 0, **parts: range) -> BlockPeople:
    made = BlockPeople(salt=salt)
    for part, devices in parts.items():
        for device in devices:
            made.add(part, device)
    return made


def test_what_is_in_none_of_several_parts_hides_as_well() -> None:
    """Twenty in the shop: ten at wine, nine others at tea. Less either part ten or eleven are left, less both one."""
    shop = crowd_of(shop=range(20), wine=range(10), tea=range(10, 19))
    assert shop.hides("shop", ("wine",), 10)
    assert shop.hides("shop", ("tea",), 10)
    assert not shop.hides("shop", ("wine", "tea"), 10)
    shop.add("tea", 19)
    assert shop.hides("shop", ("wine", "tea"), 10), "nobody is left"
    assert shop.hides("shop", ("cheese",), 20), "a part that nobody was in says nothing"
    assert not BlockPeople().hides("shop", (), 1)


def test_who_was_in_the_whole_and_not_in_its_part_is_nobody_or_k() -> None:
    shop = crowd_of(zone=range(15), stop=range(12))
    assert not shop.hides_rest("stop", "zone", 4)
    assert shop.hides_rest("stop", "zone", 3)
    assert shop.hides_rest("zone", "stop", 99), "everybody of the whole is in it"
    assert shop.hides_rest("stop", "nowhere", 99)
    assert not shop.hides_rest("nowhere", "zone", 16)


def test_of_those_who_do_not_stop_the_day_with_most_is_kept() -> None:
    shop = crowd_of(zone=range(5), stop=range(2))
    shop.turn()
    for device in range(10, 14):
        shop.add("zone", device)
    shop.thin("zone", "stop")
    assert {salt for salt, _ in shop.parts["zone"]} == {1}, "four of today, three of yesterday"
    assert len(shop.parts["zone"]) == 4
    whole = crowd_of(zone=range(3), stop=range(3))
    whole.thin("zone", "stop")
    assert len(whole.parts["zone"]) == 3, "where nobody is left over, nothing is thinned"
    BlockPeople().thin("zone", "stop")


def test_who_objects_is_behind_nothing_that_runs() -> None:
    shop = crowd_of(zone=range(5))
    shop.turn()
    for device in (0, 1, 2):
        shop.add("zone", device)
    shop.forget({1, 2})
    assert sorted(shop.parts["zone"]) == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 0)], "numbers are no pseudonyms"
    seen = Presences.none().join(np.array([0, 1, 2], np.uint64), np.array([4, 4, 5], np.int64)).turn()
    seen = seen.join(np.array([0, 1, 8], np.uint64), np.array([4, 5, 5], np.int64))
    left = seen.without(np.array([0, 1], np.uint64))
    assert sorted(zip(left.salt.tolist(), left.device.tolist(), left.square.tolist(), strict=True)) == [
        (0, 0, 4), (0, 1, 4), (0, 2, 5), (1, 0, -1), (1, 8, 5),
    ]  # fmt: skip
    assert Presences.none().without(np.array([1], np.uint64)).people() == 0


def test_people_of_some_rows_and_of_nobody() -> None:
    seen = Presences.none().join(np.array([1, 2, 3, 1], np.uint64), np.array([0, 0, 0, 7], np.int64))
    assert seen.square.tolist() == [0, 0, 0, 7]
    assert [seen.people(np.array(rows, np.int64)) for rows in ([0, 1], [0, 3], [3], [])] == [2, 1, 1, 0]
    assert Presences.none().people() == 0
    assert Presences.none().turn().people() == 0
    night = seen.turn()
    assert night.people(np.flatnonzero(night.square < 0)) == 0, "the row that carries a salt's number is nobody"
    assert night.turn().salt.max() == 2


def test_a_piece_is_halved_across_its_longest_side() -> None:
    """Ten people each on the left and right of a strip of 2 x 12 squares, in both rows: it is cut by its columns."""
    places = (np.zeros(24, np.int64), *np.divmod(np.arange(24), 12))
    square = np.r_[np.repeat([0, 12], 5), np.repeat([11, 23], 5)]
    pieces = cut_floor(Presences.none().join(np.arange(20, dtype=np.uint64), square), places, np.ones(24, np.bool_), 10)
    columns = sorted(sorted({int(places[2][s]) for s in piece}) for piece in pieces)
    assert columns == [list(range(12 - len(columns[1]))), list(range(12 - len(columns[1]), 12))]
    tall = (places[0], places[2], places[1])
    again = cut_floor(Presences.none().join(np.arange(20, dtype=np.uint64), square), tall, np.ones(24, np.bool_), 10)
    assert sorted(map(sorted, again)) == sorted(map(sorted, pieces))


def test_where_the_longest_side_cannot_be_cut_the_other_one_is() -> None:
    """All twenty in one column, ten a row: no cut between columns leaves ten on both sides."""
    places = (np.zeros(24, np.int64), *np.divmod(np.arange(24), 12))
    seen = Presences.none().join(np.arange(20, dtype=np.uint64), np.repeat([5, 17], 10))
    pieces = cut_floor(seen, places, np.ones(24, np.bool_), 10)
    assert sorted(sorted(p.tolist()) for p in pieces) == [list(range(12)), list(range(12, 24))]
    assert len(cut_floor(seen, places, np.ones(24, np.bool_), 11)) == 1


def test_a_half_without_floor_is_none() -> None:
    places = (np.zeros(4, np.int64), np.zeros(4, np.int64), np.arange(4))
    seen = Presences.none().join(np.arange(20, dtype=np.uint64), np.repeat([0, 3], 10))
    assert len(cut_floor(seen, places, np.array([True, True, True, True]), 10)) == 2
    assert [p.tolist() for p in cut_floor(seen, places, np.array([True, False, False, False]), 10)] == [[0]]
    assert [p.tolist() for p in cut_floor(Presences.none(), places, np.ones(4, np.bool_), 1)] == [[0, 1, 2, 3]]


def test_the_middle_person_is_on_the_lower_side() -> None:
    """Five on square 0, ten on 1, five on 2: the cut is at the median, 1, and whoever is on it goes down."""
    places = (np.zeros(3, np.int64), np.zeros(3, np.int64), np.arange(3))
    square = np.repeat([0, 1, 2], [5, 10, 5])
    pieces = cut_floor(Presences.none().join(np.arange(20, dtype=np.uint64), square), places, np.ones(3, np.bool_), 5)
    assert sorted(sorted(p.tolist()) for p in pieces) == [[0], [1], [2]]
    high = np.repeat([0, 2], [5, 15])  # the median is the last square: the cut is just before it
    pieces = cut_floor(Presences.none().join(np.arange(20, dtype=np.uint64), high), places, np.ones(3, np.bool_), 5)
    assert sorted(sorted(p.tolist()) for p in pieces) == [[0, 1], [2]]


def test_numbers_are_laid_out_by_shares() -> None:
    assert lay_out(10, [0.5, 0.3, 0.2]) == [5, 3, 2]
    assert lay_out(3, [0.1, 0.1, 0.8]) == [0, 1, 2]
    assert lay_out(7, [0.3, 0.3, 0.3]) == [2, 2, 3], "shares that are rounded lose nothing"
    assert lay_out(7, []) == []


def test_a_piece_is_shared_by_its_floor() -> None:
    assert weights(np.array([1.0, 3.0])).tolist() == [0.25, 0.75]
    assert weights(np.zeros(4)).tolist() == [0.25] * 4
    assert weights(np.zeros(0)).tolist() == []


@pytest.mark.parametrize("k", [5, 7, 20])
@pytest.mark.parametrize("part", [0.1, 0.3, 0.7, 1.0, 2.9])
def test_k_alike_count_for_k_however_their_sum_is_rounded(k: int, part: float) -> None:
    parts = [part] * k
    assert count_for(k, sum(parts), sum(p**2 for p in parts))
    assert not count_for(k, sum(parts[1:]), sum(p**2 for p in parts[1:]))


def test_one_of_whom_others_add_a_trace_does_not_count_for_k() -> None:
    assert not count_for(5, 1.0 + 19 * 0.01, 1.0 + 19 * 0.0001)  # 1.42 of 20
    assert not count_for(5, 0.0, 0.0)
