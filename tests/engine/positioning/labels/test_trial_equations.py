"""The verdict on labels, written out: energy scores of devices left out, and the share that is clearly better."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan
from engine.positioning.bayes import bayes
from engine.positioning.belief import Belief
from engine.positioning.labels.field import correction_of
from engine.positioning.labels.places import KINDS, Taught
from engine.positioning.labels.trial import try_labels
from engine.positioning.measurement.site_build import site_of
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.radio.radiomap import RadioMap, prior_map
from engine.records import F64, Scans
from engine.vocabulary import LabelKind
from tests.engine.positioning.stores import hall


@pytest.fixture(scope="module")
def store() -> tuple[Plan, Cells, RadioMap]:
    plan = hall(9.0, 6.0, ((1.0, 1.0), (8.0, 1.0), (4.0, 5.0)))
    cells = walkable_cells(plan, 1.0)
    return plan, cells, prior_map(plan, cells)


def heard(store: tuple[Plan, Cells, RadioMap], n: int, devices: int, shadow_db: float) -> Taught:
    """Labels of so many devices all over a hall; the map is `shadow_db` wrong in halves of it."""
    _, cells, radio_map = store
    rng = np.random.default_rng(7)
    at = rng.permutation(len(cells))[:n]
    side = np.where(cells.x_m[at, None] < 4.5, 1.0, -1.0) * np.array([1.0, -1.0, 1.0])
    rssi = radio_map.mean_dbm[:, at].T + shadow_db * side + rng.normal(0.0, 1.5, (n, radio_map.n_ap))
    x, y, whole, none = cells.x_m[at], cells.y_m[at], np.ones(n), np.zeros(n, np.int32)
    weight = np.where(np.arange(n) % 3 == 0, 0.5, 1.0)
    kind = np.full(n, KINDS.index(LabelKind.SHELF_SCAN), np.int32)
    return Taught(np.arange(n) % devices, none, kind, none, none, x, y, 0.8 * whole, x, y, 2.0 * whole, weight,
                  5.0 * whole, rssi.astype(np.float32))  # fmt: skip


def energy(store: tuple[Plan, Cells, RadioMap], radio_map: RadioMap, own: Taught) -> F64:
    """E|X - x| - E|X - X'| / 2 of each posterior X against the label's place x, 8 m at most."""
    plan, cells, _ = store
    site, n, c = site_of(plan, cells, radio_map, DEFAULT_SETTINGS), len(own), len(cells)
    none = np.full(own.rssi_dbm.shape, np.nan, np.float32)
    scans = Scans(np.zeros(n), np.arange(n, dtype=np.uint64), own.rssi_dbm, none, none, 0.0 * own.rssi_dbm)
    belief = Belief(
        np.full((n, c), 1.0 / c, np.float32), np.tile(site.offset_mean, (n, 1)), np.tile(site.offset_var, (n, 1)),
        np.ones((n, 2), np.float32), np.ones((n, 2 * radio_map.n_ap), np.float32),
    )  # fmt: skip
    posterior = bayes(site, scans, belief, DEFAULT_SETTINGS).posterior.astype(float)
    out = []
    for p, x, y in zip(posterior, own.x_m, own.y_m, strict=True):
        away = (p * np.hypot(cells.x_m - x, cells.y_m - y)).sum()
        apart = sum(p[k] * (p * np.hypot(cells.x_m - cells.x_m[k], cells.y_m - cells.y_m[k])).sum() for k in range(c))
        out.append(min(away - apart / 2, 8.0))
    return np.array(out)


def verdict_by_hand(store: tuple[Plan, Cells, RadioMap], own: Taught) -> tuple[float, float]:
    """Four folds of devices; a share is taken where the mean gain by device is beyond its standard error."""
    scores = {share: np.zeros(len(own)) for share in (0.0, 0.5, 1.0)}
    for fold in range(4):
        test = own.number % 4 == fold
        found = correction_of(*store[1:], own.take(~test))
        for share, values in scores.items():
            values[test] = energy(store, found.apply(store[2], share), own.take(test))

    def gains(worse: float, better: float) -> F64:
        gain = scores[worse] - scores[better]
        return np.array([np.average(gain[own.number == d], weights=own.weight[own.number == d])
                         for d in np.unique(own.number)])  # fmt: skip

    taken = 0.0
    for share in (0.5, 1.0):
        by_device = gains(taken, share)
        if by_device.mean() > by_device.std() / np.sqrt(len(by_device)):
            taken = share
    return taken, float(gains(0.0, taken).mean())


@pytest.mark.parametrize(("shadow_db", "mixed", "taken"), [(0.0, False, 0.5), (6.0, False, 1.0), (6.0, True, 0.0)])
def test_a_verdict_written_out(
    store: tuple[Plan, Cells, RadioMap], shadow_db: float, mixed: bool, taken: float
) -> None:
    own = heard(store, 26, 9, shadow_db)
    if mixed:  # each label is at another's place
        other = np.random.default_rng(1).permutation(len(own))
        own = replace(own, x_m=own.x_m[other], y_m=own.y_m[other])
    share, gain = verdict_by_hand(store, own)
    assert share == taken
    found = try_labels(*store, own)
    assert (found.share, found.devices) == (share, 9)
    assert found.gain_m == pytest.approx(gain, abs=1e-3)
    if share:
        assert found.correction is not None
        np.testing.assert_array_equal(found.correction.mean_db, correction_of(*store[1:], own).mean_db)
    else:
        assert found.correction is None
        assert found.apply(store[2]) is store[2]


@pytest.mark.parametrize(("n", "devices", "judged"), [(19, 9, False), (20, 9, True), (26, 7, False), (26, 8, True)])
def test_twenty_labels_of_eight_devices_are_judged(
    store: tuple[Plan, Cells, RadioMap], n: int, devices: int, judged: bool
) -> None:
    found = try_labels(*store, heard(store, n, devices, 6.0))
    assert np.isfinite(found.gain_m) == judged
    assert found.devices == devices


def test_labels_that_are_likely_wrong_are_not_counted(store: tuple[Plan, Cells, RadioMap]) -> None:
    own = heard(store, 20, 9, 6.0)
    for weight, judged in ((0.1, False), (0.11, True)):
        found = try_labels(*store, replace(own, weight=np.where(np.arange(20) == 5, weight, own.weight)))
        assert np.isfinite(found.gain_m) == judged
