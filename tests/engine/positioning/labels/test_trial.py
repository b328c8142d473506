"""Labels make the map better where they are, for devices that taught nothing, and never worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.positioning.labels.doubts import weigh
from engine.positioning.labels.field import correction_of, nearest_cells
from engine.positioning.labels.places import KINDS, Taught
from engine.positioning.labels.trial import try_labels
from engine.positioning.measurement.site_build import site_of
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.vocabulary import LabelKind
from tests.engine.positioning.labels.shop import FLOOR_M2, labels, shop, true_dbm


def rms(values: np.ndarray) -> float:
    """Of differences that all access points share nothing of: a phone's offset takes that."""
    return float(np.sqrt(np.mean((values - values.mean(axis=0)) ** 2)))


def test_shadows_are_learnt_and_a_tenth_of_wrong_labels_does_no_harm() -> None:
    plan, cells, radio_map = shop()
    own = labels(plan, cells, radio_map, 300, wrong=(4, 11))
    own = replace(own, weight=weigh(own, FLOOR_M2))
    verdict = try_labels(plan, cells, radio_map, own)
    before, after = (true_dbm(cells, radio_map) - m.mean_dbm for m in (radio_map, verdict.apply(radio_map)))
    assert verdict.share > 0
    assert verdict.gain_m > 0.15
    assert rms(after) < 0.9 * rms(before)


def test_far_from_labels_the_map_stays() -> None:
    plan, cells, radio_map = shop()
    own = labels(plan, cells, radio_map, 200)
    left = own.take(own.x_m < 6.0)
    added = correction_of(cells, radio_map, left)
    far = cells.x_m > 16.0
    assert np.abs(added.mean_db[:, far]).max() < 2.5
    assert np.abs(added.mean_db[:, cells.x_m < 6.0]).max() > 3.0
    assert added.taken_db2[:, far].max() < 0.2 * added.taken_db2.max()


def test_labels_of_a_true_map_change_next_to_nothing() -> None:
    plan, cells, radio_map = shop()
    there = replace(radio_map, mean_dbm=true_dbm(cells, radio_map).astype(np.float32))
    verdict = try_labels(plan, cells, there, labels(plan, cells, radio_map, 200))
    assert rms(true_dbm(cells, radio_map) - verdict.apply(there).mean_dbm) < 1.0


def test_few_labels_or_devices_teach_nothing() -> None:
    plan, cells, radio_map = shop()
    assert try_labels(plan, cells, radio_map, labels(plan, cells, radio_map, 15)).share == 0.0
    assert try_labels(plan, cells, radio_map, labels(plan, cells, radio_map, 100, devices=3)).share == 0.0


def test_two_terminals_are_judged_by_places_left_out_and_labels_that_are_mixed_up_are_not_taken() -> None:
    """By shadows of 10 m, which what is heard 5 m away tells; of 3 m it does not, and then nothing is taken."""
    plan, cells, radio_map = shop()
    own, rng = labels(plan, cells, radio_map, 300, devices=2), np.random.default_rng(4)
    phase = np.arange(radio_map.n_ap)[:, None]
    there = (radio_map.mean_dbm + 7.0 * np.sin(cells.x_m / 5.0 + 2.0 * phase) * np.cos(cells.y_m / 6.0 + phase)).T
    heard = there[nearest_cells(cells, own.level, own.x_m, own.y_m)] + rng.normal(0.0, 3.0, own.rssi_dbm.shape)
    wide = replace(own, rssi_dbm=heard.astype(np.float32))
    verdict = try_labels(plan, cells, radio_map, wide)
    before, after = (there.T - m.mean_dbm for m in (radio_map, verdict.apply(radio_map)))
    assert (verdict.devices, verdict.share > 0) == (2, True)
    assert rms(after) < 0.7 * rms(before)
    assert try_labels(plan, cells, radio_map, own).share == 0.0
    other = rng.permutation(len(wide))
    mixed_up = replace(wide, x_m=wide.x_m[other], y_m=wide.y_m[other])
    assert try_labels(plan, cells, radio_map, mixed_up).share == 0.0


def test_a_thousand_labels_of_one_terminal_count_as_one_of_each_place() -> None:
    plan, cells, radio_map = shop()
    one = labels(plan, cells, radio_map, 20, devices=1)
    many = type(one).concat([one] * 50)
    a, b = (correction_of(cells, radio_map, own) for own in (one, many))
    assert np.abs(a.taken_db2 - b.taken_db2).max() < 0.35 * max(float(a.taken_db2.max()), 1.0)
    assert site_of(plan, cells, b.apply(radio_map), DEFAULT_SETTINGS) is not None


def test_receipts_beside_scans_are_taken_only_where_scans_are_clearly_found_nearer_with_them() -> None:
    """Of devices by turns: receipts that are as good as scans, and such as were taken at another product's place."""
    plan, cells, radio_map = shop()
    scans, bought = labels(plan, cells, radio_map, 40), labels(plan, cells, radio_map, 260, seed=2)
    receipts = replace(bought, kind=bought.kind * 0 + KINDS.index(LabelKind.RECEIPT), number=bought.number + 100)
    other = np.random.default_rng(3).permutation(260)
    wrong = replace(receipts, x_m=receipts.x_m[other], y_m=receipts.y_m[other])
    alone, good, bad = (
        try_labels(plan, cells, radio_map, Taught.concat([scans, *beside])) for beside in ([], [receipts], [wrong])
    )
    assert good.receipts
    assert good.gain_m > alone.gain_m
    assert not bad.receipts
    assert (bad.share, bad.gain_m, bad.devices) == (alone.share, alone.gain_m, alone.devices)
    assert alone.correction is not None
    assert bad.correction is not None
    np.testing.assert_array_equal(bad.correction.mean_db, alone.correction.mean_db)
