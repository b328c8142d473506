"""The law and its fields from places that are probabilities: certain places give them back, none leave the prior."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan
from engine.radio.calibrate import calibrate
from engine.radio.evidence_sources import hearings_evidence
from engine.radio.law import EXPONENT, LOSS_SCALE, POWER, SHARED, LawCoefficients
from engine.radio.pathloss import cell_geometry
from engine.radio.ridge import FittedLaw
from engine.radio.soft_fit import SHADOWS_DB, FloorGrid, SoftLaw, expected_dbm, field_odds, fit_soft, floor_of, law_dbm
from tests.engine.positioning.learning.test_crowd import NOBODY
from tests.engine.positioning.stores import shelved, two_levels


def ready(plan: Plan) -> tuple[Cells, FittedLaw, FloorGrid, np.ndarray]:
    cells = walkable_cells(plan, 0.5)
    law = calibrate(plan, cells, hearings_evidence(plan, NOBODY)).law
    floor, at = floor_of(plan, cells, cell_geometry(plan, cells), law)
    return cells, law, floor, at


def changed(law: FittedLaw, n_ap: int) -> np.ndarray:
    vector = law.coefficients.vector.copy()
    vector[[POWER, EXPONENT, LOSS_SCALE]] = -4.0, 0.5, 0.6
    vector[SHARED : SHARED + n_ap] = np.linspace(-5, 5, n_ap)
    return LawCoefficients(vector)


def test_certain_places_give_the_law_back() -> None:
    _, law, floor, _ = ready(shelved())
    wanted = changed(law, 5)
    truth = law_dbm(floor.base_dbm, floor.log_d, floor.crossings_db, wanted)
    got = fit_soft(floor, law, np.full(truth.shape, 200.0), truth, 3.0, with_fields=False)
    np.testing.assert_allclose(expected_dbm(floor, got), truth, atol=0.7)
    assert got.coefficients.loss_scale == pytest.approx(0.6, abs=0.1)


def test_a_shadow_becomes_a_field_where_it_lies() -> None:
    cells, law, floor, _ = ready(shelved())
    truth = law_dbm(floor.base_dbm, floor.log_d, floor.crossings_db, law.coefficients)
    shadow = -5.0 * np.exp(-((cells.x_m - 10) ** 2 + (cells.y_m - 4) ** 2) / (2 * 3.0**2))
    heard = truth.copy()
    heard[2] += shadow
    got = fit_soft(floor, law, np.full(truth.shape, 50.0), heard, 3.0, with_fields=True)
    left = expected_dbm(floor, got) - heard
    assert np.abs(left).max() < 1.5
    deepest = (got.fields @ floor.kernel)[2].argmin()
    assert np.hypot(cells.x_m[floor.block == deepest].mean() - 10, cells.y_m[floor.block == deepest].mean() - 4) < 2.5


def test_without_scans_the_law_stays_and_far_from_them_fields_are_nothing() -> None:
    cells, law, floor, _ = ready(shelved())
    truth = expected_dbm(floor, SoftLaw(law.coefficients, np.zeros((5, len(floor.kernel)))))
    nothing = fit_soft(floor, law, np.zeros(truth.shape), truth, 4.0, with_fields=True)
    np.testing.assert_allclose(nothing.coefficients.vector, law.coefficients.vector, atol=1e-3)
    weight = np.where(cells.x_m < 5.0, 50.0, 0.0) * np.ones((5, 1))
    near = fit_soft(floor, law, weight, truth + np.where(cells.y_m > 6, 6.0, -6.0), 4.0, with_fields=True)
    fields = (near.fields @ floor.kernel)[:, floor.block]
    assert np.abs(fields[:, cells.x_m < 4.0]).max() > 1.0
    assert np.abs(fields[:, cells.x_m > 16.0]).max() < 0.05


def test_levels_share_no_field() -> None:
    _, _, floor, at = ready(two_levels())
    apart = at[:, :1] != at[:, 0]
    assert apart.any()
    assert (floor.kernel[apart] == 0).all()
    assert floor.kernel.shape == (len(at), len(at))


def test_large_floors_take_larger_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = shelved()
    cells = walkable_cells(plan, 0.5)
    law = calibrate(plan, cells, hearings_evidence(plan, NOBODY)).law
    usual = len(floor_of(plan, cells, cell_geometry(plan, cells), law)[1])
    monkeypatch.setattr("engine.radio.soft_fit.MOST_BLOCKS", usual)
    assert len(floor_of(plan, cells, cell_geometry(plan, cells), law)[1]) == usual, "as many as there may be"
    monkeypatch.setattr("engine.radio.soft_fit.MOST_BLOCKS", 10)
    floor, at = floor_of(plan, cells, cell_geometry(plan, cells), replace(law))
    assert len(at) <= 10
    assert floor.block.max() == len(at) - 1


def test_shadows_are_as_likely_as_they_are() -> None:
    """Of fields that are fitted to shadows of the largest usual spread, one in ten is among the largest tenth."""
    _, law, floor, _ = ready(shelved())
    rng = np.random.default_rng(5)
    blocks = len(floor.kernel)
    drawn = np.linalg.cholesky(floor.kernel + 1e-6 * np.eye(blocks)) * SHADOWS_DB
    weight = np.full((5, len(floor.block)), 4.0)
    noise_db = np.sqrt(3.0**2 / (0.3 * np.bincount(floor.block, weights=weight[0])))
    plain = law_dbm(floor.base_dbm, floor.log_d, floor.crossings_db, law.coefficients)
    firm = replace(law, precision=law.precision + 1e9 * np.eye(len(law.precision)))  # the law is known: fields alone
    odds = []
    for _ in range(60):
        left = rng.normal(0, 1, (5, blocks)) @ drawn.T + rng.normal(0, 1, (5, blocks)) * noise_db
        soft = fit_soft(floor, firm, weight, plain + left[:, floor.block], 3.0, with_fields=True)
        odds.append(field_odds(floor, soft, weight, 3.0))
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        assert np.mean(np.array(odds) < share) == pytest.approx(share, abs=0.08)  # 300 of them: 3 sd


def test_an_access_point_elsewhere_asks_for_what_no_shadow_is() -> None:
    plan = shelved()
    _, law, floor, _ = ready(plan)
    truth = law_dbm(floor.base_dbm, floor.log_d, floor.crossings_db, law.coefficients)
    weight = np.full(truth.shape, 4.0)
    honest = fit_soft(floor, law, weight, truth, 3.0, with_fields=True)
    assert (field_odds(floor, honest, weight, 3.0) > 0.5).all()
    nothing = replace(honest, fields=np.zeros_like(honest.fields))
    assert field_odds(floor, nothing, weight, 3.0).tolist() == [1.0] * 5
    swapped = truth.copy()
    swapped[[0, 3]] = truth[[3, 0]]
    bent = field_odds(floor, fit_soft(floor, law, weight, swapped, 3.0, with_fields=True), weight, 3.0)
    assert bent[[0, 3]].max() < 1e-3
    assert bent[[1, 2, 4]].min() > bent[[0, 3]].max(), "others make up for it, and less so"
