"""How much a survey is believed: its places foresee each other, or they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan
from engine.positioning.learning import survey_trust
from engine.positioning.learning.crowd import calibrate_store
from engine.positioning.learning.survey_trust import (
    SurveyTrust,
    _blind_score,
    _score,
    _thin_out,
    choose_trust,
    folds_of,
    gain_by,
    judge_survey,
    say_trust,
)
from engine.positioning.locator import Locator
from engine.radio.calibrate import DEFAULT_CALIBRATION, calibrate
from engine.radio.evidence import Evidence, EvidenceKind, evidence_at
from engine.radio.frames.frame import NOWHERE, OtherFrame
from engine.radio.frames.heard import survey_rows
from engine.radio.frames.said import say_frame
from engine.radio.frames.told import other_frame
from engine.radio.pathloss import cell_geometry
from engine.radio.radiomap import prior_map
from engine.radio.reach import Reach, reach_of
from engine.records import F64, Scans
from tests.engine.radio.made import cells_at, hall

APS = ((3.0, 3.0), (27.0, 4.0), (4.0, 17.0), (26.0, 16.0), (15.0, 10.0))
ROOM_M, WALL_DB = 6.0, 7.0  # walls that the plan does not know


@pytest.fixture(scope="module")
def store() -> tuple[Plan, Cells]:
    plan = hall(*APS, width=30.0, depth=20.0)
    return plan, walkable_cells(plan, 1.0)


def hear(x: F64, y: F64, rng: np.random.Generator) -> F64:
    """(n, A) in a building of rooms, with an exponent far from the prior's."""
    out = np.empty((len(x), len(APS)))
    for a, (ax, ay) in enumerate(APS):
        d = np.sqrt((x - ax) ** 2 + (y - ay) ** 2 + 1.5**2)
        walls = abs(x // ROOM_M - ax // ROOM_M) + abs(y // ROOM_M - ay // ROOM_M)
        out[:, a] = -38.0 - 28.0 * np.log10(d) - WALL_DB * np.minimum(walls, 3) + rng.normal(0, 2.0, len(x))
    return out


def survey(plan: Plan, x: F64, y: F64, rssi: F64, source: int = 0) -> Evidence:
    row, ap = np.nonzero(np.isfinite(rssi))
    zero = np.zeros(len(row), np.int32)
    return evidence_at(
        plan,
        kind=EvidenceKind.SURVEYED,
        ap=ap.astype(np.int32),
        source=zero + np.int32(source),
        level=zero,
        x_m=x[row],
        y_m=y[row],
        rssi_dbm=rssi[row, ap],
        range_m=np.full(len(row), np.nan),
        place_sigma_m=np.full(len(row), 0.3),
    )


def points(plan: Plan, n: int = 80, seed: int = 5) -> Evidence:
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.5, 29.5, n), rng.uniform(0.5, 19.5, n)
    return survey(plan, x, y, hear(x, y, rng))


def median_error(plan: Plan, cells: Cells, known: Evidence | None) -> float:
    """Of another phone, 6 dB weaker, at places anywhere."""
    rng, n = np.random.default_rng(8), 150
    x, y = rng.uniform(0.5, 29.5, n), rng.uniform(0.5, 19.5, n)
    rssi = (hear(x, y, rng) - 6.0).astype(np.float32)
    radio_map = None if known is None else calibrate_store(plan, cells, known).radio_map
    nothing = np.full(rssi.shape, np.nan, np.float32)
    device = np.arange(n, dtype=np.uint64)
    locator = Locator(plan, cells, radio_map)
    fixes = locator.locate(Scans(np.zeros(n), device, rssi, nothing, nothing, np.zeros(rssi.shape, np.float32)))
    error = np.full(n, np.inf)
    own = fixes.device.astype(np.int64)
    error[own] = np.hypot(fixes.x_m - x[own], fixes.y_m - y[own])
    return float(np.median(error))


def test_a_point_survey_on_a_small_share_of_the_floor_is_believed_and_helps(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    known = points(plan)
    trust = judge_survey(plan, cells, known, cell_geometry(plan, cells))
    assert trust.believed == 1.0
    assert trust.gain_m > 0.5
    assert median_error(plan, cells, known) < 0.75 * median_error(plan, cells, None)


def test_another_map_is_held_against_a_survey_at_its_places(store: tuple[Plan, Cells]) -> None:
    """Forty places of a building of rooms: the true map finds those left out nearer, one that says nothing farther."""
    plan, cells = store
    geometry, known = cell_geometry(plan, cells), points(plan, 40)
    trust, own = judge_survey(plan, cells, known, geometry), calibrate_store(plan, cells, known).radio_map
    quiet = hear(cells.x_m, cells.y_m, np.random.default_rng(0)).T.astype(np.float32)
    true = replace(own, mean_dbm=quiet, sigma_db=np.full_like(quiet, 3.0))
    flat = replace(own, mean_dbm=np.full_like(quiet, -60.0))
    by_true, by_flat, by_own = (gain_by(plan, cells, known, geometry, trust, m) for m in (true, flat, own))
    assert len(by_true) == len(by_flat) == len(by_own) >= 20
    assert by_true.mean() > 0.4
    assert by_flat.mean() < -1.0
    assert 0.0 < by_own.mean() < by_true.mean(), "it knows the places, which are left out of what it is held against"
    nobody = known.take(np.zeros(len(known), bool))
    assert gain_by(plan, cells, nobody, geometry, trust, true).tolist() == []


def test_a_survey_whose_places_contradict_each_other_is_left_aside(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0.5, 29.5, 60), rng.uniform(0.5, 19.5, 60)
    lied = survey(plan, x, y, hear(rng.permutation(x), rng.permutation(y), rng))
    trust = judge_survey(plan, cells, lied, cell_geometry(plan, cells))
    assert trust.believed == 0.0
    result = calibrate_store(plan, cells, lied)
    assert "its places contradict each other" in result.notes[-1]
    assert median_error(plan, cells, lied) < 1.05 * median_error(plan, cells, None)


def test_a_survey_that_has_nothing_to_do_with_distance_is_left_aside(store: tuple[Plan, Cells]) -> None:
    """Five places are too few to contradict each other, and enough to contradict the access points: all the same."""
    plan, cells = store
    x, y = np.array([2.0, 10.0, 20.0, 28.0, 5.0]), np.array([2.0, 10.0, 4.0, 18.0, 15.0])
    flat, geometry = survey(plan, x, y, np.full((5, len(APS)), -60.0)), cell_geometry(plan, cells)
    trust = judge_survey(plan, cells, flat, geometry)
    assert trust.frame is not None
    assert (trust.believed, trust.frame.kind) == (0.0, NOWHERE)
    result = calibrate_store(plan, cells, flat, trust=trust)
    assert np.array_equal(result.radio_map.mean_dbm, prior_map(plan, cells, geometry=geometry).mean_dbm)
    assert result.notes[-1] == "survey left aside: see the warning"
    assert "nothing to do with how far its places lie from the plan's access points: is it of" in result.warnings[0]


def test_a_survey_of_another_frame_is_named_and_leaves_the_plan_s_map(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    rng = np.random.default_rng(5)
    x, y = rng.uniform(0.5, 29.5, 80), rng.uniform(0.5, 19.5, 80)
    mirrored = survey(plan, 30.0 - x, y, hear(x, y, rng))
    trust = judge_survey(plan, cells, mirrored, cell_geometry(plan, cells))
    assert trust.frame is not None
    assert (trust.believed, trust.frame.kind) == (0.0, "mirrored in x")
    result = calibrate_store(plan, cells, mirrored, trust=trust)
    before = prior_map(plan, cells)
    assert np.array_equal(result.radio_map.mean_dbm, before.mean_dbm)
    assert np.array_equal(result.radio_map.sigma_db, before.sigma_db)
    assert result.notes[-1] == "survey left aside: see the warning"
    (warning,) = result.warnings
    assert warning == (
        "survey left aside: 68 places near 59% of the walkable area; it is mirrored in x, as the plan's access points"
        " were heard there: was it taken from another corner, with an axis the other way? Or are the access points"
        " drawn so?"
    )


@pytest.mark.parametrize(
    ("kind", "turn", "shift", "said"),
    [
        ("shifted by one vector", 1.0, (-5.0, 0.5), "its places lie 5.0 m off, +5.0 in x and -0.5 in y, as"),
        ("stretched", 0.8, (0.0, 0.0), "its places lie 1.2 times as far apart as they are, as"),
        ("x and y swapped", 1.0, (0.0, 0.0), "its x and y are swapped, as"),
        (
            "x and y swapped and turned by half",
            1.0,
            (0.0, 0.0),
            "its x and y are swapped, and it is turned by half, as",
        ),
        ("turned by half", -1.0, (0.0, 0.0), "it is turned by half, as"),
        ("turned by a quarter", 0.0, (0.0, 0.0), "it is turned by a quarter, as"),
        ("turned by an angle", 1.0, (0.0, 0.0), "it is turned by some 0 degrees clockwise, as"),
    ],
)
def test_what_a_survey_looks_like_is_said_with_what_to_look_for(
    kind: str, turn: float, shift: tuple[float, float], said: str
) -> None:
    none = np.zeros((1, 2))
    sentence = say_frame(OtherFrame(kind, np.eye(2) * turn, none, none, np.array(shift), 20.0))
    assert sentence.startswith(said)
    assert sentence.endswith("? Or are the access points drawn so?")


def test_swapped_places_are_said_without_a_division_by_nothing() -> None:
    """A sheet that lay sideways has no x of its own in x: `turn` holds 0 there."""
    none = np.zeros((1, 2))
    with np.errstate(all="raise"):
        said = say_frame(OtherFrame("x and y swapped", np.array([[0.0, 1.0], [1.0, 0.0]]), none, none, np.zeros(2)))
    assert said.startswith("its x and y are swapped, as the plan's access points were heard there: do its columns")


def test_a_surveyor_of_another_frame_is_named_and_the_others_are_believed(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    rng = np.random.default_rng(5)
    x, y = rng.uniform(0.5, 29.5, 80), rng.uniform(0.5, 19.5, 80)
    heard = hear(x, y, rng)
    ann, bob = survey(plan, x[:40], y[:40], heard[:40]), survey(plan, 30.0 - x[40:], y[40:], heard[40:])
    both = Evidence.concat([ann, bob])
    trust = judge_survey(plan, cells, both, cell_geometry(plan, cells))
    assert (trust.frame, trust.believed > 0) == (None, True)
    (part,) = trust.parts
    assert (part.part.source, part.frame.kind) == (1, "mirrored in x")
    result = calibrate_store(plan, cells, both, trust=trust, surveyors=["ann", "bob"])
    assert result.warnings[0].startswith(
        "35 places of the survey left aside, those of device bob: it is mirrored in x, as"
    )
    assert result.reach.places == reach_of(cells, ann).places


def test_a_surveyor_of_another_frame_by_whom_the_whole_seems_so_is_named_alone(store: tuple[Plan, Cells]) -> None:
    """30 of 80 places are honest: the others are enough to make all of them seem mirrored."""
    plan, cells = store
    rng = np.random.default_rng(8)
    x, y = rng.uniform(0.5, 29.5, 80), rng.uniform(0.5, 19.5, 80)
    heard = hear(x, y, rng)
    both = Evidence.concat([survey(plan, x[:30], y[:30], heard[:30]), survey(plan, 30.0 - x[30:], y[30:], heard[30:])])
    whole = other_frame(plan, survey_rows(plan, both))
    assert whole is not None
    assert whole.kind == "mirrored in x"
    trust = judge_survey(plan, cells, both, cell_geometry(plan, cells))
    (part,) = trust.parts
    assert (trust.frame, part.part.source, part.frame.kind) == (None, 1, "mirrored in x")


@pytest.mark.parametrize(("degrees", "way"), [(30.0, "clockwise"), (-60.0, "counterclockwise")])
def test_the_angle_is_that_of_the_survey_against_the_plan(degrees: float, way: str) -> None:
    """`turn` takes its places back."""
    none, (cos, sin) = np.zeros((1, 2)), (np.cos(np.radians(degrees)), np.sin(np.radians(degrees)))
    said = say_frame(OtherFrame("turned by an angle", np.array([[cos, -sin], [sin, cos]]), none, none, np.zeros(2)))
    assert said.startswith(f"it is turned by some {abs(degrees):.0f} degrees {way}, as")
    assert "was the sheet laid askew" in said


LONG_M = np.array([2.0, -0.6, 0.4, 3.0, 1.2])  # by which ranges of each access point come out long


def ranged(plan: Plan, x: F64, y: F64, true_x: F64, true_y: F64) -> Evidence:
    """Ranges that are heard at true places, said to be of others."""
    known = survey(plan, x, y, np.zeros((len(x), len(APS))))
    place = np.searchsorted(np.sort(x), known.x_m)
    at = np.argsort(x)[place]
    points = np.array(APS)[known.ap]
    metres = np.sqrt((true_x[at] - points[:, 0]) ** 2 + (true_y[at] - points[:, 1]) ** 2 + 1.5**2)
    metres += LONG_M[known.ap] + np.random.default_rng(4).normal(0.0, 0.4, len(known))
    return replace(known, rssi_dbm=np.full(len(known), np.nan), range_m=metres)


def test_a_survey_of_ranges_alone_is_judged_by_places_left_out(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    rng = np.random.default_rng(6)
    x, y = rng.uniform(0.5, 29.5, 60), rng.uniform(0.5, 19.5, 60)
    known, geometry = ranged(plan, x, y, x, y), cell_geometry(plan, cells)
    trust = judge_survey(plan, cells, known, geometry)
    assert (trust.believed, trust.ranges, trust.judged > 30, trust.gain_m > 0.02) == (1.0, True, True, True)
    assert "what ranges of each access point come out long" in say_trust(trust, reach_of(cells, known))
    lied = ranged(plan, x, y, rng.permutation(x), rng.permutation(y))
    found = judge_survey(plan, cells, lied, geometry)
    assert (found.believed, found.ranges) == (0.0, True)
    said = say_trust(found, reach_of(cells, lied))
    assert said.startswith("survey left aside, but for how long all its ranges come out: ")
    assert "too few to judge" not in said


def test_shadows_reach_no_farther_than_the_places_clearly_say() -> None:
    """Lengths of 6 and 12 m were as good as each other in a lecture theatre, and a little change of the law made the
    longer one the better by chance: the map that was learnt with it put phones 8 % farther off."""
    rng = np.random.default_rng(3)
    place = rng.uniform(0.5, 2.5, 40)
    wobble = rng.normal(0.0, 0.03, 40)
    wobble -= wobble.mean()
    blind = np.full(40, 6.0)
    scores = {(0.0, 3.0): place + 0.3}
    for believed, gain in ((0.5, 0.1), (1.0, 0.2)):
        scores |= {(believed, length): place + 0.3 - gain for length in (3.0, 6.0, 12.0)}
    tied = scores | {(1.0, 12.0): scores[1.0, 12.0] - 0.002 + wobble}
    assert min(tied, key=lambda choice: float(tied[choice].mean())) == (1.0, 12.0)
    assert (choose_trust(tied, blind).believed, choose_trust(tied, blind).field_length_m) == (1.0, 3.0)
    clear = tied | {(1.0, 12.0): tied[1.0, 12.0] - 0.02}
    assert (choose_trust(clear, blind).believed, choose_trust(clear, blind).field_length_m) == (1.0, 12.0)


def test_a_survey_that_says_nothing_more_leaves_shadows_as_they_are_without_one() -> None:
    place = np.random.default_rng(3).uniform(0.5, 2.5, 40)
    scores = {(0.0, 3.0): place} | {(b, length): place + 0.1 for b in (0.5, 1.0) for length in (3.0, 6.0, 12.0)}
    trust = choose_trust(scores, np.full(40, 6.0))
    assert trust == SurveyTrust(0.0, DEFAULT_CALIBRATION.field_length_m, 0.0, 40)
    assert trust.field_length_m != 3.0


def test_few_places_are_not_judged(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    x, y = np.array([2.0, 10.0, 20.0, 28.0, 5.0]), np.array([2.0, 10.0, 4.0, 18.0, 15.0])
    few = survey(plan, x, y, hear(x, y, np.random.default_rng(1)))
    geometry = cell_geometry(plan, cells)
    assert judge_survey(plan, cells, few, geometry).judged == 0
    assert judge_survey(plan, cells, few.take(np.zeros(0, np.intp)), geometry).judged == 0
    assert "too few to judge" in calibrate_store(plan, cells, few).notes[-1]


def test_what_is_left_out_lies_from_the_rest_as_cells_lie_from_the_survey(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    known = points(plan)
    cell = [float(np.hypot(known.x_m - x, known.y_m - y).min()) for x, y in zip(cells.x_m, cells.y_m, strict=True)]
    folds = list(folds_of(cells, known))
    assert len(folds) == 8
    for k, fold in enumerate(folds):
        assert 1 <= len(fold.tests) <= 12
        assert 0.4 <= fold.train.mean() < 1.0
        for rows in fold.tests:
            assert not fold.train[rows].any()
            x, y = known.x_m[rows].mean(), known.y_m[rows].mean()
            nearest = float(np.hypot(known.x_m[fold.train] - x, known.y_m[fold.train] - y).min())
            assert nearest > np.quantile(cell, (k + 0.5) / 8) - 1.0, "places are squares of 1.5 m, cells of 1 m"


def test_a_scan_that_tells_nothing_scores_as_somebody_who_may_be_anywhere() -> None:
    """E |X - y| - 1/2 E |X - X'| of an even posterior, by a map that says the same of all cells."""
    plan = hall(*APS[:3], width=7.0, depth=5.0)
    cells = walkable_cells(plan, 1.0)
    known = survey(plan, np.array([1.5, 6.0]), np.array([1.0, 4.5]), np.full((2, 3), -60.0))
    tests = [np.flatnonzero(known.x_m == x) for x in (1.5, 6.0)]
    floor, before = _thin_out(cells, cell_geometry(plan, cells)), prior_map(plan, cells)
    same = replace(before, mean_dbm=np.full_like(before.mean_dbm, -60.0), sigma_db=np.full_like(before.sigma_db, 5.0))
    x, y = cells.x_m, cells.y_m
    apart = np.hypot(x[:, None] - x, y[:, None] - y).mean()
    wanted = [np.hypot(x - a, y - b).mean() - 0.5 * apart for a, b in ((1.5, 1.0), (6.0, 4.5))]
    assert _score(plan, floor, same, known, tests) == pytest.approx(wanted, rel=1e-4)
    assert _blind_score(floor, known, tests) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(("most", "every"), [(20, 1), (19, 2), (10, 2), (9, 3), (7, 3)])
def test_cells_are_thinned_out_evenly_from_the_first_on(most: int, every: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_trust, "MOST_CELLS", most)
    monkeypatch.setattr(survey_trust, "PAIRS", 5)
    plan, cells = hall(*APS[:2], width=21.0), cells_at([0.5 + i for i in range(20)], [3.0 + i % 2 for i in range(20)])
    floor = _thin_out(cells, cell_geometry(plan, cells))
    kept = list(range(0, 20, every))
    assert floor.cells.x_m.tolist() == [0.5 + i for i in kept]
    assert floor.geometry.distance_m.shape == (2, len(kept))
    assert floor.few.tolist() == list(range(0, len(kept), -(-len(kept) // 5)))
    few = [kept[i] for i in floor.few.tolist()]
    apart = [[np.hypot(i - j, i % 2 - j % 2) for j in few] for i in few]
    np.testing.assert_allclose(floor.apart_m, apart, rtol=1e-6)


def test_the_survey_s_own_numbers_say_what_it_was_used_for() -> None:
    full = say_trust(SurveyTrust(1.0, 6.0, 0.834, 96), Reach(0.98, 88))
    assert full == (
        "survey used for the law and its shadows: 88 places near 98% of the walkable area; left out in turn, they are"
        " found 0.83 m nearer with the others"
    )
    route = say_trust(SurveyTrust(0.5, 3.0, 0.02, 5), Reach(0.10, 24, believed=0.5))
    assert route == (
        "survey used for next to nothing: 24 places near 10% of the walkable area, too few to speak for the rest"
        " of the floor, whatever they say of each other (left out in turn, they are found hardly nearer with the"
        " others)"
    )
    half = say_trust(SurveyTrust(1.0, 3.0, 0.02, 9), Reach(0.423, 63, believed=0.5))
    assert half == (
        "survey used for 50% of the law and its shadows: 63 places near 42% of the walkable area, too few to speak for"
        " all of the floor, and the rest is as without a survey; left out in turn, they are found hardly nearer with"
        " the others"
    )
    three = Reach(0.04, 3)
    assert say_trust(SurveyTrust(), three) == (
        "survey changes nothing in the map of RSSI: 3 places near 4% of the walkable area, too few to judge by each"
        " other"
    )
    assert say_trust(SurveyTrust(ranges=True), three).startswith("survey used: 3 places near 4%")
    assert say_trust(SurveyTrust(), Reach(0.8, 5)).startswith("survey used: 5 places near 80%")
    aside = say_trust(SurveyTrust(0.0, 4.0, 0.0, 12), Reach(0.3, 14, believed=0.0))
    assert aside.startswith("survey left aside, but for what devices send: 14 places near 30% of the walkable area")


def test_what_is_believed_reaches_the_map(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    known = points(plan)
    full, none = (calibrate(plan, cells, known, believed=b) for b in (1.0, 0.0))
    assert full.reach.most == none.reach.most == reach_of(cells, known).share
    assert none.reach.share == 0.0
    assert float(np.abs(full.law.exponent - 2.3).mean()) > 3 * float(np.abs(none.law.exponent - 2.3).mean())
