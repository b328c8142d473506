"""One round of expectation-maximisation by hand, and what a new map must gain to be taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan
from engine.positioning.learning import crowd_em
from engine.positioning.learning.crowd_em import CrowdLearning, Learnt
from engine.positioning.learning.forward_backward import log_likelihood, place_scans
from engine.positioning.learning.tracklets import ScanMemory, Stretches
from engine.positioning.measurement.site import Site
from engine.positioning.measurement.site_build import site_of
from engine.positioning.motion.walk import walk_graph
from engine.positioning.settings import DEFAULT_SETTINGS, LocatorSettings
from engine.radio.law import LawCoefficients
from engine.radio.pathloss import DEFAULT_PRIOR, cell_geometry
from engine.radio.radiomap import prior_map
from engine.radio.reach import share_near
from engine.radio.ridge import FittedLaw, fit_law
from engine.radio.soft_fit import SoftLaw, correlation, expected_dbm, fit_soft, floor_columns, floor_of, law_dbm
from engine.records import Scans
from tests.engine.positioning.stores import hall
from tests.engine.radio.made import evidence

POINTS = ((1.0, 1.0), (9.0, 1.0), (1.0, 7.0), (9.0, 7.0))
SIGMA_DB = DEFAULT_PRIOR.sigma_db


@pytest.fixture(scope="module")
def store() -> tuple[Plan, Cells, FittedLaw]:
    plan = hall(10.0, 8.0, POINTS)
    return plan, walkable_cells(plan, 1.0), fit_law(plan, evidence([]))


def walks(n: int = 5, k: int = 6, seed: int = 3, odd: bool = True) -> Stretches:
    """Devices that cross the hall, one after the other in shorter stretches; the third access point is 10 dB weak."""
    rng = np.random.default_rng(seed)
    steps = np.sort(rng.integers(3, k + 1, n))[::-1].astype(np.int64)
    t, rssi = np.zeros((n, k)), np.full((n, k, 4), np.nan, np.float32)
    for s in range(n):
        for i in range(int(steps[s])):
            t[s, i] = 100.0 + 3.0 * i
            x, y = 1.0 + 1.4 * i, 1.0 + 1.2 * s
            d = np.sqrt([(x - a) ** 2 + (y - b) ** 2 + 1.6**2 for a, b in POINTS])
            rssi[s, i] = -44.0 - 27.0 * np.log10(d) + np.array([0, 0, -10, 0]) + rng.normal(0, 2.0, 4) + 3.0 * s
    rssi[0, 1, 1] = np.nan
    if odd:
        rssi[1, 1, 0] -= 30.0
    return Stretches(t, rssi, steps, np.arange(n, dtype=np.int64))


def site_with(plan: Plan, cells: Cells, mean: np.ndarray, sigma: float, settings: LocatorSettings) -> Site:
    spread = np.full(mean.shape, sigma, np.float32)
    known = replace(
        prior_map(plan, cells), mean_dbm=mean.astype(np.float32), sigma_db=spread, offset_sigma_db=8.0, measured=1.0
    )
    return site_of(plan, cells, known, settings)


def squares_by_hand(rssi: np.ndarray, offset: np.ndarray, cells: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """(M, A) sum over cells of P(cell) (heard - offset - expected)²; 0 where unheard."""
    out = np.zeros(rssi.shape)
    for m in range(rssi.shape[0]):
        for a in range(rssi.shape[1]):
            if np.isfinite(rssi[m, a]):
                out[m, a] = (cells[m] * (rssi[m, a] - offset[m] - mean[a]) ** 2).sum()
    return out


def one_round(store: tuple[Plan, Cells, FittedLaw], stretches: Stretches) -> tuple[SoftLaw, float]:
    """Places by the law alone, then the law from what was heard there, odd readings weighed down."""
    plan, cells, law = store
    floor, _ = floor_of(plan, cells, cell_geometry(plan, cells), law)
    mean = law_dbm(floor.base_dbm, floor.log_d, floor.crossings_db, law.coefficients)
    site = site_with(plan, cells, mean, SIGMA_DB, DEFAULT_SETTINGS)
    found = place_scans(site, walk_graph(cells, 1.0), DEFAULT_SETTINGS.motion, DEFAULT_SETTINGS, stretches)
    rssi = stretches.rssi_dbm[found.stretch, found.step].astype(float)
    heard, p = np.isfinite(rssi), found.cells.astype(float)
    v = np.where(
        heard, np.minimum(5.0 / (4.0 + squares_by_hand(rssi, found.offset_db, p, mean) / SIGMA_DB**2), 1.0), 0.0
    )
    weight, level = np.zeros(mean.shape), np.zeros(mean.shape)
    for m, a in np.argwhere(heard):
        weight[a] += v[m, a] * p[m]
        level[a] += v[m, a] * p[m] * (rssi[m, a] - found.offset_db[m])
    soft = fit_soft(floor, law, weight, level / np.maximum(weight, 1e-12), SIGMA_DB, with_fields=False)
    squared = squares_by_hand(rssi, found.offset_db, p, expected_dbm(floor, soft))
    return soft, float(np.clip(np.sqrt((v * squared).sum() / heard.sum()), 4.0, 6.5))


def nats(store: tuple[Plan, Cells, FittedLaw], known: tuple[SoftLaw, float], stretches: Stretches) -> float:
    """How well a map foresees these scans, each of which counts fully."""
    plan, cells, law = store
    plain = replace(DEFAULT_SETTINGS, memory_s=1e-3, tail_dof=1e6)
    floor, _ = floor_of(plan, cells, cell_geometry(plan, cells), law)
    site = site_with(plan, cells, expected_dbm(floor, known[0]), known[1], plain)
    return log_likelihood(site, walk_graph(cells, 1.0), plain.motion, plain, stretches)


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """One round of the law, none of fields, none at the end."""
    for name, value in (("LAW_ROUNDS", 1), ("FIELD_ROUNDS", 0), ("LAST_ROUNDS", 0)):
        monkeypatch.setattr(crowd_em, name, value)
    return monkeypatch


def test_a_round_and_its_gain_written_out(store: tuple[Plan, Cells, FittedLaw], rounds: pytest.MonkeyPatch) -> None:
    plan, cells, law = store
    stretches = walks()
    held = np.array([False, True, False, False, True])
    rounds.setattr(crowd_em, "MARGIN", -np.inf)
    got = CrowdLearning(plan, cells).cross_validate(law, stretches, held).learnt
    assert got is not None
    soft, sigma = one_round(store, stretches.take(~held))
    np.testing.assert_allclose(got.soft.coefficients.vector, soft.coefficients.vector, rtol=1e-3, atol=1e-4)
    assert got.sigma_db == pytest.approx(sigma, rel=1e-3)
    floor, _ = floor_of(plan, cells, cell_geometry(plan, cells), law)
    start = SoftLaw(law.coefficients, np.zeros((4, len(floor.kernel)))), SIGMA_DB
    judged = stretches.take(held)
    want = nats(store, (soft, sigma), judged) - nats(store, start, judged)
    assert got.gain == pytest.approx(want, rel=1e-2, abs=1e-4)


def test_a_gain_below_the_margin_teaches_nothing(
    store: tuple[Plan, Cells, FittedLaw], rounds: pytest.MonkeyPatch
) -> None:
    plan, cells, law = store
    assert crowd_em.MARGIN == 0.05  # nats a scan
    stretches, held = walks(8, 8, seed=5), np.arange(8) % 4 == 3
    crowd = CrowdLearning(plan, cells)
    taken = crowd.cross_validate(law, stretches, held)
    assert taken.learnt is not None
    assert taken.learnt.gain == taken.gain > 0.05
    rounds.setattr(crowd_em, "MARGIN", taken.gain)
    assert crowd.cross_validate(law, stretches, held).learnt is not None  # just enough
    rounds.setattr(crowd_em, "MARGIN", taken.gain * (1 + 1e-9))
    missed = crowd.cross_validate(law, stretches, held)  # more than nothing, but not enough
    assert (missed.gain, missed.learnt) == (taken.gain, None)


def test_fields_come_after_the_law_and_the_end_is_fitted_to_everybody(
    store: tuple[Plan, Cells, FittedLaw], rounds: pytest.MonkeyPatch
) -> None:
    plan, cells, law = store
    crowd, stretches = CrowdLearning(plan, cells), walks(odd=False)
    held = np.array([False, False, False, False, True])
    rounds.setattr(crowd_em, "MARGIN", -np.inf)

    def learnt(law_rounds: int, field_rounds: int, last: int, held: np.ndarray = held) -> SoftLaw:
        for name, value in (("LAW_ROUNDS", law_rounds), ("FIELD_ROUNDS", field_rounds), ("LAST_ROUNDS", last)):
            rounds.setattr(crowd_em, name, value)
        found = crowd.cross_validate(law, stretches, held).learnt
        assert found is not None
        return found.soft

    assert not learnt(2, 0, 0).fields.any()
    assert learnt(2, 1, 0).fields.any()
    assert learnt(2, 0, 1).fields.any()  # the last rounds have fields too
    # whoever was held out, in the last rounds everybody's scans are there, and the two laws come together
    other = np.array([False, False, False, True, False])
    apart = []
    for last in (0, 6):
        one, two = learnt(1, 0, last).coefficients.vector, learnt(1, 0, last, other).coefficients.vector
        apart.append(np.abs(one - two).max())
    assert apart[0] > 1e-3
    assert apart[1] < 0.4 * apart[0]


def test_what_is_seen_is_what_the_law_leaves(store: tuple[Plan, Cells, FittedLaw]) -> None:
    plan, cells, law = store
    stretches = walks()
    stretches.rssi_dbm[:, :, 3] = np.nan  # nobody hears the fourth
    seen = CrowdLearning(plan, cells).assess(law, None, stretches)
    floor, _ = floor_of(plan, cells, cell_geometry(plan, cells), law)
    mean = law_dbm(floor.base_dbm, floor.log_d, floor.crossings_db, law.coefficients)
    site = site_with(plan, cells, mean, SIGMA_DB, DEFAULT_SETTINGS)
    found = place_scans(site, walk_graph(cells, 1.0), DEFAULT_SETTINGS.motion, DEFAULT_SETTINGS, stretches)
    rssi, p = stretches.rssi_dbm[found.stretch, found.step].astype(float), found.cells.astype(float)
    scans = np.isfinite(rssi).sum(axis=0)
    assert seen.scans.tolist() == scans.tolist()
    squares = squares_by_hand(rssi, found.offset_db, p, mean)
    left = np.sqrt(squares.sum(axis=0)[:3] / scans[:3])
    np.testing.assert_allclose(seen.left_db[:3], left, rtol=1e-3)
    assert np.isnan(seen.left_db[3])
    dof = DEFAULT_SETTINGS.tail_dof
    believed = np.where(np.isfinite(rssi), np.minimum((dof + 1) / (dof + squares / SIGMA_DB**2), 1.0), 0.0)
    far = [(believed[:, a] @ p @ floor.log_d[a]) / believed[:, a].sum() for a in range(3)]
    np.testing.assert_allclose(seen.log_d[:3], far, rtol=1e-3)
    assert seen.odds.tolist() == [1.0] * 4, "the law alone has no fields"
    at = np.column_stack([p @ cells.x_m, p @ cells.y_m])
    assert seen.covered == pytest.approx(share_near(cells, np.zeros(len(at), np.int32), at[:, 0], at[:, 1]), abs=0.02)


def test_the_map_is_the_law_with_its_fields_at_the_plans_own_cells(store: tuple[Plan, Cells, FittedLaw]) -> None:
    plan, cells, law = store
    geometry = cell_geometry(plan, cells)
    _, at = floor_of(plan, cells, geometry, law)
    vector = law.coefficients.vector
    theta = LawCoefficients(vector + np.linspace(-1, 1, len(vector)))
    learnt = Learnt(SoftLaw(theta, np.random.default_rng(1).normal(0, 1, (4, len(at)))), 5.25, 0.3)
    current = replace(prior_map(plan, cells), range_offset_sigma_m=0.7, offset_mean_db=4.0)
    got = CrowdLearning(plan, cells).map_of(law, learnt, geometry, current)
    places = np.column_stack([cells.level, cells.x_m, cells.y_m])
    want = law_dbm(*floor_columns(plan, geometry, law), theta) + learnt.soft.fields @ correlation(at, places)
    np.testing.assert_allclose(got.mean_dbm, want, rtol=1e-5)
    assert got.mean_dbm.dtype == np.float32
    assert set(got.sigma_db.ravel().tolist()) == {5.25}
    assert (got.offset_mean_db, got.offset_sigma_db, got.range_offset_sigma_m) == (0.0, 8.0, 0.7)
    np.testing.assert_array_equal(got.range_mean_m, current.range_mean_m)


def test_coarser_cells_are_learnt_on_while_there_are_enough_of_them(
    store: tuple[Plan, Cells, FittedLaw], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen by how many stretches there is memory for: entries over cells over forty steps, eight at least."""
    plan, cells, _ = store
    assert len(cells) == 80
    memory = ScanMemory(4)
    t, device = np.tile(np.arange(6) * 3.0, 60), np.repeat(np.arange(60, dtype=np.uint64), 6)
    order = np.argsort(t, kind="stable")
    rssi = np.full((360, 4), -60.0, np.float32)
    nothing = np.full_like(rssi, np.nan)
    memory.add(Scans(t[order], device[order], rssi, nothing, nothing, np.zeros_like(rssi)))
    monkeypatch.setattr(crowd_em, "MOST_ENTRIES", 80 * 40 * 40)
    drawn = {}
    for fewest in (80, 81, 4 * 80 + 1):
        monkeypatch.setattr(crowd_em, "FEWEST_CELLS", fewest)
        crowd = CrowdLearning(plan, walkable_cells(plan, 0.25))
        drawn[fewest] = len(crowd.draw(memory, np.random.default_rng(0)))
    assert drawn == {80: 40, 81: 10, 321: 8}


@pytest.mark.parametrize(("devices", "each", "enough"), [(8, 25, True), (10, 20, True), (8, 24, False), (7, 30, False)])
def test_a_crowd_is_eight_phones_and_two_hundred_scans(
    store: tuple[Plan, Cells, FittedLaw], rounds: pytest.MonkeyPatch, devices: int, each: int, enough: bool
) -> None:
    plan, cells, law = store
    rounds.setattr(crowd_em, "MARGIN", -np.inf)
    n = devices * each
    t, device = np.repeat(2.0 * np.arange(each), devices), np.tile(np.arange(devices, dtype=np.uint64), each)
    rssi = np.random.default_rng(2).normal(-60.0, 4.0, (n, 4)).astype(np.float32)
    nothing = np.full_like(rssi, np.nan)
    memory = ScanMemory(4)
    memory.add(Scans(t, device, rssi, nothing, nothing, np.zeros_like(rssi)))
    learnt = CrowdLearning(plan, cells).learn(law, memory, np.random.default_rng(0))
    assert (learnt is not None) is enough


def test_every_fourth_phone_judges_what_the_others_taught(
    store: tuple[Plan, Cells, FittedLaw], rounds: pytest.MonkeyPatch
) -> None:
    plan, cells, law = store
    rounds.setattr(crowd_em, "MARGIN", -np.inf)
    t, device = np.repeat(2.0 * np.arange(25), 8), np.tile(np.arange(8, dtype=np.uint64), 25)
    rssi = np.random.default_rng(2).normal(-60.0, 4.0, (200, 4)).astype(np.float32)
    nothing = np.full_like(rssi, np.nan)
    memory, crowd = ScanMemory(4), CrowdLearning(plan, cells)
    memory.add(Scans(t, device, rssi, nothing, nothing, np.zeros_like(rssi)))
    drawn = crowd.draw(memory, np.random.default_rng(0))
    gains = [crowd.cross_validate(law, drawn, drawn.device % 4 == k).gain for k in range(4)]
    learnt = crowd.learn(law, memory, np.random.default_rng(0))
    assert learnt is not None
    assert [gain == learnt.gain for gain in gains] == [False, False, False, True]
