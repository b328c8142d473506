"""What is kept of labels: how many, of whom, over night and after a restart; and when there is enough to learn from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.positioning.labels import learning as module
from engine.positioning.labels.arriving import labels_of
from engine.positioning.labels.doubts import MovedProduct
from engine.positioning.labels.learning import LabelLearning
from engine.positioning.labels.lesson import Lesson, doubts_of, floor_of, lesson_again
from engine.positioning.labels.places import KINDS, LAG_S, LabelledPlace, Taught, pauses_of, told_apart
from engine.positioning.labels.shares import certain_of_none, evidence_of, expected_share
from engine.positioning.labels.trial import NOTHING, Verdict
from engine.records import F64, I32
from engine.vocabulary import LabelKind, LabelRefusal
from tests.engine.positioning.labels.shop import labels, shop
from tests.engine.positioning.labels.test_learning import ANA, BEN, made, scan, walk


def taught_by(own: Taught, learnt: int = 0) -> LabelLearning:
    """After a night: with these labels, as if the verdict were of the first `learnt` of them."""
    out = LabelLearning(*shop()[:2])
    out.take_kept({"sources": ["labels/till"], "taught": {n: getattr(own, n) for n in Taught.__slots__}})
    out.restore_rows({**out.state(), "learnt": np.array([learnt])})
    return out


@pytest.mark.parametrize(("kept", "learnt", "due"), [(19, 0, False), (20, 0, True), (49, 40, False), (50, 40, True)])
def test_it_learns_from_twenty_and_again_from_a_quarter_more(kept: int, learnt: int, due: bool) -> None:
    learning = taught_by(labels(*shop(), kept), learnt)
    assert learning.due is due
    if kept < 20:
        assert learning.begin(shop()[2]) is None


def test_a_lesson_is_of_what_was_there_when_it_began() -> None:
    learning = taught_by(labels(*shop(), 60))
    assert learning.begin(shop()[2]) is not None
    known = Lesson(Verdict(None, 0.5, 0.3, 9), {0: "mirrored in x"}, [MovedProduct(4, 0, 1.26, 2.04, 7.14, 3)])
    learning.finish(known)
    assert (learning.verdict, learning.moved) == (known.verdict, known.moved)
    assert learning.lies == {"labels/till": "mirrored in x"}
    assert not learning.due
    figures = learning.figures()
    assert (figures["share"], figures["gain_m"], figures["kept"]) == (0.5, 0.3, 60)
    assert figures["moved_products"] == [{"sku": "p4", "level": "0", "x_m": 1.3, "y_m": 2.0, "moved_m": 7.1}]
    learning.unlearn()
    assert learning.verdict == NOTHING
    assert learning.moved == known.moved
    assert learning.figures()["gain_m"] is None


def test_over_night_labels_lose_their_order_and_their_numbers_and_few_devices_keep_nothing() -> None:
    own = labels(*shop(), 40, devices=8)
    learning = taught_by(own)
    assert learning.pack_taught(9) is None
    assert taught_by(own.take(slice(0, 0))).pack_taught(0) is None
    kept = learning.pack_taught(8)
    assert kept is not None
    again = LabelLearning(*shop()[:2])
    again.take_kept(kept)
    mixed = Taught(**kept["taught"])
    assert sorted(np.unique(mixed.number).tolist()) == list(range(8))
    assert (np.sort(np.bincount(mixed.number)) == np.sort(np.bincount(own.number))).all()
    assert sorted(mixed.x_m) == sorted(own.x_m)
    again.take_kept({"sources": ["other"], "taught": kept["taught"]})  # nothing is taught twice
    state = again.state()
    assert (again.figures()["kept"], state["sources"], state["next"].tolist()) == (40, ["labels/till"], [8])


def test_the_oldest_labels_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 4)
    plan, _, radio_map = shop()
    learning = taught_by(labels(*shop(), 4), learnt=3)
    p = plan.products[7]
    assert learning.begin(radio_map) is None, "too few, and yet begun: of all four"
    learning.set_willing(np.array([ANA], np.uint64))
    learning.see(*walk(ANA, [(100.0, 140.0, p.x_m, p.y_m)]))
    learning.take(scan(ANA, 120.0), "labels/till")
    learning.advance(120.0 + LAG_S, radio_map)
    taught = learning.state()["taught"]
    assert taught["number"].tolist() == [1, 2, 3, 4]  # the newest has the next number
    assert learning.state()["learnt"].tolist() == [2]
    assert learning.state()["begun"].tolist() == [3], "the oldest of them is gone"


@pytest.mark.parametrize(
    ("level", "x_m", "device", "kept"),
    [(0, 1.49, ANA, 3), (0, 1.51, ANA, 4), (1, 0.0, ANA, 4), (0, 0.0, BEN, 4)],
)
def test_of_one_device_in_one_place_three_are_kept(level: int, x_m: float, device: int, kept: int) -> None:
    """The fourth comes from so far away, from another floor, or from another device."""
    _, _, radio_map = shop()
    learning = made(ANA, BEN)
    for who in (ANA, BEN):
        learning.see(*walk(who, [(100.0, 160.0, 5.0, 5.0)]))
    four = labels_of(shop()[0], [(t, ANA, LabelKind.SHELF_SCAN, "p7", False) for t in (110.0, 120.0, 130.0, 140.0)])
    four.x_m[:], four.y_m[:] = 5.0, 5.0
    four.level[3], four.x_m[3], four.device[3] = level, 5.0 + x_m, device
    learning.take(four, "labels/till")
    learning.advance(400.0, radio_map)
    assert learning.figures()["kept"] == kept
    assert learning.counts[LabelRefusal.TOO_MANY_LABELS] == 4 - kept


def test_what_waits_and_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    monkeypatch.setattr(module, "REMEMBERED", 2)
    learning = made(ANA)
    many = labels_of(shop()[0], [(100.0 + k, ANA, LabelKind.SHELF_SCAN, "p1", False) for k in range(4)])
    learning.take(many, "labels/till")
    assert learning.counts == {LabelRefusal.TOO_MANY_LABELS: 1}
    assert learning.state()["waiting"]["t"].tolist() == [100.0, 101.0, 102.0]
    assert len(learning.state()["seen"]) == 2
    learning.take(many.take(slice(2, 3)), "labels/till")
    assert learning.counts[LabelRefusal.LABEL_DUPLICATE] == 1
    learning.take(many.take(slice(0, 1)), "labels/till")  # forgotten, and there is no room for it
    assert learning.counts[LabelRefusal.TOO_MANY_LABELS] == 2


def test_one_device_leaves_room_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 6)
    monkeypatch.setattr(module, "MOST_OF_ONE", 3)
    learning = made(BEN)
    rows = [(100.0 + k, ANA, LabelKind.SHELF_SCAN, "p1", True) for k in range(50)]
    learning.take(labels_of(shop()[0], rows[:2]), "labels/trolley")
    learning.take(labels_of(shop()[0], rows[2:]), "labels/trolley")
    learning.take(scan(BEN, 300.0), "labels/till")
    assert learning.state()["waiting"]["t"].tolist() == [100.0, 101.0, 102.0, 300.0]
    assert learning.counts == {LabelRefusal.TOO_MANY_LABELS: 47}
    learning.advance(102.0 + LAG_S, shop()[2])  # what was looked at waits no more
    learning.take(labels_of(shop()[0], rows[10:12]), "labels/trolley")
    assert learning.state()["waiting"]["t"].tolist() == [300.0, 110.0, 111.0]


def _line(product: int) -> LabelledPlace:
    own = shop()[0].products[product]
    return LabelledPlace(LabelKind.RECEIPT, product, 0, own.x_m, own.y_m)


def _every() -> tuple[I32, F64, F64]:
    products = shop()[0].products
    return np.zeros(20, np.int32), np.array([p.x_m for p in products]), np.array([p.y_m for p in products])


def test_receipts_of_a_stream_are_counted_by_themselves_against_all_products() -> None:
    """Two lines, p9 where the device paused and p11 where it never was."""
    plan, cells, radio_map = shop()
    learning, nine, none = made(ANA), plan.products[9], plan.products[0]
    learning.see(*walk(ANA, [(100.0, 140.0, nine.x_m, nine.y_m), (200.0, 240.0, none.x_m, none.y_m)]))
    learning.take(scan(ANA, 120.0), "labels/other")
    both = [(900.0, ANA, LabelKind.RECEIPT, sku, False) for sku in ("p9", "p11")]
    learning.take(labels_of(plan, both), "labels/till")
    learning.advance(1000.0, radio_map)
    assert learning.state()["sources"] == ["labels/other", "labels/till (receipts)"]
    pauses = list(pauses_of(learning._trail.of(ANA, 0.0, 900.0)))
    ratio = [told_apart(_line(sku), pauses, _every(), floor_of(cells)) for sku in (9, 11)]
    assert ratio[0] > 1.5
    assert ratio[1] < 0.5
    ((stream, *said),) = learning.state()["told"].tolist()
    assert stream == 1
    assert said == pytest.approx(evidence_of(np.array(ratio)).tolist())
    assert learning.counts[LabelRefusal.LABEL_NOT_HEARD] == 1


def test_a_receipt_without_any_pause_counts_for_nothing() -> None:
    plan, _, radio_map = shop()
    learning = made(ANA)
    learning.take(labels_of(plan, [(900.0, ANA, LabelKind.RECEIPT, "p7", False)]), "labels/till")
    learning.advance(1000.0, radio_map)
    assert learning.state()["told"].tolist() == []


def test_a_phones_offset_is_its_first_labels_mean_shrunk_to_none() -> None:
    """Five access points, each r dB above the map: a normal mean, 5 dB each, with a prior of 8 dB around none."""
    plan, cells, radio_map = shop()
    learning, p = made(ANA), plan.products[7]
    learning.see(*walk(ANA, [(100.0, 140.0, p.x_m, p.y_m), (200.0, 240.0, p.x_m + 2.0, p.y_m)]))
    for t in (120.0, 220.0):
        learning.take(scan(ANA, t), "labels/till")
    learning.advance(400.0, radio_map)
    at = int(np.argmin(np.hypot(cells.x_m - p.x_m, cells.y_m - p.y_m)))
    left = -60.0 - radio_map.mean_dbm[:, at]
    offset = (left.sum() / 5.0**2) / (5 / 5.0**2 + 1 / 8.0**2)
    np.testing.assert_allclose(learning.state()["taught"]["rssi_dbm"], np.full((2, 5), -60.0 - offset), rtol=1e-5)


def test_a_restart_forgets_nothing() -> None:
    plan, cells, radio_map = shop()
    learning, p = made(ANA, BEN), plan.products[7]
    learning.see(*walk(ANA, [(100.0, 140.0, p.x_m, p.y_m)]))
    learning.take(scan(ANA, 120.0), "labels/a")
    learning.take(scan(BEN, 130.0, public=True), "labels/b")
    learning.advance(120.0 + LAG_S, radio_map)
    learning.take(labels_of(plan, [(150.0, ANA, LabelKind.RECEIPT, "p7", False)]), "labels/b")
    learning.take(scan(ANA, 120.0), "labels/a")
    learning.advance(150.0 + LAG_S, radio_map)
    learning.take(scan(ANA, 300.0), "labels/a")
    again = LabelLearning(plan, cells)
    again.restore(learning.state(), radio_map)
    assert _plain(again.state()) == _plain(learning.state())
    assert again.followed.tolist() == [BEN]
    assert learning.followed.tolist() == [ANA, BEN, BEN]


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    return {k: _plain(v) if isinstance(v, dict) else repr(np.asarray(v).tolist()) for k, v in state.items()}


def test_streams_left_aside_and_products_elsewhere_weigh_nothing() -> None:
    plan, cells, radio_map = shop()
    own = labels(plan, cells, radio_map, 300, wrong=(4, 11))
    two = replace(own, source=(np.arange(300) % 3 == 0).astype(np.int32))
    found = doubts_of(plan, cells, two, certain_of_none([1]))
    assert found.lies == {1: "no nearer than by chance"}
    assert len(found.believed) == 200
    assert {m.product for m in found.moved} == {4, 11}
    wrong = np.isin(found.believed.product, (4, 11))
    assert not found.believed.weight[wrong].any()
    assert found.believed.weight[~wrong].min() > 0.0
    assert floor_of(cells) == len(cells) * 1.0**2
    assert floor_of(replace(cells, cell_m=0.01)) == 1.0


def test_a_known_verdict_is_taken_over_and_only_its_correction_made_again() -> None:
    plan, cells, radio_map = shop()
    own = labels(plan, cells, radio_map, 20, mirrored=True)
    known = Verdict(None, 0.5, 0.3, 9)
    few = lesson_again(plan, cells, radio_map, own.take(slice(0, 19)), {}, known)
    assert few == Lesson(known, {}, [])
    found = lesson_again(plan, cells, radio_map, own, {}, known)
    assert (found.verdict.share, found.verdict.correction is None) == (0.5, False)
    assert found.lies == {0: "mirrored in x"}
    assert lesson_again(plan, cells, radio_map, own, {}, replace(known, share=0.0)).verdict.correction is None


def test_receipts_stand_in_the_frame_of_the_planogram_that_scans_show() -> None:
    plan, cells, radio_map = shop()
    scans = labels(plan, cells, radio_map, 100, mirrored=True)
    bought = replace(scans, kind=scans.kind * 0 + KINDS.index(LabelKind.RECEIPT), source=scans.source + 1)
    found = doubts_of(plan, cells, Taught.concat([scans, bought]), {1: evidence_of(np.array([1.0]))})
    assert found.lies == {0: "mirrored in x", 1: "mirrored in x"}
    honest = replace(labels(plan, cells, radio_map, 150, seed=4), source=np.full(150, 2, np.int32))
    most = doubts_of(plan, cells, Taught.concat([scans, bought, honest]), {})
    assert most.lies == {0: "mirrored in x"}, "most scans say that the planogram is right"


def test_a_stream_of_receipts_counts_as_much_as_its_share_and_takes_no_other_along() -> None:
    plan, cells, radio_map = shop()
    own = labels(plan, cells, radio_map, 100)
    two = replace(own, source=(np.arange(100) % 2).astype(np.int32))
    said = evidence_of(np.array([0.8]))
    alone, found = (doubts_of(plan, cells, two, told).believed.weight for told in ({}, {1: said}))
    np.testing.assert_array_equal(found[::2], alone[::2])
    np.testing.assert_allclose(found[1::2], alone[1::2] * expected_share(said))


def test_a_checkpoint_of_before_shares_leaves_aside_what_it_did() -> None:
    plan, cells, radio_map = shop()
    learning, own = LabelLearning(plan, cells), labels(plan, cells, radio_map, 30)
    learning.take_kept({"sources": ["labels/till"], "taught": {n: getattr(own, n) for n in Taught.__slots__}})
    state = {k: v for k, v in learning.state().items() if k not in ("told", "asked", "judged")}
    before = {"learnt": np.array([30]), "chance": np.array([0]), "share": np.array([0.0, 0.1, 30.0])}
    again = LabelLearning(plan, cells)
    again.restore({**state, **before}, radio_map)
    assert again.lies == {"labels/till": "no nearer than by chance"}
    assert again.verdict.receipts
