"""From labels as they come to what is kept of them: consent, duplicates, receipts, restarts."""

from __future__ import annotations

import numpy as np
import pytest

from engine.positioning.labels.arriving import labels_of
from engine.positioning.labels.learning import LabelLearning
from engine.positioning.labels.places import LAG_S, LabelledPlace, pauses_of, take_receipt
from engine.positioning.labels.trail import Steps
from engine.records import Fixes, Labels, Scans
from engine.vocabulary import LabelKind, LabelRefusal
from tests.engine.positioning.labels.shop import FLOOR_M2, shop

ANA, BEN = 11, 12
Stop = tuple[float, float, float, float]  # from, until, x, y


def walk(device: int, stops: list[Stop], n_ap: int = 5) -> tuple[Scans, Fixes]:
    """A device that stands at places, each 3 s heard at -60 dBm."""
    rows = [(t, x, y) for since, until, x, y in stops for t in np.arange(since, until, 3.0).tolist()]
    t, x, y = np.array(rows).T
    n, nothing = len(t), np.full((len(t), n_ap), np.nan, np.float32)
    heard = np.full((n, n_ap), -60.0, np.float32)
    who = np.full(n, device, np.uint64)
    cov = np.tile(np.eye(2), (n, 1, 1))
    fixes = Fixes(t, who, np.zeros(n, np.int32), x, y, cov, np.full(n, n_ap, np.int32), np.ones((n, 1), np.float32))
    return Scans(t, who, heard, nothing, nothing, 0.0 * heard), fixes


def made(*willing: int) -> LabelLearning:
    plan, cells, _ = shop()
    out = LabelLearning(plan, cells)
    out.set_willing(np.array(willing, np.uint64))
    return out


def scan(device: int, t: float, sku: str = "p7", public: bool = False) -> Labels:
    return labels_of(shop()[0], [(t, device, LabelKind.SHELF_SCAN, sku, public)])


def test_a_label_is_taken_once_its_track_has_caught_up() -> None:
    plan, _, radio_map = shop()
    learning, p = made(ANA), plan.products[7]
    learning.see(*walk(ANA, [(100.0, 140.0, p.x_m, p.y_m)]))
    learning.take(scan(ANA, 120.0), "labels/till")
    assert learning.advance(120.0 + LAG_S - 1.0, radio_map) == []
    (known,) = learning.advance(120.0 + LAG_S, radio_map)
    assert (known.device, known.x_m, known.y_m) == (ANA, p.x_m, p.y_m)
    assert learning.used == 1
    assert learning.state()["taught"]["scans"].tolist() == [14.0], "every 3 s from 100 to 139: before and after it"


@pytest.mark.parametrize(("off_m", "right"), [(8.0, True), (8.2, False)])
def test_a_label_says_where_its_device_was_from_one_in_fifty_on(off_m: float, right: bool) -> None:
    """Four fixes from 3 s before it to 9 s after it, known to 1.41 m, its place to 0.8 m, a track's own 1.5 m on
    each axis; 240 m² of floor."""
    _, _, radio_map = shop()
    learning, p = made(ANA), shop()[0].products[7]
    axis = 2.0 / (4.0**0.5 / 2.0) ** 2 / 2 + 0.8**2 / 2 + 1.5**2
    here = 0.95 * np.exp(-(off_m**2) / (2 * axis)) / (2 * np.pi * axis)
    assert (here / (here + 0.05 / FLOOR_M2) >= 0.02) == right
    learning.see(*walk(ANA, [(100.0, 140.0, p.x_m + off_m, p.y_m)]))
    learning.take(scan(ANA, 120.0), "labels/till")
    assert len(learning.advance(400.0, radio_map)) == learning.used == right
    assert learning.counts[LabelRefusal.LABEL_FAR_OFF] == (not right)
    assert learning.figures()["kept"] == 1, "many of them say what is wrong"


@pytest.mark.parametrize(("till", "heard"), [(7300.0, True), (7340.0, False)])
def test_a_receipt_looks_two_hours_back(till: float, heard: bool) -> None:
    plan, _, radio_map = shop()
    learning, p = made(ANA), plan.products[7]
    learning.see(*walk(ANA, [(100.0, 140.0, p.x_m, p.y_m)]))
    learning.take(labels_of(plan, [(till, ANA, LabelKind.RECEIPT, "p7", False)]), "labels/till")
    assert len(learning.advance(till + LAG_S, radio_map)) == heard
    assert learning.counts[LabelRefusal.LABEL_NOT_HEARD] == (not heard)


def test_who_did_not_agree_teaches_nothing_and_terminals_need_nobodys_consent() -> None:
    _, _, radio_map = shop()
    learning = made(ANA)
    learning.take(scan(BEN, 120.0), "labels/till")
    assert learning.counts == {LabelRefusal.LEARNING_NOT_AGREED: 1}
    learning.take(scan(BEN, 121.0, public=True), "labels/till")  # from here on the terminal is followed
    learning.see(*walk(BEN, [(140.0, 200.0, 9.0, 5.0)]))
    learning.take(scan(BEN, 170.0, public=True), "labels/till")
    learning.advance(400.0, radio_map)
    assert learning.counts[LabelRefusal.LABEL_NOT_HEARD] == 1
    assert learning.figures()["kept"] == 1


def test_the_same_label_twice_is_one() -> None:
    learning = made(ANA)
    learning.take(scan(ANA, 120.0), "labels/a")
    learning.take(scan(ANA, 120.0), "labels/b")
    assert learning.counts == {LabelRefusal.LABEL_DUPLICATE: 1}


def test_labels_far_off_are_counted() -> None:
    _, _, radio_map = shop()
    learning = made(ANA)
    learning.see(*walk(ANA, [(100.0, 140.0, 60.0, 5.0)]))  # 40 m away
    learning.take(scan(ANA, 120.0), "labels/till")
    learning.advance(400.0, radio_map)
    assert learning.counts == {LabelRefusal.LABEL_FAR_OFF: 1}
    assert learning.used == 0


def test_one_device_teaches_a_place_only_so_often() -> None:
    _, _, radio_map = shop()
    learning = made(ANA)
    p = shop()[0].products[7]
    learning.see(*walk(ANA, [(100.0, 700.0, p.x_m, p.y_m)]))
    for k in range(50):
        learning.take(scan(ANA, 110.0 + 10.0 * k), "labels/trolley")
    learning.advance(2000.0, radio_map)
    assert learning.figures()["kept"] == 3
    assert learning.counts[LabelRefusal.TOO_MANY_LABELS] == 47


def steps_of(stops: list[Stop]) -> Steps:
    scans, f = walk(ANA, stops)
    return Steps(f.t, f.device, f.level, f.x_m, f.y_m, f.sigma_m, scans.rssi_dbm)


def test_each_line_of_a_receipt_goes_to_the_pause_that_fits_it() -> None:
    track = steps_of([(0.0, 30.0, 3.0, 2.0), (60.0, 90.0, 17.0, 10.0), (120.0, 150.0, 10.0, 1.0)])
    lines = [LabelledPlace(LabelKind.RECEIPT, k, 0, x, y) for k, (x, y) in enumerate([(16.5, 9.0), (3.5, 2.5)])]
    found = list(take_receipt(lines, list(pauses_of(track)), FLOOR_M2, 0, 0))
    assert [one is not None for one in found] == [True, True]
    assert [pytest.approx(float(one[0].fix_x_m[0])) for one in found if one is not None] == [17.0, 3.0]
    assert [one[1].middle_t for one in found if one is not None] == pytest.approx([73.5, 13.5], abs=3.0)


def test_a_receipt_tells_of_pauses_long_ago_and_what_was_redeemed_does_not() -> None:
    plan, _, radio_map = shop()
    learning, p = made(ANA), plan.products[7]
    learning.see(*walk(ANA, [(100.0, 140.0, p.x_m, p.y_m), (200.0, 240.0, p.x_m + 9.0, p.y_m)]))
    for kind in (LabelKind.REDEEMED, LabelKind.RECEIPT):
        learning.take(labels_of(plan, [(1900.0, ANA, kind, "p7", False)]), "labels/till")
    (known,) = learning.advance(2000.0, radio_map)
    assert (known.device, known.x_m, known.y_m) == (ANA, p.x_m, p.y_m)
    assert known.t == pytest.approx(120.0, abs=4.0)
    assert learning.used == 2


def test_a_line_that_fits_no_pause_is_nobodys() -> None:
    track = steps_of([(0.0, 30.0, 3.0, 2.0)])
    line = LabelledPlace(LabelKind.RECEIPT, 0, 0, 17.0, 10.0)
    assert list(take_receipt([line], list(pauses_of(track)), FLOOR_M2, 0, 0)) == [None]


def test_nothing_leads_back_to_a_device_that_left() -> None:
    _, _, radio_map = shop()
    learning, p = made(ANA), shop()[0].products[7]
    learning.see(*walk(ANA, [(100.0, 140.0, p.x_m, p.y_m)]))
    learning.take(scan(ANA, 120.0), "labels/till")
    learning.advance(400.0, radio_map)
    learning.take(scan(BEN, 121.0, public=True), "labels/till")
    assert learning.followed.tolist() == [ANA, BEN]
    learning.forget(np.array([ANA, BEN], np.uint64))
    assert learning.followed.tolist() == [ANA], "whoever agreed is followed when they come again"
    assert learning._offsets == {}
    state = learning.state()
    assert len(state["devices"]) == len(state["trail"]["t"]) == 0
    assert len(state["taught"]["x_m"]) == 1


def test_it_goes_on_after_a_restart() -> None:
    plan, cells, radio_map = shop()
    learning, again, p = made(ANA), LabelLearning(plan, cells), plan.products[7]
    learning.see(*walk(ANA, [(100.0, 140.0, p.x_m, p.y_m)]))
    learning.take(scan(ANA, 120.0), "labels/till")
    again.restore(learning.state(), radio_map)
    again.advance(400.0, radio_map)
    learning.advance(400.0, radio_map)
    assert again.figures() == learning.figures()
    assert again.used == 1


def test_who_takes_the_consent_back_is_gone_from_what_waits() -> None:
    _, _, radio_map = shop()
    learning, p = made(ANA, BEN), shop()[0].products[7]
    for device in (ANA, BEN):
        learning.see(*walk(device, [(100.0, 140.0, p.x_m, p.y_m)]))
        learning.take(scan(device, 120.0), "labels/till")
    learning.set_willing(np.array([BEN], np.uint64))
    assert set(learning.state()["trail"]["device"].tolist()) == {BEN}
    assert [known.device for known in learning.advance(400.0, radio_map)] == [BEN]
