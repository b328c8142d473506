"""The hierarchical fit against its normal equations, built row by row in plain loops."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from engine.radio.evidence import Evidence
from engine.radio.pathloss import DEFAULT_PRIOR
from engine.radio.ridge import RidgePriors, fit_law, place_variance
from tests.engine.radio.made import evidence, hall

PLAN = hall((1.0, 1.0), (19.0, 9.0), (10.0, 5.0))
KNOWN = replace(
    PLAN,
    access_points=tuple(
        replace(a, p0_dbm=p, exponent=n)
        for a, p, n in zip(PLAN.access_points, (-40.0, -44.0, -38.0), (2.0, 2.4, None), strict=True)
    ),
)
MIXED = replace(PLAN, access_points=(*PLAN.access_points[:2], replace(PLAN.access_points[2], p0_dbm=-36.0)))


@dataclass
class ByHand:
    """Of one candidate: coefficients, their precision, residuals and the log of its marginal likelihood."""

    theta: np.ndarray
    normal: np.ndarray
    residual: np.ndarray
    score: float


def fit_by_hand(
    ev: Evidence, p0: list[float], exponent: list[float], sd: list[float], tall: tuple[float, float], reach: float
) -> ByHand:
    """Minimises sum of Student-t losses plus (theta / sd)², by eight rounds of weighted least squares."""
    n_ap, rows, y, var = len(p0), [], [], []
    for i in range(len(ev)):
        a, mast = int(ev.ap[i]), ev.kind[i] == 2
        height = tall[0] if mast else tall[1]
        lost = ev.walls_db[i] + height * ev.tall_db[i] + (1 - height) * ev.low_db[i]
        lost = 50.0 * (1 - np.exp(-lost / 50.0))
        expected = p0[a] - exponent[a] * ev.log_d[i] - lost - 18.0 * ev.floors[i]
        row = np.zeros(len(sd))
        row[0], row[1], row[2] = 1.0, -ev.log_d[i], -lost
        row[3 + a], row[3 + n_ap + a], row[3 + 2 * n_ap + ev.source[i]] = 1.0, -ev.log_d[i], 1.0
        slope = 10 * 2.3 / np.log(10) / max(ev.distance_m[i], 1.0)
        shadow = 3.5**2 * ev.crowd[i] if mast else 5.0**2 * ev.crowd[i] / reach
        rows.append(row)
        y.append(ev.rssi_dbm[i] - expected)
        var.append(shadow + 4.0**2 / ev.count[i] + (slope * ev.place_sigma_m[i] / np.sqrt(2)) ** 2)
    design, target, variance = np.array(rows), np.array(y), np.array(var)
    ok = np.isfinite(target)
    weight, prior = 1 / variance[ok], np.diag(1 / np.array(sd) ** 2)
    for _ in range(8):
        normal = design[ok].T @ np.diag(weight) @ design[ok] + prior
        theta = np.linalg.solve(normal, design[ok].T @ (weight * target[ok]))
        squared = (target[ok] - design[ok] @ theta) ** 2 / variance[ok]
        weight = np.minimum(5.0 / (4.0 + squared), 1.0) / variance[ok]
    score = -0.5 * (5.0 * np.log(1 + squared / 4.0).sum() + (theta**2 / np.array(sd) ** 2).sum())
    score -= 0.5 * (np.linalg.slogdet(normal)[1] + 2 * np.log(sd).sum())
    residual = np.where(ok, target - design @ theta, np.nan)
    return ByHand(theta, normal, residual, float(score))


SD = [10.0, 0.4, 0.6, 3.0, 3.0, 3.0, 0.2, 0.2, 0.2]
SD_KNOWN = [5.0, 0.2, 0.6, 1.5, 1.5, 1.5, 0.2, 0.2, 0.2]
SD_MIXED = [10.0, 0.4, 0.6, 3.0, 3.0, 1.5, 0.2, 0.2, 0.2]


def measured(seed: int = 3, n: int = 40, **columns: object) -> Evidence:
    """Two phones and an access point that is heard by others, some rows odd, one without RSSI."""
    rng = np.random.default_rng(seed)
    ap, kind = rng.integers(0, 3, n), np.where(rng.random(n) < 0.3, 2, 0)
    source = np.where(kind == 2, 2, rng.integers(0, 2, n))
    d = rng.uniform(0.5, 18, n)
    walls, tall = rng.choice([0.0, 8.0], n), rng.choice([0.0, 6.0], n)
    rssi = -45.0 - 27.0 * np.log10(np.maximum(d, 1)) - walls + 4.0 * source + 2.0 * ap + rng.normal(0, 3, n)
    rssi[:3] += [30.0, -25.0, np.nan]
    made: dict[str, object] = {
        "kind": kind, "source": source, "distance_m": d, "walls_db": walls, "tall_db": tall, "low_db": tall / 4,
        "rssi_dbm": rssi, "count": rng.integers(1, 9, n), "crowd": rng.integers(1, 4, n),
        "place_sigma_m": rng.uniform(0.1, 3, n), "floors": rng.integers(0, 2, n),
    }  # fmt: skip
    return evidence(ap.tolist(), **(made | columns))


@pytest.mark.parametrize("reach", [1.0, 0.25])
@pytest.mark.parametrize(
    ("plan", "p0", "exponent", "sd"),
    [
        (PLAN, [-42.0] * 3, [2.6] * 3, SD),
        (KNOWN, [-40.0, -44.0, -38.0], [2.0, 2.4, 2.6], SD_KNOWN),
        (MIXED, [-42.0, -42.0, -36.0], [2.6] * 3, SD_MIXED),
    ],
    ids=["unknown", "known", "one known"],
)
def test_the_law_is_the_solution_of_the_normal_equations(
    plan: object, p0: list[float], exponent: list[float], sd: list[float], reach: float
) -> None:
    ev = measured(tall_db=0.0, low_db=0.0)  # without fixtures their height does not matter: the first candidate
    got = fit_law(plan, ev, reach)  # type: ignore[arg-type]
    want = fit_by_hand(ev, p0, exponent, [*sd, 6.0, 6.0, 10.0], (0.5, 0.5), reach)
    theta = want.theta
    np.testing.assert_allclose(got.coefficients.vector, theta[:9], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(got.p0_dbm, np.array(p0) + theta[0] + theta[3:6], rtol=1e-8)
    np.testing.assert_allclose(got.exponent, np.array(exponent) + theta[1] + theta[6:9], rtol=1e-8)
    assert got.loss_scale == pytest.approx(1 + theta[2], rel=1e-8)
    np.testing.assert_allclose(got.coefficients.ap_power_db, theta[3:6], rtol=1e-6)
    np.testing.assert_allclose(got.source_db, theta[9:], rtol=1e-6)
    assert got.shared_db == pytest.approx(theta[0], rel=1e-6)
    assert got.tall == 0.5
    left = want.residual.copy()
    for source in range(3):
        own = (ev.source == source) & np.isfinite(left)
        left[own] -= np.median(left[own])
    np.testing.assert_allclose(got.residual_db, left, rtol=1e-6, atol=1e-9)
    k = np.linalg.inv(np.linalg.inv(want.normal)[:9, :9])  # what is known of the law whatever the devices' offsets are
    np.testing.assert_allclose(got.precision, k, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_of_the_heights_of_fixtures_the_best_explanation_is_taken(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = ((0.5, 0.5), (0.0, 0.35), (1.0, 1.0))[seed % 3]
    ev = measured(seed, 60, tall_db=rng.choice([0.0, 12.0, 20.0], 60))
    height = np.where(ev.kind == 2, truth[0], truth[1])
    lost = 50 * (1 - np.exp(-(ev.walls_db + height * ev.tall_db + (1 - height) * ev.low_db) / 50))
    ev = replace(
        ev, rssi_dbm=-42 - 2.6 * ev.log_d - lost - 18 * ev.floors + rng.normal(0, 3.0 if seed < 6 else 9.0, 60)
    )
    sd, best, tall = [*SD, 6.0, 6.0, 10.0], None, 0.0
    for between, among in ((0.5, 0.5), (0.0, 0.35), (1.0, 1.0)):
        one = fit_by_hand(ev, [-42.0] * 3, [2.6] * 3, sd, (between, among), 1.0)
        # clearly better than the one before, and not by saying that crossings cost nothing
        if best is None or (one.score > best.score + 0.2 and one.theta[2] > 0.2 - 1.0):
            best, tall = one, among
    assert best is not None
    got = fit_law(PLAN, ev)
    assert got.tall == tall
    if seed < 6:
        assert tall == truth[1]
    np.testing.assert_allclose(got.coefficients.vector, best.theta[:9], rtol=1e-6, atol=1e-8)


def test_the_heights_are_weighed_alike_however_much_there_is_to_go_by() -> None:
    """With every row more the scores move; the choice is that of the scores by hand each time."""
    chosen = set[float]()
    whole = measured(11, 48, tall_db=np.random.default_rng(11).choice([0.0, 12.0], 48))
    for n in range(4, 49):
        ev = whole.take(np.arange(n))
        sources = int(ev.source.max()) + 1
        best, tall = None, 0.0
        for between, among in ((0.5, 0.5), (0.0, 0.35), (1.0, 1.0)):
            own = [*SD, *([6.0, 6.0, 10.0][:sources])]
            one = fit_by_hand(ev, [-42.0] * 3, [2.6] * 3, own, (between, among), 1.0)
            if best is None or (one.score > best.score + 0.2 and one.theta[2] > 0.2 - 1.0):
                best, tall = one, among
        assert fit_law(PLAN, ev).tall == tall, n
        chosen.add(tall)
    assert len(chosen) > 1


def test_a_height_that_needs_no_losses_explains_nothing() -> None:
    """Losses that are not there at all fit best where fixtures are lowest; that is no news of their height."""
    ev = measured(5, 60, tall_db=20.0, low_db=0.0, walls_db=0.0)
    ev = replace(ev, rssi_dbm=-42 - 2.6 * ev.log_d - 18 * ev.floors + np.random.default_rng(1).normal(0, 1, 60))
    assert fit_law(PLAN, ev).tall == 0.5


def test_priors_can_be_told() -> None:
    ev = measured(tall_db=0.0, low_db=0.0)
    firm = fit_law(
        PLAN,
        ev,
        priors=RidgePriors(1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4),
        prior=replace(DEFAULT_PRIOR, p0_spread_db=1e-4),
    )
    np.testing.assert_allclose(firm.p0_dbm, [-42.0] * 3, atol=1e-3)
    np.testing.assert_allclose(firm.exponent, [2.6] * 3, atol=1e-3)
    assert firm.loss_scale == pytest.approx(1.0, abs=1e-3)


def test_without_evidence_the_law_is_the_prior() -> None:
    nothing = evidence([])
    law = fit_law(PLAN, nothing)
    np.testing.assert_array_equal(law.p0_dbm, [-42.0] * 3)
    np.testing.assert_array_equal(law.exponent, [2.6] * 3)
    assert (law.loss_scale, law.tall, law.shared_db) == (1.0, 0.5, 0.0)
    np.testing.assert_allclose(law.precision, np.diag(1 / np.array(SD) ** 2))
    assert len(law.source_db) == len(law.residual_db) == 0


def test_an_uncertain_place_counts_by_the_laws_slope_there() -> None:
    ev = evidence([0, 0, 0], distance_m=[10.0, 2.0, 0.5], place_sigma_m=[2.0, 2.0, 1.0])
    slope = 23.0 / np.log(10) / np.array([10.0, 2.0, 1.0])  # dB a metre, no steeper than at one metre
    np.testing.assert_allclose(
        place_variance(ev, DEFAULT_PRIOR), (slope * np.array([2.0, 2.0, 1.0])) ** 2 / 2, rtol=1e-9
    )
