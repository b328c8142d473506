"""A lag by its bookkeeping: which fix is given when, from which scans, and what smoothing makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan
from engine.positioning.bayes import moments
from engine.positioning.fix_points import PlainFixes
from engine.positioning.lagged import Smoother
from engine.positioning.locator import Locator
from engine.positioning.motion.smoothing import TrackStep, smooth
from engine.records import Scans
from tests.engine.positioning.stores import hall

LAG_S = 10.0


@pytest.fixture(scope="module")
def store() -> tuple[Plan, Cells]:
    plan = hall()
    return plan, walkable_cells(plan, 1.0)


def scans(*heard: tuple[float, int], seed: int = 1) -> Scans:
    """(time, device) each, of five access points around the middle of the hall."""
    n = len(heard)
    rng = np.random.default_rng(seed)
    rssi = (np.array([-66.0, -66.0, -66.0, -66.0, -50.0]) + rng.normal(0, 3, (n, 5))).astype(np.float32)
    nothing = np.full((n, 5), np.nan, np.float32)
    t, device = (np.array(c) for c in zip(*heard, strict=True))
    return Scans(t.astype(np.float64), device.astype(np.uint64), rssi, nothing, nothing, np.zeros((n, 5), np.float32))


class Recorded:
    """A locator behind a smoother, and every step that it noted."""

    def __init__(self, store: tuple[Plan, Cells]) -> None:
        self.locator = Locator(*store)
        self.smoother = Smoother(self.locator, LAG_S)
        self.steps: dict[int, list[TrackStep]] = {}
        self.causal: list[PlainFixes] = []

    def push(self, given: Scans) -> PlainFixes:
        fixes = PlainFixes.of(self.locator.locate(given))
        self.causal.append(fixes)
        assert self.locator.steps is not None
        for device, kept in self.locator.steps.items():
            known = self.steps.setdefault(device, [])
            known += [s for s in kept if not known or s.t > known[-1].t]
        return self.smoother.after(fixes)

    def want(self, device: int, t: float) -> tuple[np.ndarray, np.ndarray]:
        """The place of the fix at `t`, from steps up to LAG_S later."""
        within = [s for s in self.steps[device] if t <= s.t <= t + LAG_S]
        row = smooth(self.locator.graph, self.locator.motion, within)
        _, xy, cov = moments(self.locator.site, row[None])
        store = self.locator.store_wider(np.array([t]), np.zeros(1, np.bool_))
        return xy[0], cov[0] * within[0].wider * store[0]


def test_a_fix_is_given_once_the_clock_has_gone_on_by_more_than_the_lag(store: tuple[Plan, Cells]) -> None:
    made = Recorded(store)
    assert len(made.push(scans((100.0, 1), (101.0, 2))).t) == 0
    assert len(made.push(scans((105.0, 1))).t) == 0
    assert len(made.push(scans((110.0, 1))).t) == 0  # exactly the lag
    first = made.push(scans((111.5, 2)))
    assert first.t.tolist() == [100.0, 101.0]
    assert first.device.tolist() == [1, 2]
    assert made.push(scans((120.5, 1))).t.tolist() == [105.0, 110.0]
    assert len(made.push(scans((119.0, 2))).t) == 0  # the clock does not go back
    rest = made.smoother.rest()
    assert list(zip(rest.t.tolist(), rest.device.tolist(), strict=True)) == [(111.5, 2), (119.0, 2), (120.5, 1)]
    assert len(made.smoother.rest().t) == 0


def test_each_is_smoothed_with_the_scans_of_its_own_device_within_the_lag(store: tuple[Plan, Cells]) -> None:
    made = Recorded(store)
    heard = [(float(t), d) for t in range(0, 40, 2) for d in (1, 2) if t % 6 or d == 1]
    given = [made.push(scans(*heard[k : k + 3], seed=k)) for k in range(0, len(heard), 3)]
    given.append(made.smoother.rest())
    found = PlainFixes.concat(given)
    assert sorted(zip(found.t.tolist(), found.device.tolist(), strict=True)) == heard
    for i in range(len(found.t)):
        xy, cov = made.want(int(found.device[i]), float(found.t[i]))
        np.testing.assert_allclose([found.x_m[i], found.y_m[i]], xy, rtol=1e-5)
        np.testing.assert_allclose(found.cov_m2[i], cov, rtol=1e-4, atol=1e-5)
    causal = PlainFixes.concat(made.causal)
    assert np.abs(np.sort(causal.x_m) - np.sort(found.x_m)).max() > 0.05  # later scans did change them
    assert (found.n_ap == 5).all()
    assert (found.level == 0).all()


def test_a_scan_whose_fix_was_not_given_is_in_nobodys_way(store: tuple[Plan, Cells]) -> None:
    made = Recorded(store)
    first = PlainFixes.of(made.locator.locate(scans((0.0, 1), (2.0, 1), (4.0, 1))))
    assert len(made.smoother.after(first.take(slice(1, 3))).t) == 0  # the first was too vague
    rest = made.smoother.rest()
    assert rest.t.tolist() == [2.0, 4.0]


def test_what_no_fix_looks_back_at_is_forgotten(store: tuple[Plan, Cells]) -> None:
    made = Recorded(store)
    made.push(scans((0.0, 1), (0.0, 2)))
    assert made.locator.steps is not None
    assert set(made.locator.steps) == {1, 2}
    made.push(scans((30.0, 2)))
    assert set(made.locator.steps) == {2}
