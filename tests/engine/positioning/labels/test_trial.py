"""Labels make the map better where they are, for devices that taught nothing, and never worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.positioning.labels.doubts import weigh
from engine.positioning.labels.field import correction_of
from engine.positioning.labels.trial import try_labels
from engine.positioning.measurement.site_build import site_of
from engine.positioning.settings import DEFAULT_SETTINGS
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


def test_a_thousand_labels_of_one_terminal_count_as_one_of_each_place() -> None:
    plan, cells, radio_map = shop()
    one = labels(plan, cells, radio_map, 20, devices=1)
    many = type(one).concat([one] * 50)
    a, b = (correction_of(cells, radio_map, own) for own in (one, many))
    assert np.abs(a.taken_db2 - b.taken_db2).max() < 0.35 * max(float(a.taken_db2.max()), 1.0)
    assert site_of(plan, cells, b.apply(radio_map), DEFAULT_SETTINGS) is not None
