"""Learning from unlabelled readings: taken only when it explains readings it was not fitted on."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.plan.model import Plan
from engine.positioning.learning import crowd as learning
from engine.positioning.learning.crowd import COVERED, MANY_AP, WHOLE_CROWD, _better_of, _hold_out, calibrate_store
from engine.positioning.learning.crowd_em import CrowdLearning
from engine.positioning.learning.tracklets import ScanMemory, Stretches
from engine.positioning.locator import Locator
from engine.positioning.windows import ScanWindows
from engine.radio import soft_fit
from engine.radio.calibrate import calibrate
from engine.radio.evidence import Evidence, EvidenceKind, evidence_at
from engine.radio.evidence_sources import hearings_evidence
from engine.radio.pathloss import cell_geometry, log_distance
from engine.radio.radiomap import prior_map
from engine.records import Hearings, Readings
from tests.engine.positioning.stores import Walk, hall, hear, shelved, walk

NOBODY = Hearings.empty()

SIX = ((1.0, 1.0), (20.0, 1.0), (39.0, 1.0), (1.0, 24.0), (20.0, 24.0), (39.0, 24.0))
PERIMETER = (*SIX, (10.0, 1.0), (30.0, 1.0), (10.0, 24.0), (30.0, 24.0), (1.0, 12.0), (39.0, 12.0))
"""Twelve access points of a hall of 40 x 25 m: one phone's readings are more than its places need."""
WEAK, WEAK_DB = 3, 12.0
MOVED, OTHER = 3, 8


def route(rng: np.random.Generator, seconds: float = 240.0) -> Walk:
    """Up and down one aisle of the hall."""
    t = np.arange(0.0, seconds, 1.0)
    x = 4.0 + np.abs((t % 60.0) - 30.0)
    return Walk(t, x, np.full(len(t), 8.0) + rng.normal(0, 0.1, len(t)))


def anywhere(rng: np.random.Generator, seconds: float = 240.0) -> Walk:
    """From place to place in the hall, at 1 m/s."""
    turns = rng.uniform((1.0, 1.0), (39.0, 24.0), (int(seconds), 2))
    far = np.r_[0.0, np.cumsum(np.hypot(*np.diff(turns, axis=0).T))]
    t = np.arange(0.0, seconds, 1.0)
    return Walk(t, np.interp(t, far, turns[:, 0]), np.interp(t, far, turns[:, 1]))


def weak(plan: Plan, walks: list[Walk], rng: np.random.Generator) -> Readings:
    """Phones' readings in a store with a broken antenna."""
    parts = [hear(plan, w, rng, i, offset_db=float(rng.normal(0, 4))) for i, w in enumerate(walks)]
    readings = Readings.concat(parts)
    readings.rssi_dbm[readings.ap == WEAK] -= WEAK_DB
    return readings


def median_error(locator: Locator, readings: Readings, w: Walk) -> float:
    fixes = locator.locate(ScanWindows(locator.site.rssi.mean.shape[0], 3.0).push(readings, np.inf))
    x, y = np.interp(fixes.t, w.t, w.x_m), np.interp(fixes.t, w.t, w.y_m)
    return float(np.median(np.hypot(fixes.x_m - x, fixes.y_m - y)))


def surveyed(plan: Plan, rng: np.random.Generator, with_ranges: bool = False) -> Evidence:
    """The whole hall, a place every 2 m; ranges 3 m too long."""
    at = np.array([(x, y) for x in np.arange(1.0, 40.0, 2.0) for y in np.arange(1.0, 25.0, 2.0)])
    n_ap = len(plan.access_points)
    x, y, ap = np.repeat(at[:, 0], n_ap), np.repeat(at[:, 1], n_ap), np.tile(np.arange(n_ap, dtype=np.int32), len(at))
    place = np.array([(p.x_m, p.y_m, p.z_m) for p in plan.access_points])[ap]
    d = np.sqrt((x - place[:, 0]) ** 2 + (y - place[:, 1]) ** 2 + (place[:, 2] - 1.2) ** 2)
    zero = np.zeros(len(x), np.int32)
    return evidence_at(
        plan,
        kind=EvidenceKind.SURVEYED,
        ap=ap,
        source=zero,
        level=zero,
        x_m=x,
        y_m=y,
        rssi_dbm=-36 - 28 * np.log10(d) + rng.normal(0, 3, len(x)),
        range_m=d + 3.0 if with_ranges else np.full(len(x), np.nan),
        place_sigma_m=np.full(len(x), 0.3),
    )


def ranged(plan: Plan, readings: Readings, w: Walk, rng: np.random.Generator, bias_m: float) -> Readings:
    """The same readings with ranges."""
    place = np.array([(p.x_m, p.y_m, p.z_m) for p in plan.access_points])[readings.ap]
    x, y = np.interp(readings.t, w.t, w.x_m), np.interp(readings.t, w.t, w.y_m)
    d = np.sqrt((x - place[:, 0]) ** 2 + (y - place[:, 1]) ** 2 + (place[:, 2] - 1.2) ** 2)
    readings.range_m[:] = d + bias_m + rng.normal(0, 1.0, len(d))
    return readings


def test_a_crowd_is_used_when_it_helps_and_says_by_how_much() -> None:
    plan = shelved()
    cells = walkable_cells(plan, 0.5)
    rng = np.random.default_rng(8)
    parts = [hear(plan, walk(rng, 300.0), rng, i, offset_db=float(rng.normal(0, 4))) for i in range(1, 7)]
    readings = Readings.concat(parts)
    readings.rssi_dbm[readings.ap == 3] -= 10  # a broken antenna
    result = calibrate_store(plan, cells, hearings_evidence(plan, NOBODY), readings)
    used = r"unlabelled readings used: readings that it was not made of are ([0-9.]+) times as likely by it, scan"
    [times] = re.findall(used, result.notes[-1])
    assert float(times) > 1.05  # exp(0.05): what it has to be to be used
    powers = np.array([f.p0_dbm for f in result.fits])
    assert powers.argmin() == 3
    assert powers[3] < np.delete(powers, 3).mean() - 1.5


def stretches_of(device: list[int], t: list[float]) -> Stretches:
    n = len(device)
    rssi = np.full((n, 1, 1), -60.0, np.float32)
    return Stretches(np.array(t)[:, None], rssi, np.ones(n, np.int64), np.array(device, np.int64))


def test_every_fourth_device_is_held_out_and_of_few_devices_a_part_of_their_time() -> None:
    many = stretches_of([4, 0, 3, 7, 1, 3, 2, 5, 6], [0.0] * 9)
    assert _hold_out(many).tolist() == [False, False, True, True, False, True, False, False, False]
    two = stretches_of([1, 0, 1, 0, 1, 0, 1, 0], [9.0, 9.0, 1.0, 1.0, 5.0, 5.0, 7.0, 7.0])
    assert np.flatnonzero(_hold_out(two)).tolist() == [0, 1], "the fourth in time of each"
    assert np.flatnonzero(_hold_out(two.take(np.array([0, 2, 4, 6])))).tolist() == [0, 2], "of few every second one"


def test_a_handful_of_readings_is_not_a_crowd() -> None:
    plan = shelved()
    rng = np.random.default_rng(8)
    readings = hear(plan, walk(rng, 30.0), rng)
    result = calibrate_store(plan, walkable_cells(plan, 0.5), hearings_evidence(plan, NOBODY), readings)
    assert "too few to learn from" in result.notes[-1]


@pytest.mark.parametrize(("scans", "said"), [
    (39, "39 scans of unlabelled readings follow on each other: too few to learn from"),
    (40, r"unlabelled readings left aside: scans of 4\.0 access points on \d+% of the floor fit a wrong map as well;"
         " let people walk half of it"),
])  # fmt: skip
def test_two_minutes_of_a_phone_that_stands_are_asked_where_it_stood(scans: int, said: str) -> None:
    """Every 3 s four of five access points hear it."""
    plan, n = hall(), 4 * scans
    cells = walkable_cells(plan, 1.0)
    none = np.full(n, np.nan, np.float32)
    t, ap = np.repeat(0.5 + 3.0 * np.arange(scans), 4), np.tile(np.arange(4, dtype=np.int32), scans)
    readings = Readings(t, np.full(n, 7, np.uint64), ap, np.full(n, -60, np.float32), none, none)
    result = calibrate_store(plan, cells, hearings_evidence(plan, NOBODY), readings)
    assert re.fullmatch(said, result.notes[-1])
    np.testing.assert_array_equal(result.radio_map.mean_dbm, prior_map(plan, cells).mean_dbm)


def test_devices_that_only_one_access_point_hears_teach_nothing_and_break_nothing() -> None:
    """Their scans get no fix when they are located, but the crowd goes scan by scan."""
    plan = hall(40.0, 25.0)
    rng = np.random.default_rng(8)
    walker = hear(plan, walk(rng, 240.0), rng)
    n = 60
    none = np.full(n, np.nan, np.float32)
    faint = Readings(
        np.arange(0.0, n), np.full(n, 7, np.uint64), np.zeros(n, np.int32), np.full(n, -66, np.float32), none, none
    )
    cells = walkable_cells(plan, 0.5)
    both = Readings.concat([walker, faint])
    assert Locator(plan, cells).locate(ScanWindows(5, 3.0).push(faint, np.inf)).t.size < n / 3
    result = calibrate_store(plan, cells, hearings_evidence(plan, NOBODY), both)
    assert "unlabelled readings" in result.notes[-1]
    assert np.isfinite(result.radio_map.mean_dbm).all()


def test_one_phone_on_one_route_teaches_nothing_where_few_access_points_hear() -> None:
    """A wrong map explains such a track as well as the true one, held-out parts of it too."""
    plan, rng = hall(40.0, 25.0, SIX), np.random.default_rng(3)
    cells = walkable_cells(plan, 0.5)
    known = hearings_evidence(plan, NOBODY)
    result = calibrate_store(plan, cells, known, weak(plan, [route(rng), route(rng)], rng))
    assert "unlabelled readings left aside" in result.notes[-1]
    assert "% of the floor fit a wrong map as well" in result.notes[-1]
    np.testing.assert_array_equal(result.radio_map.mean_dbm, prior_map(plan, cells).mean_dbm)


def test_one_phone_teaches_where_scans_hold_more_than_their_places_need() -> None:
    plan, rng = hall(40.0, 25.0, PERIMETER), np.random.default_rng(3)
    cells = walkable_cells(plan, 0.5)
    known = hearings_evidence(plan, NOBODY)
    readings = weak(plan, [anywhere(rng, 180.0)], rng)
    heard = np.isfinite(ScanWindows(len(PERIMETER), 3.0).push(readings, np.inf).rssi_dbm).sum(axis=1)
    assert heard.mean() > MANY_AP
    sentences: list[str] = []
    result = calibrate_store(plan, cells, known, readings, sentences.append)
    assert sentences == [f"learning from {len(readings)} unlabelled readings"]
    assert "unlabelled readings used" in result.notes[-1]
    powers = np.array([f.p0_dbm for f in result.fits])
    assert powers.argmin() == WEAK
    assert powers[WEAK] < np.delete(powers, WEAK).mean() - 4.0
    assert all(f.places > 15 for f in result.fits)
    assert result.fits[WEAK].rms_after_db < result.fits[WEAK].rms_before_db
    assert not any("no evidence" in sentence for sentence in result.warnings)
    other = anywhere(rng, 180.0)
    scans = weak(plan, [other], rng)
    before, after = (median_error(Locator(plan, cells, m), scans, other) for m in (None, result.radio_map))
    assert after < 0.98 * before, "an eighth of the map"
    assert (result.radio_map.kept, result.in_map) == (1 / WHOLE_CROWD, 1 / WHOLE_CROWD)
    assert result.notes[-1].endswith("; they are of one device, and fewer than 8 make 12% of the map")


def test_of_few_devices_the_map_is_made_in_part_and_of_eight_as_a_whole() -> None:
    """With n of them in n / 8: mean and variance lie so far between the map without them and theirs."""
    plan, rng = hall(40.0, 25.0, PERIMETER), np.random.default_rng(3)
    cells = walkable_cells(plan, 0.5)
    known = hearings_evidence(plan, NOBODY)
    readings = weak(plan, [anywhere(rng, 120.0) for _ in range(8)], rng)
    other = anywhere(rng, 180.0)
    scans = weak(plan, [other], rng)
    whole = calibrate_store(plan, cells, known, readings)
    few = readings.take(readings.device < 2)
    part = calibrate_store(plan, cells, known, few)
    before = prior_map(plan, cells)
    assert (whole.radio_map.kept, whole.in_map, "devices" in whole.notes[-1]) == (1.0, 1.0, False)
    assert (part.radio_map.kept, part.in_map, part.radio_map.measured) == (0.25, 0.25, 0.25)
    assert part.notes[-1].endswith("; they are of 2 devices, and fewer than 8 make 25% of the map")
    variance = part.radio_map.sigma_db[:, 0].astype(np.float64) ** 2
    assert np.all(variance > 0.75 * before.sigma_db[:, 0] ** 2)
    assert np.all(variance < before.sigma_db[:, 0].max() ** 2)
    errors = [median_error(Locator(plan, cells, m), scans, other) for m in (None, part.radio_map, whole.radio_map)]
    assert errors[2] < 0.9 * errors[0]
    assert errors[2] < errors[1] < errors[0]


def moved(at: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    """The hall's twelve, of which the plan has the fourth at another place."""
    return (*PERIMETER[:MOVED], at, *PERIMETER[MOVED + 1 :])


def links(plan: Plan, rng: np.random.Generator) -> Hearings:
    """What the plan's access points hear of each other."""
    at = np.array([(p.x_m, p.y_m) for p in plan.access_points])
    heard, ap = np.nonzero(~np.eye(len(at), dtype=bool))
    rssi = -36 - 28 * np.log10(np.hypot(*(at[heard] - at[ap]).T)) + rng.normal(0, 2, len(ap))
    none = np.full(len(ap), np.nan, np.float32)
    return Hearings(np.zeros(len(ap)), heard.astype(np.int32), ap.astype(np.int32), rssi.astype(np.float32), none)


@pytest.fixture
def wrong_plan(monkeypatch: pytest.MonkeyPatch) -> tuple[Plan, Plan, Readings, np.random.Generator]:
    """The hall as it is and as it is told, with one access point in its middle, and readings of sixteen people. An open
    hall casts no shadows: a minute of them tells what takes a day in a shop."""
    monkeypatch.setattr(soft_fit, "SHADOWS_DB", soft_fit.FIELD_DB)
    rng = np.random.default_rng(3)
    true, told = hall(40.0, 25.0, PERIMETER), hall(40.0, 25.0, moved((20.0, 12.0)))
    readings = Readings.concat([hear(true, anywhere(rng), rng, i) for i in range(16)])
    readings.rssi_dbm[readings.ap == OTHER] -= WEAK_DB  # which is to be learnt all the same
    return true, told, readings, rng


@pytest.mark.parametrize("with_links", [False, True])
def test_an_access_point_that_hangs_elsewhere_is_named_and_left_out(
    wrong_plan: tuple[Plan, Plan, Readings, np.random.Generator], with_links: bool
) -> None:
    """A crowd's map would bend around it, foresee scans better and put people worse."""
    true, told, readings, rng = wrong_plan
    cells = walkable_cells(told, 0.5)
    known = hearings_evidence(told, links(true, rng) if with_links else NOBODY)
    result = calibrate_store(told, cells, known, readings)
    of_it = [s for s in result.warnings if s.startswith(told.access_points[MOVED].id)]
    assert of_it == [s for s in result.warnings if "hang" in s], "its place is the one thing to be told of it"
    assert of_it == [
        f"{told.access_points[MOVED].id} does not seem to hang where the plan says, by what readings without places ask"
        " of the floor: left aside; go and look"
    ]
    assert np.ptp(result.radio_map.mean_dbm[MOVED]) == 0.0, "it may hang anywhere"
    assert "unlabelled readings used" in result.notes[-1]
    fit = result.fits[MOVED]
    assert fit.places == 0
    assert np.isnan([fit.rms_before_db, fit.rms_after_db, fit.p0_dbm, fit.exponent]).all(), (
        "of no law, as the map has it"
    )
    other = anywhere(rng)
    scans = hear(true, other, rng)
    scans.rssi_dbm[scans.ap == OTHER] -= WEAK_DB
    before, after = (median_error(Locator(told, cells, m), scans, other) for m in (None, result.radio_map))
    assert after < 0.95 * before


def test_of_one_that_no_device_was_heard_by_the_law_is_told_that_the_map_has() -> None:
    plan, rng = hall(40.0, 25.0, PERIMETER), np.random.default_rng(3)
    readings = weak(plan, [anywhere(rng) for _ in range(8)], rng)
    readings = readings.take(readings.ap != OTHER)
    cells = walkable_cells(plan, 0.5)
    result = calibrate_store(plan, cells, hearings_evidence(plan, links(plan, rng)), readings)
    assert "unlabelled readings used" in result.notes[-1]
    fit = result.fits[OTHER]
    assert fit.places == 0
    assert np.isnan([fit.rms_before_db, fit.rms_after_db]).all()
    told = fit.p0_dbm - fit.exponent * log_distance(cell_geometry(plan, cells).distance_m[OTHER])
    np.testing.assert_allclose(result.radio_map.mean_dbm[OTHER], told, atol=0.5)


def test_where_too_many_would_hang_elsewhere_the_map_stays_the_plans(
    wrong_plan: tuple[Plan, Plan, Readings, np.random.Generator], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "MOST_ELSEWHERE", 0.05)  # of twelve: none
    true, told, readings, rng = wrong_plan
    cells = walkable_cells(told, 0.5)
    result = calibrate_store(told, cells, hearings_evidence(told, links(true, rng)), readings)
    assert result.notes[-1] == "unlabelled readings left aside: see the warning"
    asks = (
        "readings without places fit the plan only with what no shelf does to radio: is each at its place? Go and look"
    )
    assert f"{told.access_points[MOVED].id}: {asks}" in result.warnings
    before = prior_map(told, cells)
    np.testing.assert_array_equal(result.radio_map.mean_dbm, before.mean_dbm)
    assert (result.radio_map.kept, result.in_map) == (0.0, 0.0), "the store calibrates itself, as without it"


def test_a_right_plan_is_not_accused() -> None:
    rng = np.random.default_rng(3)
    plan = hall(40.0, 25.0, PERIMETER)
    readings = Readings.concat([hear(plan, anywhere(rng), rng, i) for i in range(16)])
    result = calibrate_store(plan, walkable_cells(plan, 0.5), hearings_evidence(plan, links(plan, rng)), readings)
    assert not [s for s in result.warnings if "hang" in s]


def test_scans_of_two_access_points_are_told_as_that() -> None:
    plan, rng = hall(40.0, 25.0, SIX), np.random.default_rng(3)
    readings = hear(plan, anywhere(rng), rng)
    cells, known = walkable_cells(plan, 1.0), hearings_evidence(plan, NOBODY)
    two = calibrate_store(plan, cells, known, readings.take(readings.ap < 2))
    said = "0 of 80 scans of unlabelled readings hold levels of 3 access points and more"
    assert two.notes[-1] == f"{said}: fewer tell no place to learn from"
    few = calibrate_store(plan, cells, known, readings.take(readings.t < 60.0))
    assert few.notes[-1] == "20 scans of unlabelled readings follow on each other: too few to learn from"


def test_routes_seem_to_cover_less_than_crowds() -> None:
    plan, rng = hall(40.0, 25.0, SIX), np.random.default_rng(3)
    cells = walkable_cells(plan, 0.5)
    crowd = CrowdLearning(plan, cells)
    law = calibrate(plan, cells, hearings_evidence(plan, NOBODY)).law
    covered = []
    for walks in ([route(rng)], [anywhere(rng) for _ in range(8)]):
        memory = ScanMemory(len(SIX))
        for i, w in enumerate(walks):
            memory.add(ScanWindows(len(SIX), 3.0).push(hear(plan, w, rng, i), np.inf))
        covered.append(crowd.assess(law, None, crowd.draw(memory, np.random.default_rng(0))).covered)
    assert covered[0] < COVERED < covered[1]


def test_a_survey_of_the_floor_says_more_than_tracks() -> None:
    plan, rng = hall(40.0, 25.0, PERIMETER), np.random.default_rng(3)
    cells = walkable_cells(plan, 0.5)
    known = surveyed(plan, rng)
    result = calibrate_store(plan, cells, known, weak(plan, [anywhere(rng)], rng))
    assert "unlabelled readings left aside: the survey" in result.notes[-1]
    np.testing.assert_array_equal(result.radio_map.mean_dbm, calibrate_store(plan, cells, known).radio_map.mean_dbm)


def test_of_survey_and_crowd_the_map_that_finds_the_survey_s_places_surely_nearer_is_taken() -> None:
    """By two standard errors: gains of 1, 2 and 3 m are 2.0 ± 0.6 in the mean, those of -1, 2 and 3 m 1.3 ± 1.2."""
    plan = shelved()
    surveyed = calibrate(plan, walkable_cells(plan, 0.5), hearings_evidence(plan, NOBODY))
    surveyed = replace(surveyed, notes=["survey used for the law and its shadows"])
    learnt = replace(surveyed, in_map=0.5, notes=[*surveyed.notes, "unlabelled readings used"])
    for nearer, taken in (
        ([1.0, 2.0, 3.0], True),
        ([-1.0, 2.0, 3.0], False),
        ([-1.0, -2.0, -3.0], False),
        ([5.0], False),
    ):
        found = _better_of(surveyed, learnt, np.array(nearer))
        assert (found.in_map == 0.5) == taken
        if taken:
            assert "used for the law alone" in found.notes[0]
            assert found.notes[0].endswith("they are found 2.0 m nearer with the readings' map")
            assert found.notes[1:] == ["unlabelled readings used"]
        else:
            assert found.notes[0] == surveyed.notes[0]
            assert found.notes[1].endswith("the survey says more of this floor")


def test_ranges_tell_the_bias_they_share() -> None:
    plan, rng = hall(40.0, 25.0, SIX), np.random.default_rng(3)
    cells = walkable_cells(plan, 0.5)
    w = route(rng)
    readings = ranged(plan, hear(plan, w, rng), w, rng, bias_m=2.0)
    result = calibrate_store(plan, cells, hearings_evidence(plan, NOBODY), readings)
    assert any("ranges come out +" in note for note in result.notes)
    assert all(abs(f.range_bias_m - 2.0) < 0.4 for f in result.fits)
    before = prior_map(plan, cells)
    moved = result.radio_map.range_mean_m - before.range_mean_m
    np.testing.assert_allclose(moved, result.fits[0].range_bias_m - 0.4, atol=1e-4)
    assert result.radio_map.range_offset_sigma_m < before.range_offset_sigma_m


def test_ranges_of_a_survey_are_believed_before_those_of_shoppers() -> None:
    plan, rng = hall(40.0, 25.0, SIX), np.random.default_rng(3)
    cells = walkable_cells(plan, 0.5)
    known, w = surveyed(plan, rng, with_ranges=True), anywhere(rng)
    readings = ranged(plan, hear(plan, w, rng), w, rng, bias_m=0.0)
    result = calibrate_store(plan, cells, known, readings)
    np.testing.assert_array_equal(result.radio_map.range_mean_m, calibrate(plan, cells, known).radio_map.range_mean_m)
