"""A planogram that is off by one vector: named where access points and tracks both say so. Off by less than maps are,
what its labels say of everybody is not taken, what they say of places is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.positioning.labels.doubts import LEAST_SPREAD, find_displaced, find_unsure, lying, put_back, squares_of
from engine.positioning.labels.learning import LabelLearning
from engine.positioning.labels.lesson import Lesson, doubts_of, lesson_again, lesson_of
from engine.positioning.labels.places import KINDS, Taught
from engine.positioning.labels.trial import try_labels
from engine.radio.radiomap import RadioMap
from engine.records import F64
from engine.vocabulary import LabelKind
from tests.engine.positioning.labels.shop import labels, shop, true_dbm

SHIFTED = "shifted by one vector"
OFF_M = 1.35  # less than is named


def told(x_m: float, y_m: float, many: int = 200) -> Taught:
    """Honest labels of the hall's twenty products, whose plan has them all elsewhere; tracks have devices where they
    were."""
    own = labels(*shop(), many)
    return replace(own, x_m=own.x_m + x_m, y_m=own.y_m + y_m)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (told(0.0, 0.0), {}),
        (told(1.0, 0.5), {}),
        (told(4.0, 0.0), {0: SHIFTED}),
        (told(2.0, -3.0), {0: SHIFTED}),
    ],
)
def test_a_stream_that_is_off_as_a_whole_is_named(given: Taught, what: dict[int, str]) -> None:
    assert {source: said.what for source, said in find_displaced(shop()[0], given).items()} == what


def test_what_tracks_do_not_say_as_well_may_be_the_map() -> None:
    """Devices seemed to be where the labels have them."""
    own = told(4.0, 0.0)
    agreed = replace(own, fix_x_m=own.fix_x_m + 4.0)
    assert find_displaced(shop()[0], agreed) == {}


def test_what_access_points_do_not_say_as_well_may_be_the_tracks() -> None:
    own = told(0.0, 0.0)
    assert find_displaced(shop()[0], replace(own, fix_x_m=own.fix_x_m - 4.0)) == {}


def test_nineteen_labels_and_receipts_name_nothing() -> None:
    own = told(4.0, 0.0)
    assert find_displaced(shop()[0], own.take(slice(0, 19))) == {}
    receipts = replace(own, kind=np.full(200, KINDS.index(LabelKind.RECEIPT), np.int32))
    assert find_displaced(shop()[0], receipts) == {}


def test_by_how_much_it_is_off_is_said() -> None:
    [said] = find_displaced(shop()[0], told(4.0, 0.0)).values()
    assert said.off_m == pytest.approx((4.0, 0.0), abs=0.8)


def tracked(x_m: float, beside_m: float, many: int = 200) -> Taught:
    """Labels so far off in x, whose devices' tracks lie beside them at random, half of them within about so much."""
    own = told(x_m, 0.0).take(slice(0, many))
    beside = np.random.default_rng(8).normal(0.0, beside_m / 1.18, (2, many))
    return replace(own, fix_x_m=own.x_m - x_m + beside[0], fix_y_m=own.y_m + beside[1])


@pytest.mark.parametrize(
    ("own", "named"),
    [
        (tracked(1.8, 1.5), True),
        (tracked(1.2, 0.5), False),  # a metre may be the map's
        (tracked(1.8, 2.9), False),  # less than most labels lie from it
        (tracked(1.8, 1.5, 30), False),  # too few
        (replace(tracked(1.8, 1.5), x_m=tracked(1.8, 1.5).x_m * 0.1, fix_x_m=tracked(1.8, 1.5).fix_x_m * 0.1), False),
    ],
)
def test_tracks_alone_tell_a_vector_that_stands_out_of_them(own: Taught, named: bool) -> None:
    """Access points are too few to be sure of two metres; they need not contradict."""
    assert bool(find_displaced(shop()[0], own)) == named


def test_only_the_stream_that_is_off_is_left_aside() -> None:
    plan, cells, _ = shop()
    off = replace(told(4.0, 0.0), source=np.ones(200, np.int32))
    assert lying(off) == {}, "its labels are nearer to their devices than chance, and no mirror is nearer"
    honest = told(0.0, 0.0)
    found = doubts_of(plan, cells, Taught.concat([honest, off]), {})
    assert found.lies == {1: SHIFTED}
    assert np.array_equal(found.believed.weight, doubts_of(plan, cells, honest, {}).believed.weight)


def test_the_edge_of_a_plan_hides_no_vector() -> None:
    """What is off beyond it lies on it, and fewer squares hold labels than did."""
    own = told(0.0, 0.0)
    own = own.take(own.x_m < 15.0)
    at_edge = replace(own, y_m=np.maximum(1.1 * own.y_m - 3.0, 0.1), fix_y_m=1.1 * own.fix_y_m)
    assert len(np.unique(squares_of(at_edge.level, at_edge.x_m, at_edge.y_m))) < LEAST_SPREAD
    assert find_unsure(shop()[0], at_edge)[0].off == pytest.approx((0.0, -2.8), abs=0.3)


def crowds() -> RadioMap:
    """The hall's map, as if a crowd had made it: its frame is known as well as such maps are."""
    return replace(shop()[2], measured=1.0)


def lesson(own: Taught, radio_map: RadioMap) -> Lesson:
    plan, cells, _ = shop()
    return lesson_of(plan, cells, radio_map, own, {})


def left(radio_map: RadioMap) -> float:
    """Of what the map had wrong, how much is left after it was corrected so."""
    _, cells, before = shop()
    true = true_dbm(cells, before)
    off: list[F64] = [true - m.mean_dbm for m in (radio_map, before)]
    after, first = (float(np.sqrt(np.mean((o - o.mean(axis=0)) ** 2))) for o in off)
    return after / first


@pytest.mark.parametrize(("x_m", "y_m"), [(OFF_M, 0.0), (-OFF_M, 0.0), (0.0, OFF_M), (0.0, -OFF_M)])
def test_a_vector_longer_than_maps_are_off_moves_nobody(x_m: float, y_m: float) -> None:
    radio_map = crowds()
    found, honest = lesson(told(x_m, y_m, 300), radio_map), lesson(told(0.0, 0.0, 300), radio_map)
    assert found.lies == {}, "too short to be named: the map may be off"
    assert found.verdict.apart
    assert found.apart_m[0] == pytest.approx((x_m, y_m), abs=0.3)
    assert left(found.verdict.apply(radio_map)) < 1.03 * left(honest.verdict.apply(radio_map))


def test_honest_labels_teach_all_that_they_say() -> None:
    plan, cells, _ = shop()
    own, radio_map = told(0.0, 0.0, 300), crowds()
    found = lesson(own, radio_map)
    assert (found.verdict.apart, found.apart_m) == (False, {})
    believed = doubts_of(plan, cells, own, {}).believed
    assert found.verdict.gain_m == try_labels(plan, cells, radio_map, believed).gain_m


def test_a_map_of_the_plan_alone_follows_labels() -> None:
    """It may be off by any vector."""
    plan_alone = shop()[2]
    assert plan_alone.measured == 0.0
    assert not lesson(told(OFF_M, 0.0, 300), plan_alone).verdict.apart


def test_a_shorter_vector_that_is_most_of_the_gain_moves_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    own = told(-0.9, 0.0, 300)
    plan, cells, radio_map = shop()[0], shop()[1], crowds()
    found = doubts_of(plan, cells, own, {})
    assert not found.unsure[0].surely_not_map
    more = try_labels(plan, cells, radio_map, found.believed).gain_m
    more -= try_labels(plan, cells, radio_map, found.apart).gain_m
    for most, apart in ((more - 0.001, True), (more + 0.001, False)):
        monkeypatch.setattr("engine.positioning.labels.lesson.MOST_BY_VECTOR_M", most)
        assert lesson(own, radio_map).verdict.apart == apart


def test_only_the_stream_that_is_off_is_put_back() -> None:
    off = replace(told(OFF_M, 0.0, 300), source=np.ones(300, np.int32))
    both = Taught.concat([told(0.0, 0.0, 300), off])
    unsure = find_unsure(shop()[0], both)
    assert list(unsure) == [1]
    there = put_back(both, unsure)
    assert np.array_equal(there.x_m[:300], both.x_m[:300])
    assert there.x_m[300:] == pytest.approx(both.x_m[:300], abs=0.3)


def test_it_is_told_and_outlives_a_restart() -> None:
    plan, cells, _ = shop()
    own, radio_map = told(OFF_M, 0.0, 300), crowds()
    found = lesson(own, radio_map)
    again = lesson_again(plan, cells, radio_map, own, {}, replace(found.verdict, correction=None))
    assert again.apart_m == found.apart_m
    assert np.array_equal(again.verdict.apply(radio_map).mean_dbm, found.verdict.apply(radio_map).mean_dbm)
    learning = LabelLearning(plan, cells)
    learning.take_kept({"sources": ["labels/scanner"], "taught": {n: getattr(own, n) for n in Taught.__slots__}})
    learning.learn(radio_map)
    [(source, (x, y))] = learning.figures()["apart_m"].items()
    assert (source, x) == ("labels/scanner", pytest.approx(OFF_M, abs=0.3))
    other = LabelLearning(plan, cells)
    other.restore(learning.state(), radio_map)
    assert other.verdict.apart
    assert other.figures()["apart_m"] == {source: [x, y]}
