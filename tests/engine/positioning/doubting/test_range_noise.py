"""How long the errors of a store's ranges last, and how large they are, as its own scans tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.positioning.doubting.own_fit import own_fit
from engine.positioning.doubting.range_noise import DEFAULT_FREEDOM, MOST_SCANS, PERIOD_S, RangeNoise, StoreRanges
from engine.positioning.locator import Locator
from engine.positioning.measurement.site import Site
from engine.positioning.measurement.site_build import site_of
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.radio.radiomap import prior_map
from engine.records import Scans
from tests.engine.positioning import tiny
from tests.engine.positioning.stores import CORNERS, hall

START = 1_000_000.0  # where a period begins
EVERY_S = 2.0


@pytest.fixture(scope="module")
def site() -> Site:
    plan = hall()
    cells = walkable_cells(plan, 1.0)
    return site_of(plan, cells, prior_map(plan, cells), DEFAULT_SETTINGS)


def walked(sigma_m: float, lasts_s: float = 0.0, scans: int = 60, device: int = 1, n_ap: int = 5) -> Scans:
    """A scan every 2 s while somebody goes around; errors that last so long (exponentially), seeded by the device."""
    rng = np.random.default_rng(device)
    t = EVERY_S * np.arange(scans) + 0.01 * device
    x, y = 10 + 6 * np.cos(0.1 * t), 6 + 3 * np.sin(0.1 * t)
    error = rng.normal(0, sigma_m, (scans, len(CORNERS)))
    keeps = np.exp(-EVERY_S / lasts_s) if lasts_s else 0.0
    for k in range(1, scans):
        error[k] = keeps * error[k - 1] + np.sqrt(1 - keeps**2) * error[k]
    ranges = np.sqrt([(x - a) ** 2 + (y - b) ** 2 + 1.6**2 for a, b in CORNERS]).T + 0.5 + error
    ranges[:, n_ap:] = np.nan
    nothing = np.full(ranges.shape, np.nan, np.float32)
    return Scans(START + t, np.full(scans, device, np.uint64), nothing, ranges.astype(np.float32), nothing, nothing)


def together(*parts: Scans) -> Scans:
    both = Scans.concat(parts)
    return both.take(np.argsort(both.t, kind="stable"))


def after(site: Site, scans: Scans) -> tuple[float, float]:
    """Share of the default memory, and exactness, of a scan that comes after all these."""
    store = StoreRanges(site, DEFAULT_SETTINGS)
    store.take_in(scans)
    noise = store.take_in(replace(scans.take(slice(0, 1)), t=scans.t[-1:] + PERIOD_S))
    assert noise.memory_s[0] == pytest.approx(6.0 * noise.lasting[0])
    return float(noise.lasting[0]), float(noise.exactness[0])


def test_the_equations_written_out(site: Site) -> None:
    scans = walked(0.8, 1.5, scans=3).take(np.array([0, 1, 2]))  # at 0, 2 and 4 s: one period
    fit = own_fit(site, scans, DEFAULT_SETTINGS)
    first, second = fit.take(slice(0, 2)), fit.take(slice(1, 3))
    own, shared = fit.squares / fit.freedom, first.shared_freedom(second)
    as_if = (shared * (own[:2] + own[1:]) / 2).sum()
    rho, freedom = first.product(second).sum() / as_if, shared.sum()
    wanted = (rho * freedom + DEFAULT_FREEDOM * 6 / (6 + 2 * EVERY_S)) / (freedom + DEFAULT_FREEDOM)
    memory = 2 * EVERY_S * wanted / (1 - wanted)  # of rho = memory / (memory + 2 dt)
    lasting, exactness = after(site, scans)
    assert lasting == pytest.approx(min(memory / 6, 1.0), abs=0.01)  # between the memories tried it is linear
    variance = (fit.squares.sum() + DEFAULT_FREEDOM) / (fit.freedom.sum() + DEFAULT_FREEDOM)
    assert exactness == pytest.approx(np.clip(1 / variance, 1.0, 2.0) ** (1 - lasting), rel=1e-6)


def test_errors_that_do_not_last_are_found_and_how_small_they_are(site: Site) -> None:
    lasting, exactness = after(site, walked(0.8))
    assert lasting < 0.1
    assert exactness == pytest.approx(1 / 0.8**2, rel=0.2)
    assert after(site, walked(0.2))[1] == pytest.approx(2.0, abs=0.1)  # a cell of 1 m holds no more
    assert after(site, walked(1.6))[1] == 1.0  # never less than the map says


def test_errors_that_last_leave_the_default(site: Site) -> None:
    assert after(site, walked(0.8, 20.0)) == (1.0, 1.0)
    half = after(site, together(*(walked(0.8, 2.0, device=d) for d in range(1, 6))))[0]
    assert 0.2 < half < 0.8  # rho(2 s) is 0.37, which a memory of 2.3 s has


def test_few_scans_of_few_ranges_leave_the_default(site: Site) -> None:
    assert after(site, walked(0.8, scans=1))[0] == 1.0
    assert after(site, walked(0.8, n_ap=3)) == (1.0, 1.0)
    store = StoreRanges(site, DEFAULT_SETTINGS)
    noise = store.take_in(walked(0.8, scans=3))
    for name in RangeNoise.__slots__:  # the first period has nothing to go by
        np.testing.assert_array_equal(getattr(noise, name), getattr(RangeNoise.usual(3, DEFAULT_SETTINGS), name))
    far = walked(0.8)
    assert after(site, replace(far, t=START + 100.0 * np.arange(len(far))))[0] == 1.0  # nothing follows on anything


def test_one_device_of_three_does_not_say_it_for_all(site: Site) -> None:
    lasting = [walked(0.8, 30.0, device=d) for d in (1, 2)]
    odd = walked(0.3, device=3)
    assert after(site, odd)[0] < 0.1
    assert after(site, together(*lasting, odd))[0] == 1.0


def test_in_whatever_order_and_batches_and_restored(site: Site) -> None:
    scans = together(*(walked(0.7, lasts, device=d) for d, lasts in ((1, 0.0), (2, 1.0), (3, 4.0))))
    want = StoreRanges(site, DEFAULT_SETTINGS).take_in(scans)
    assert len(np.unique(want.lasting)) > 10
    store, parts = StoreRanges(site, DEFAULT_SETTINGS), []
    for i in range(0, len(scans), 7):
        parts.append(store.take_in(scans.take(slice(i, i + 7))))
        state, store = store.state(), StoreRanges(site, DEFAULT_SETTINGS)
        store.restore(state)
    shuffled = np.random.default_rng(1).permutation(len(scans))
    mixed = StoreRanges(site, DEFAULT_SETTINGS).take_in(scans.take(shuffled))
    for name in RangeNoise.__slots__:
        np.testing.assert_allclose(getattr(RangeNoise.concat(parts), name), getattr(want, name), rtol=1e-9)
        np.testing.assert_allclose(getattr(mixed, name), getattr(want, name)[shuffled], rtol=1e-9)


def test_of_a_crowd_a_part_is_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = together(*(walked(0.8, scans=12, device=d) for d in range(1, 201)))
    asked: list[int] = []

    def counted(site: Site, scans: Scans, settings: object) -> object:
        asked.append(len(scans))
        return own_fit(site, scans, DEFAULT_SETTINGS)

    monkeypatch.setattr("engine.positioning.doubting.range_noise.own_fit", counted)
    store = StoreRanges(site, DEFAULT_SETTINGS)
    for period in range(4):
        now = np.floor((crowd.t - START) / PERIOD_S) == period
        store.take_in(crowd.take(now))
    assert asked[0] == (crowd.t < START + PERIOD_S).sum() > 400  # nobody knew yet
    assert max(asked[1:]) < 1.5 * MOST_SCANS
    assert min(asked[1:]) > 0.5 * MOST_SCANS
    by_period = asked.copy()
    StoreRanges(site, DEFAULT_SETTINGS).take_in(crowd.take(crowd.t < START + 4 * PERIOD_S))
    assert asked[len(by_period) :] == by_period  # all at once the same


def test_a_crowd_is_told_by_how_many_scans_could_be_asked_in_the_period_before() -> None:
    store = StoreRanges(tiny.site(), DEFAULT_SETTINGS)
    many = np.array([10, 20, 30, 40])
    assert store._many_before(np.arange(4.0), many).tolist() == [0, 10, 20, 30]
    assert store._many_before(np.arange(1.0), many[:1]).tolist() == [0]
    store._period, store._many, store._before = 7.0, 3, 2
    assert store._many_before(np.array([7.0, 8.0, 9.0, 10.0]), many).tolist() == [2, 3 + 10, 20, 30]
    assert store._many_before(np.array([8.0, 9.0, 10.0, 11.0]), many).tolist() == [3, 10, 20, 30]


def test_a_store_forgets_everything_alike_once_it_knows_enough(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after a period closes it."""
    scans = walked(0.8, 1.5, scans=4)

    def kept() -> dict[str, np.ndarray]:
        store = StoreRanges(site, DEFAULT_SETTINGS)
        store.take_in(scans)
        state = store.state()
        return {name: np.asarray(state[name]) for name in ("sums", "foreseen", "of_each")}

    assert len(np.unique(np.floor(scans.t / PERIOD_S))) == 2
    whole = kept()
    monkeypatch.setattr("engine.positioning.doubting.range_noise.FORGETS_AFTER", 0.5 * whole["sums"][3])
    half = kept()
    for name, value in whole.items():
        np.testing.assert_allclose(half[name], 0.5 * value, rtol=1e-12, err_msg=name)
        assert np.abs(value).sum() > 0


def test_who_is_forgotten_has_no_scan_before(site: Site) -> None:
    store = StoreRanges(site, DEFAULT_SETTINGS)
    store.take_in(together(walked(0.8, scans=3), walked(0.8, scans=3, device=2)))
    assert store.state()["last"]["device"].tolist() == [1, 2]
    store.forget(np.array([1], np.uint64))
    assert store.state()["last"]["device"].tolist() == [2]
    assert set(store.state()["pending"]["device"].tolist()) == {2}
    later = replace(walked(0.8, scans=1, device=3), t=np.array([START + 100.0]))
    store.take_in(later)  # who was last heard long ago says nothing of what lasts
    assert store.state()["last"]["device"].tolist() == [3]


def test_a_clock_that_is_set_back_starts_anew(site: Site) -> None:
    store, scans = StoreRanges(site, DEFAULT_SETTINGS), walked(0.8)
    store.take_in(walked(0.8, scans=3))
    late = store.take_in(replace(scans, t=scans.t - 200.0))
    assert (late.lasting == 1.0).all()  # late scans are of the period under way
    early = store.take_in(replace(scans, t=scans.t - 1000.0))
    assert early.lasting[0] < early.lasting[-1] + 0.1 < 0.3  # what was learnt stays
    assert store.state()["period"] == np.floor((scans.t[-1] - 1000.0) / PERIOD_S)


def test_a_checkpoint_of_before_leaves_the_default(site: Site) -> None:
    plan = hall()
    one, two = (Locator(plan, site.cells) for _ in range(2))
    one.locate(walked(0.8, scans=20))
    state = one.state()
    assert state["ranges"]["now"][0] < 0.5
    two.restore({name: part for name, part in state.items() if name != "ranges"})
    assert two.state()["ranges"]["now"].tolist() == [1.0, 1.0]
    two.restore(state)
    np.testing.assert_array_equal(two.state()["ranges"]["now"], state["ranges"]["now"])


@pytest.mark.parametrize("bad", range(5))
def test_an_access_point_whose_ranges_contradict_the_others_is_left_aside(site: Site, bad: int) -> None:
    """Eight metres too long, its errors last, and most of what is left of a scan is its own. The others do not last."""
    honest = walked(0.8, scans=60)
    wrong = honest.range_m.copy()
    wrong[:, bad] += 8.0
    scans, store = replace(honest, range_m=wrong), StoreRanges(site, DEFAULT_SETTINGS)
    lasting = store.take_in(scans).lasting
    assert lasting[-1] < 0.1
    assert np.flatnonzero(store.state()["aside"]).tolist() == [bad]
    by_one = StoreRanges(site, DEFAULT_SETTINGS)
    each = [by_one.take_in(scans.take(np.array([i]))).lasting[0] for i in range(len(scans))]
    np.testing.assert_array_equal(lasting, each)
