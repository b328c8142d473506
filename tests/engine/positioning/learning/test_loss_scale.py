"""How much walls and shelves cost, from scans of a few phones: the true share of the plan's losses."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.positioning.learning.loss_scale import LEAST_PHONES, SCANS_OF_A_PHONE, likely_loss_scale
from engine.positioning.learning.self_calibration import FIRST_FIT_S, SelfCalibration
from engine.positioning.learning.tracklets import ScanMemory
from engine.radio.pathloss import DEFAULT_PRIOR, cell_geometry, mean_dbm
from engine.radio.radiomap import prior_map, prior_powers
from engine.radio.ridge import DEFAULT_RIDGE
from engine.records import F32, F64, Scans
from tests.engine.positioning.stores import hall, shelved

PLAN = shelved()
CELLS = walkable_cells(PLAN, 0.5)
GEOMETRY = cell_geometry(PLAN, CELLS)
N_AP = len(PLAN.access_points)
P0, EXPONENT = prior_powers(PLAN)


def heard(scale: float, phones: int = 12, each: int = 4, seed: int = 0) -> Scans:
    """Scans of phones of different power that stand still, under a law with so much of the plan's losses."""
    rng = np.random.default_rng(seed)
    mean = mean_dbm(GEOMETRY, P0, EXPONENT, scale)
    at, power = rng.choice(len(CELLS), phones, replace=False), rng.normal(0.0, 5.0, phones)
    rssi = np.repeat(mean[:, at].T + power[:, None], each, axis=0) + rng.normal(0, 2.0, (phones * each, N_AP))
    t: F64 = np.tile(np.arange(each, dtype=np.float64), phones) * 3.0
    nothing: F32 = np.full(rssi.shape, np.nan, np.float32)
    device = np.repeat(np.arange(phones, dtype=np.uint64), each)
    order = np.argsort(t, kind="stable")
    scans = Scans(t, device, rssi.astype(np.float32), nothing, nothing, np.zeros_like(nothing))
    return scans.take(order)


def remembered(scans: Scans) -> ScanMemory:
    memory = ScanMemory(N_AP)
    memory.add(scans)
    return memory


def scale_of(scans: Scans) -> float | None:
    return likely_loss_scale(GEOMETRY, P0, EXPONENT, remembered(scans))


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0])
def test_the_losses_are_found(scale: float) -> None:
    found = scale_of(heard(scale))
    assert found is not None
    assert found == pytest.approx(scale, abs=0.3)


def test_few_phones_say_little_and_too_few_nothing() -> None:
    none_lost = heard(0.0)
    many, few = scale_of(none_lost), scale_of(none_lost.take(np.flatnonzero(none_lost.device < LEAST_PHONES)))
    assert many is not None
    assert few is not None
    assert many < few < 1.0
    assert scale_of(none_lost.take(np.flatnonzero(none_lost.device < LEAST_PHONES - 1))) is None


def test_a_phone_that_was_heard_longer_has_no_more_to_say() -> None:
    few, many = (scale_of(heard(0.0, phones=4, each=each)) for each in (2, 40))
    assert few is not None
    assert few == pytest.approx(many, abs=0.15)


def test_an_open_hall_has_no_losses_to_weigh() -> None:
    plan = hall()
    cells = walkable_cells(plan, 0.5)
    assert likely_loss_scale(cell_geometry(plan, cells), P0, EXPONENT, remembered(heard(0.0))) is None


def test_scans_are_taken_evenly_over_all_that_is_kept_of_a_device() -> None:
    device, rssi = remembered(heard(1.0, phones=2, each=3 * SCANS_OF_A_PHONE)).spread(SCANS_OF_A_PHONE)
    assert np.unique(device, return_counts=True)[1].tolist() == [SCANS_OF_A_PHONE] * 2
    assert rssi.shape == (2 * SCANS_OF_A_PHONE, N_AP)
    assert len(remembered(heard(1.0, phones=2, each=5)).spread(SCANS_OF_A_PHONE)[0]) == 10, "all, where there are fewer"


def test_the_map_is_that_of_the_scale_also_after_a_restore() -> None:
    learner = SelfCalibration(PLAN, CELLS)
    learner.add_scans(heard(0.0, phones=5, each=6))
    learnt = learner.fit(FIRST_FIT_S)
    assert learnt is not None
    free, full = mean_dbm(GEOMETRY, P0, EXPONENT, 0.0), prior_map(PLAN, CELLS).mean_dbm
    assert np.abs(learnt.mean_dbm - free).mean() < 0.5 * np.abs(learnt.mean_dbm - full).mean()
    again = SelfCalibration(PLAN, CELLS)
    again.restore(learner.state())
    known = again.map_in_use()
    assert known is not None
    np.testing.assert_array_equal(known.mean_dbm, learnt.mean_dbm)


def test_the_posterior_mean_written_out() -> None:
    """p(s) by the mean over a phone's scans of log of the mean over cells of N(scan; map, 36 + the phones' power), one
    vote a phone, and a prior around one."""
    scans = heard(0.6, phones=4, each=3, seed=3)
    scans.rssi_dbm[1, 2] = np.nan
    phone, rssi = remembered(scans).spread(SCANS_OF_A_PHONE)
    sigma, power = DEFAULT_PRIOR.sigma_db, DEFAULT_PRIOR.p0_spread_db
    cells = range(0, len(CELLS), -(-len(CELLS) // 1000))
    scores = []
    for s in (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5):
        mean, score = mean_dbm(GEOMETRY, P0, EXPONENT, s), -0.5 * ((s - 1.0) / DEFAULT_RIDGE.loss_scale) ** 2
        for one, values in zip(phone, rssi.astype(float), strict=True):
            on = np.isfinite(values)
            inverse = np.linalg.inv(sigma**2 * np.eye(on.sum()) + power**2)
            off = values[on] - mean[on][:, cells].T
            log = -0.5 * np.einsum("ca,ab,cb->c", off, inverse, off)
            score += np.log(np.exp(log).mean()) / (phone == one).sum()
        scores.append(score)
    weight = np.exp(np.array(scores) - max(scores))
    wanted = weight @ np.arange(0.0, 1.51, 0.25) / weight.sum()
    assert scale_of(scans) == pytest.approx(wanted, rel=1e-3)
