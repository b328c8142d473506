"""Access points that hear each other: better fixes, never from the future."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.plan.model import Plan
from engine.positioning.learning.self_calibration import FIRST_FIT_S, SelfCalibration, links_of
from engine.positioning.offline import self_calibrated_maps
from engine.radio.pathloss import cell_geometry, mean_dbm
from engine.radio.radiomap import RadioMap, prior_map
from engine.records import Hearings, Readings, Scans
from tests.engine.positioning.stores import CORNERS, hall, shelved
from tests.engine.radio.hanging.made import PLAN, hear_each_other, interchange

SEVEN = (*CORNERS, (10.0, 1.0), (10.0, 11.0))


SPREAD = ((3.0, 3.0), (20.0, 3.0), (37.0, 3.0), (3.0, 22.0), (20.0, 22.0), (37.0, 22.0))


def hearings(plan: Plan, exponent: float, times: np.ndarray) -> Hearings:
    rng = np.random.default_rng(0)
    rows = []
    for i, speaker in enumerate(plan.access_points):
        for j, listener in enumerate(plan.access_points):
            if i != j:
                d = np.hypot(speaker.x_m - listener.x_m, speaker.y_m - listener.y_m)
                rows += [(t, i, j, -30 - 10 * exponent * np.log10(d) + rng.normal(0, 2)) for t in times]
    t, heard, ap, rssi = (np.array(c) for c in zip(*rows, strict=True))
    nan = np.full(len(t), np.nan, np.float32)
    return Hearings(t, heard.astype(np.int32), ap.astype(np.int32), rssi.astype(np.float32), nan)


def plain() -> Plan:
    base = shelved()
    from engine.plan.model import AccessPoint

    aps = tuple(AccessPoint(f"ap{i}", "0", x, y, 2.8, "", None, None) for i, (x, y) in enumerate(SEVEN))
    return Plan("plain", "Plain", "UTC", "EUR", None, base.levels, access_points=aps)


def test_the_exponent_is_learnt() -> None:
    plan = plain()
    cells = walkable_cells(plan, 0.5)
    learner = SelfCalibration(plan, cells)
    learner.add(hearings(plan, 3.3, np.array([0.0, 10.0])))
    assert learner.fit(FIRST_FIT_S - 1) is None
    learnt = learner.fit(FIRST_FIT_S)
    assert learnt is not None
    geometry = cell_geometry(plan, cells)
    truth = mean_dbm(geometry, np.full(7, -40.0), np.full(7, 3.3))
    before = prior_map(plan, cells).mean_dbm

    def contrast(m: np.ndarray) -> float:
        return float(np.sqrt(np.mean(((m - m.mean()) - (truth - truth.mean())) ** 2)))

    assert contrast(learnt.mean_dbm) < 0.8 * contrast(before)


def test_maps_are_made_of_earlier_hearings_only_and_ever_more_rarely() -> None:
    plan = plain()
    cells = walkable_cells(plan, 0.5)
    all_of_it = hearings(plan, 2.8, np.arange(0.0, 900.0, 10.0))
    maps = self_calibrated_maps(plan, cells, all_of_it)
    times = [t for t, _ in maps]
    assert times == [15.0, 30.0, 60.0, 120.0, 240.0, 480.0]
    for t, radio_map in maps:
        keep = all_of_it.t < t
        early = all_of_it.take(keep)
        learner = SelfCalibration(plan, cells)
        learner.add(early)
        again = learner.fit(t)
        assert again is not None
        np.testing.assert_allclose(radio_map.mean_dbm, again.mean_dbm, atol=1e-3)


def test_a_checkpoint_goes_on_the_same() -> None:
    plan = plain()
    cells = walkable_cells(plan, 0.5)
    one, two = SelfCalibration(plan, cells), SelfCalibration(plan, cells)
    one.add(hearings(plan, 2.8, np.array([0.0, 5.0])))
    two.restore(one.state())
    more = hearings(plan, 2.9, np.array([12.0]))
    one.add(more)
    two.add(more)
    a, b = one.fit(20.0), two.fit(20.0)
    assert a is not None
    assert b is not None
    np.testing.assert_array_equal(a.mean_dbm, b.mean_dbm)
    assert one.due_at == two.due_at


def test_after_a_crash_the_map_in_use_is_made_again_to_the_bit() -> None:
    plan = plain()
    cells = walkable_cells(plan, 0.5)
    one, two = SelfCalibration(plan, cells), SelfCalibration(plan, cells)
    assert one.map_in_use() is None
    one.add(hearings(plan, 2.8, np.array([0.0, 5.0])))
    fitted = one.fit(20.0)
    one.add(hearings(plan, 3.5, np.array([21.0])))  # not in the map yet
    two.restore(one.state())
    again = two.map_in_use()
    assert fitted is not None
    assert again is not None
    np.testing.assert_array_equal(fitted.mean_dbm, again.mean_dbm)


def test_hearings_as_decoders_give_them() -> None:
    f = np.array([-60.0], np.float32)
    nan = np.full(1, np.nan, np.float32)
    links = links_of(Readings(np.array([1.0]), np.array([3], np.uint64), np.array([2], np.int32), f, nan, nan))
    assert (links.heard.tolist(), links.ap.tolist(), links.rssi_dbm.tolist()) == ([3], [2], [-60.0])


def test_silence_needs_no_fits_however_long_it_is() -> None:
    plan = plain()
    cells = walkable_cells(plan, 0.5)
    early, late = (
        hearings(plan, 2.8, np.arange(0.0, 100.0, 10.0)),
        hearings(plan, 2.8, 3e9 + np.arange(0.0, 40.0, 10.0)),
    )
    both = Hearings.concat([early, late])
    times = [t for t, _ in self_calibrated_maps(plan, cells, both)]
    assert times[:3] == [15.0, 30.0, 60.0]
    assert len(times) <= 7


HEARD_AT = np.array([0.0, 10.0, 4000.0, 9000.0])
DUE_AT = [0.0, 15.0, 4000.0, 7680.0]
"""15 s after the first one, then whenever the span has doubled (7,680 s: nine times) and more was heard."""


@pytest.mark.parametrize("of", ["scans", "hearings", "both"])
def test_maps_are_due_while_anything_is_heard(of: str) -> None:
    plan = hall()
    cells, n = walkable_cells(plan, 1.0), len(HEARD_AT)
    rssi = np.full((n, 5), -60.0, np.float32)
    none = np.full_like(rssi, np.nan)
    scans = Scans(HEARD_AT, np.arange(n, dtype=np.uint64), rssi, none, none, np.zeros_like(rssi))
    one = np.full(n, -60.0, np.float32), np.full(n, np.nan, np.float32)
    links = Hearings(HEARD_AT, np.zeros(n, np.int32), np.ones(n, np.int32), *one)
    reached: list[float] = []
    given = Hearings.empty() if of == "scans" else links, None if of == "hearings" else scans
    self_calibrated_maps(plan, cells, *given, reached.append)
    assert reached == DUE_AT
    assert self_calibrated_maps(plan, cells, Hearings.empty(), scans.take(np.empty(0, np.int64))) == []


def test_access_points_that_report_one_level_of_all_teach_nothing() -> None:
    plan = plain()
    cells, links = walkable_cells(plan, 1.0), hearings(plan, 3.3, np.array([0.0, 10.0, 20.0]))
    constant = replace(links, rssi_dbm=np.full_like(links.rssi_dbm, -50.0))
    assert self_calibrated_maps(plan, cells, constant) == []
    one = replace(links, rssi_dbm=np.where(links.ap == 2, np.float32(-40.0), links.rssi_dbm))
    (found,), (without,) = (self_calibrated_maps(plan, cells, rows) for rows in (one, links.take(links.ap != 2)))
    np.testing.assert_array_equal(found[1].mean_dbm, without[1].mean_dbm)


def test_access_points_that_are_interchanged_say_nothing_of_places_and_a_restore_knows_them() -> None:
    plan = interchange(PLAN, 1, 5)
    cells = walkable_cells(plan, 2.0)
    learner, right = SelfCalibration(plan, cells), SelfCalibration(PLAN, cells)
    for each in (learner, right):
        each.add(hear_each_other(PLAN, 0, 2.5))
    learnt, sound = learner.fit(FIRST_FIT_S), right.fit(FIRST_FIT_S)
    assert learnt is not None
    assert sound is not None
    assert (learner.faults.misplaced.tolist(), right.faults.misplaced.tolist()) == ([1, 5], [])
    assert np.flatnonzero(np.ptp(learnt.mean_dbm, axis=1) < 1e-3).tolist() == [1, 5]
    assert (np.ptp(sound.mean_dbm, axis=1) > 5.0).all()
    again = SelfCalibration(plan, cells)
    again.restore(learner.state())
    assert again.faults.wrong == learner.faults.wrong
    back = again.map_in_use()
    assert back is not None
    np.testing.assert_array_equal(back.mean_dbm, learnt.mean_dbm)
    np.testing.assert_array_equal(back.sigma_db, learnt.sigma_db)
    before = {name: value for name, value in learner.state().items() if name != "faults"}
    again.restore(before)
    assert again.faults.wrong == learner.faults.wrong, "checkpoints of before do not hold them: they are found again"


def test_an_access_point_that_always_says_the_same_teaches_nothing() -> None:
    """At -10 dBm it bent the law of all: the map that was learnt put people 2.2 times as far off as without it."""
    plan, rng = hall(40.0, 25.0, SPREAD), np.random.default_rng(4)
    scans = wanderers(plan, rng)
    stuck, silent = (replace(scans, rssi_dbm=scans.rssi_dbm.copy()) for _ in range(2))
    stuck.rssi_dbm[:, 1], silent.rssi_dbm[:, 1] = -10.0, np.nan
    fits = [fitted(plan, own) for own in (stuck, silent)]
    for mean in ("mean_dbm", "sigma_db"):
        np.testing.assert_allclose(*(np.delete(getattr(fit, mean), 1, axis=0) for fit in fits), atol=1e-4)


def wanderers(plan: Plan, rng: np.random.Generator) -> Scans:
    """Eight phones in two minutes, each somewhere else every quarter of one."""
    t, device = np.repeat(np.arange(0.0, 120.0, 3.0), 8), np.tile(np.arange(8, dtype=np.uint64), 40)
    leg = (t // 15.0).astype(np.int64)
    at = rng.uniform((0.0, 0.0), (40.0, 25.0), (8, 8, 2))[leg, device.astype(np.int64)]
    where = np.array([(p.x_m, p.y_m) for p in plan.access_points])
    away = np.hypot(np.linalg.norm(at[:, None] - where, axis=2), 1.6)
    rssi = -38.0 - 25.0 * np.log10(away) + rng.normal(0.0, 3.0, 8)[device.astype(np.int64)][:, None]
    rssi = (rssi + rng.normal(0.0, 4.0, rssi.shape)).astype(np.float32)
    nothing = np.full_like(rssi, np.nan)
    return Scans(t, device, rssi, nothing, nothing, np.zeros_like(rssi))


def fitted(plan: Plan, scans: Scans) -> RadioMap:
    learner = SelfCalibration(plan, walkable_cells(plan, 1.0))
    learner.add_scans(scans)
    learner.skip(100.0)
    made = learner.fit(121.0)
    assert made is not None
    return made
