"""Calibrating a store from a recording: known places first, then readings without places, as far as those can teach.

The crowd's learning is that of live stores (`crowd_learning`). A recording may be of one phone, though, and of one
route; such tracks are explained as well by a wrong map as by the true one, and on measured walks of six access points
the wrong one foresaw held-out readings better. So what a recording must be like is asked before it is judged: people
were nearly everywhere, or scans hold far more than their own places need. And as what few phones teach is their own
bodies and habits, too, they make a part of the map only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.learning.crowd_em import HELD_OUT, LEAST_DEVICES, Assessment, CrowdLearning, Learnt
from engine.positioning.learning.crowd_words import ids_of, say_bent, say_elsewhere, say_gain, say_open
from engine.positioning.learning.interchanged import (
    MOST_ASKED,
    SURELY,
    Interchange,
    ask_worst,
    find_astray,
    find_contradiction,
)
from engine.positioning.learning.kept_maps import with_own_rest
from engine.positioning.learning.mixed_devices import phones_apart_db
from engine.positioning.learning.ranges import shared_bias_m
from engine.positioning.learning.survey_trust import SurveyTrust, gain_by, judge_survey, say_part, say_trust
from engine.positioning.learning.tracklets import LEAST_AP, ScanMemory, Stretches
from engine.positioning.windows import ScanWindows
from engine.radio.calibrate import DEFAULT_CALIBRATION, ApFit, Calibration, calibrate, fit_warnings, without_named
from engine.radio.evidence import Evidence, EvidenceKind
from engine.radio.frames.parts import without_parts
from engine.radio.hanging.faults import forget_places
from engine.radio.pathloss import DEFAULT_PRIOR, Geometry, cell_geometry
from engine.radio.radiomap import RadioMap, prior_map, prior_powers
from engine.radio.reach import reach_of
from engine.radio.ridge import FittedLaw
from engine.records import F64, Bools, Readings, Scans

WINDOW_S = 3.0
LEAST_SCANS = 40  # two minutes of one phone
COVERED = 0.5  # of the floor, by the places found: routes that taught wrong maps seemed to cover 0.17 to 0.44
MANY_AP = 8.0  # heard by a scan: two for the place, one for the phone, five to spare. Then a route teaches too
# devices, as of a live store. One to three phones of a library, each in all of it, foresaw each other's scans by 1 to 5
# nats better, and were found 3 to 31 % worse by it: it was them that it told of. By their eighth, at most 4 % worse
WHOLE_CROWD = LEAST_DEVICES
DEVICES_HELD_OUT = 4  # with so many devices some are held out; with fewer, some of the time
SURVEY_SAYS_MORE = 0.5  # of the floor: then readings without places have to show at its places that they do
MOST_STRETCHES = 192  # four times what a live store takes at once: which ones are drawn then matters less
UNLIKELY = 0.01  # that shadows alone bend the crowd's map so at any access point: one of them hangs elsewhere
MOST_ELSEWHERE = 1 / 3  # of access points: where more would have to hang elsewhere, nobody knows which
SAME_PLACE_M = 0.01  # as hearings have their speaker's
LOT = 0  # which stretches of a long recording are drawn: always the same


def calibrate_store(
    plan: Plan,
    cells: Cells,
    known: Evidence,
    readings: Readings | None = None,
    told: Callable[[str], None] = lambda sentence: None,
    on_round: Callable[[], None] = lambda: None,
    trust: SurveyTrust | None = None,
    surveyors: Sequence[str] = (),
) -> Calibration:
    """Calibrates from known places (survey, access points), then from unlabelled readings where those can teach.

    Notes say what was used or left aside, and why. `told` hears what is being worked on when that takes long,
    `on_round` of each round of it, MOST_ROUNDS each time that it is learnt. `trust` saves judging the survey again,
    the slow part. `surveyors` are the names of the survey's devices, by their number.
    """
    geometry = cell_geometry(plan, cells)
    trust = trust or judge_survey(plan, cells, known, geometry)
    settings = replace(DEFAULT_CALIBRATION, field_length_m=trust.field_length_m)
    surveyed = known.kind == EvidenceKind.SURVEYED
    believed = known.take(~surveyed) if trust.frame is not None else without_parts(known, trust.parts)
    first = calibrate(plan, cells, believed, settings=settings, geometry=geometry, believed=trust.believed)
    if trust.frame is not None:
        why = say_trust(trust, reach_of(cells, known.take(surveyed)))
        others = first.warnings if len(believed) else []  # that access points have no evidence goes without saying
        first = replace(first, notes=["survey left aside: see the warning"], warnings=[why, *others])
    elif surveyed.any():
        first = replace(first, warnings=[*first.warnings, *_two_phones(believed, first)])
        first = replace(first, notes=[say_trust(trust, first.reach)])  # which says how much is covered
    of_parts = [say_part(other, surveyors) for other in trust.parts]
    first = replace(first, warnings=[*of_parts, *first.warnings])
    if readings is None or not len(readings):
        return first
    told(f"learning from {len(readings)} unlabelled readings")
    scans = ScanWindows(len(plan.access_points), WINDOW_S).push(readings, np.inf)
    scans = scans.take(np.argsort(scans.t, kind="stable"))

    def refit(elsewhere: Sequence[int]) -> FittedLaw:
        rest = _without_hearings(plan, believed, elsewhere)
        return calibrate(plan, cells, rest, settings=settings, geometry=geometry, believed=trust.believed).law

    first = _ranges(plan, cells, believed, first, scans)
    learnt = _rssi(plan, cells, geometry, first, refit, scans, on_round)
    if first.reach.most <= SURVEY_SAYS_MORE or learnt.radio_map is first.radio_map:
        return learnt
    nearer = gain_by(plan, cells, believed, geometry, trust, learnt.radio_map)
    return _better_of(first, learnt, nearer)


def _better_of(surveyed: Calibration, learnt: Calibration, nearer_m: F64) -> Calibration:
    """The crowd's map where it finds the survey's places surely `nearer_m` (n,) than the survey does, of which they are
    left out."""
    if len(nearer_m) < 2 or nearer_m.mean() <= SURELY * nearer_m.std(ddof=1) / np.sqrt(len(nearer_m)):
        return _note(surveyed, "unlabelled readings left aside: the survey says more of this floor")
    reach = surveyed.reach
    said = f"the survey of {reach.places} places near {reach.covered:.0%} of the walkable area used for the law alone"
    found = f"left out of it in turn, they are found {nearer_m.mean():.1f} m nearer with the readings' map"
    rest = [note for note in learnt.notes if note not in surveyed.notes[:1]]  # which was of the survey's own map
    return replace(learnt, notes=[f"{said}: {found}", *rest])


def _two_phones(known: Evidence, first: Calibration) -> list[str]:
    """What to say of a survey that two phones took under one name."""
    apart_db = phones_apart_db(known, first.law.residual_db)
    if apart_db is None:
        return []
    heaps = f"the survey's places fall into two heaps, {apart_db:.0f} dB apart at every access point"
    return [f"{heaps}: was it taken with two phones? Name them in a column `device`, which tells them apart"]


def _ranges(plan: Plan, cells: Cells, known: Evidence, first: Calibration, scans: Scans) -> Calibration:
    """With the bias that ranges share, unless a survey told it."""
    if np.isfinite(known.range_m[known.of_devices]).any():
        return first
    bias = shared_bias_m(plan, cells, first.radio_map, scans)
    if bias is None:
        return first
    before = first.radio_map
    radio_map = replace(
        before,
        range_mean_m=before.range_mean_m + np.float32(bias - DEFAULT_PRIOR.range_bias_m),
        range_offset_sigma_m=DEFAULT_CALIBRATION.device_range_spread_m,
    )
    heard = np.isfinite(scans.range_m).sum(axis=0).tolist()
    fits = [replace(fit, range_bias_m=bias, ranged=n) for fit, n in zip(first.fits, heard, strict=True)]
    changed = replace(first, radio_map=radio_map, fits=fits, warnings=_warn_anew(first, fits, first.law))
    return _note(changed, f"ranges come out {bias:+.1f} m long, all alike")


def _rssi(
    plan: Plan,
    cells: Cells,
    geometry: Geometry,
    first: Calibration,
    refit: Callable[[Sequence[int]], FittedLaw],
    scans: Scans,
    on_round: Callable[[], None],
) -> Calibration:
    """With what the crowd teaches of RSSI. `refit` is the law without what these access points hear of each other."""
    memory = ScanMemory(len(plan.access_points), len(scans))  # a long recording is drawn from as a whole
    memory.add(scans)
    memory = memory.without_points(memory.hardly_varying())
    crowd = CrowdLearning(plan, cells, keeps=True, on_round=on_round, most=MOST_STRETCHES)
    stretches = crowd.draw(memory, np.random.default_rng(LOT))
    n = int(stretches.steps.sum())
    if n < LEAST_SCANS:
        return _note(first, _say_few(n, len(memory), scans))
    heard = np.isfinite(stretches.rssi_dbm).sum() / n
    before = crowd.assess(first.law, None, stretches)
    if before.covered < COVERED and heard < MANY_AP:
        place = f"scans of {heard:.1f} access points on {before.covered:.0%} of the floor fit a wrong map as well"
        return _note(first, f"unlabelled readings left aside: {place}; let people walk half of it")
    validation = crowd.cross_validate(first.law, stretches, _hold_out(stretches))
    if validation.learnt is None:
        return _note(first, f"unlabelled readings left aside: {say_gain(validation.gain)}: too little to be used")
    suspects, astray = ask_worst(before, MOST_ASKED), None
    if len(np.unique(stretches.device)) >= WHOLE_CROWD:
        alone = MOST_ELSEWHERE * len(first.fits) >= 1
        astray = find_astray(crowd, first.law, validation.learnt, stretches, suspects, alone)
    elsewhere = list(astray.aps) if astray is not None and astray.sure else []
    found = _learn(crowd, memory, _Start(first.law, stretches, validation.learnt), refit, elsewhere)
    if found is not None and astray is not None:  # what is left has to be as the plan says
        rest = [a for a in suspects if found.after.scans[a]]
        power = found.learnt.soft.coefficients.ap_power_db
        still = find_contradiction(crowd.foresee(found.law), found.stretches, rest, power)
        if still is not None:
            return _leave_bent(plan, cells, geometry, first, still, say_open(plan, still))
    pair = astray if isinstance(astray, Interchange) else None
    if found is None and pair is not None and elsewhere == list(pair.pair):
        return _only_without(plan, cells, first, pair)
    if found is None:
        return _leave_bent(plan, cells, geometry, first, elsewhere, say_bent(plan, elsewhere))
    result = _use(plan, cells, geometry, first, crowd, found, elsewhere)
    if not elsewhere:
        return result
    others = without_named(result.warnings, ids_of(plan, elsewhere))
    return replace(result, warnings=[*others, *say_elsewhere(plan, elsewhere, pair)])


def _use(
    plan: Plan,
    cells: Cells,
    geometry: Geometry,
    first: Calibration,
    crowd: CrowdLearning,
    found: _Found,
    elsewhere: Sequence[int],
) -> Calibration:
    """With what was found, and how it sees what it was found by."""
    first = replace(first, law=found.law)
    before = crowd.assess(found.law, None, found.stretches)
    devices = len(np.unique(found.stretches.device))
    share = min(devices / WHOLE_CROWD, 1.0)
    radio_map = _in_part(crowd.map_of(found.law, found.learnt, geometry, first.radio_map), first.radio_map, share)
    radio_map = forget_places(radio_map, cells, np.array(elsewhere, np.int64))
    result = _explain(plan, replace(first, radio_map=radio_map), found.learnt, before, found.after, share, elsewhere)
    used = f"{say_gain(found.learnt.gain)}, from {found.after.covered:.0%} of the floor"
    if share < 1.0:
        of = "one device" if devices == 1 else f"{devices} devices"
        used += f"; they are of {of}, and fewer than {WHOLE_CROWD} make {share:.0%} of the map"
    return _note(result, f"unlabelled readings used: {used}")


def _say_few(following: int, telling: int, scans: Scans) -> str:
    """Why nothing is learnt of scans of which so many are `telling`, by their access points, and `following` others."""
    if telling < LEAST_SCANS <= len(scans):
        of = f"{telling} of {len(scans)} scans of unlabelled readings hold levels of {LEAST_AP} access points and more"
        return f"{of}: fewer tell no place to learn from"
    return f"{following} scans of unlabelled readings follow on each other: too few to learn from"


def _in_part(learnt: RadioMap, without: RadioMap, share: float) -> RadioMap:
    """The map that so much of `learnt` makes: what else there is of it stays the store's own to learn."""
    if share >= 1.0:
        return learnt
    mixed = with_own_rest(replace(learnt, kept=share), learnt, without)
    return replace(mixed, kept=share + (1.0 - share) * without.kept)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the crowd taught, from which law on and of which stretches, and how it sees them."""

    law: FittedLaw
    stretches: Stretches
    learnt: Learnt
    after: Assessment


@dataclass(frozen=True, slots=True)
class _Start:
    """From where learning begins: the law, the stretches, and what a first trial learnt of all access points."""

    law: FittedLaw
    stretches: Stretches
    learnt: Learnt


def _learn(
    crowd: CrowdLearning,
    memory: ScanMemory,
    start: _Start,
    refit: Callable[[Sequence[int]], FittedLaw],
    elsewhere: list[int],
) -> _Found | None:
    """What the crowd teaches without those `elsewhere`; where its map bends more than shadows bend it, without the
    access point at which that is the least likely, and so on: those go into `elsewhere`, too. None where too many would
    have to go, or nothing is left to learn."""
    law, stretches, learnt = start.law, start.stretches, start.learnt
    left, most = list(elsewhere), max(MOST_ELSEWHERE * len(start.law.p0_dbm), len(elsewhere))
    while True:
        if left:
            law = refit(elsewhere)
            stretches = crowd.draw(memory.without_points(np.array(elsewhere, np.int64)), np.random.default_rng(LOT))
            validation = crowd.cross_validate(law, stretches, _hold_out(stretches))
            if validation.learnt is None or stretches.steps.sum() < LEAST_SCANS:
                return None
            learnt = validation.learnt
        after = crowd.assess(law, learnt, stretches)
        if after.odds.min() * len(after.odds) >= UNLIKELY:
            return _Found(law, stretches, learnt, after)
        left = [int(after.odds.argmin())]
        elsewhere += left
        if len(elsewhere) > most:
            return None


def _without_hearings(plan: Plan, known: Evidence, aps: Sequence[int]) -> Evidence:
    """Without what these access points hear of others, and others of them."""
    points = [plan.access_points[a] for a in aps]
    spoken = [
        (known.x_m - p.x_m) ** 2 + (known.y_m - p.y_m) ** 2 + (known.level != plan.level_index[p.level]) for p in points
    ]
    of_them = np.isin(known.ap, aps) | (np.array(spoken).min(axis=0) < SAME_PLACE_M**2)
    return known.take(known.of_devices | ~of_them)


def _only_without(plan: Plan, cells: Cells, first: Calibration, pair: Interchange) -> Calibration:
    """Without two that are interchanged, where nothing is to be learnt of the others."""
    radio_map = replace(forget_places(first.radio_map, cells, np.array(pair.pair, np.int64)), kept=1.0)
    others = without_named(first.warnings, ids_of(plan, pair.pair))
    left = replace(first, radio_map=radio_map, warnings=[*others, *say_elsewhere(plan, pair.pair, pair)])
    return _note(left, "unlabelled readings used for that only: of the other access points they tell no more")


def _leave_bent(
    plan: Plan, cells: Cells, geometry: Geometry, first: Calibration, accused: Sequence[int], said: str
) -> Calibration:
    """Without the crowd: its map foresees scans by bending around access points that hang elsewhere, and puts people
    wrong. Without a survey the store then goes on as its plan, calibrating itself as it would without all this."""
    left = replace(first, warnings=[*without_named(first.warnings, ids_of(plan, accused)), said])
    if not first.reach.places:
        own, before = first.radio_map, prior_map(plan, cells, geometry=geometry)
        spread = own.range_offset_sigma_m
        ranges = replace(before, range_mean_m=own.range_mean_m, range_sigma_m=own.range_sigma_m)
        left = replace(left, radio_map=replace(ranges, range_offset_sigma_m=spread, kept=0.0), in_map=0.0)
    return _note(left, "unlabelled readings left aside: see the warning")


def _note(calibration: Calibration, note: str) -> Calibration:
    return replace(calibration, notes=[*calibration.notes, note])


def _hold_out(stretches: Stretches) -> Bools:
    """(S,) some devices' stretches; of few devices, some of each one's time."""
    if len(np.unique(stretches.device)) >= DEVICES_HELD_OUT:
        held: Bools = stretches.device % HELD_OUT == HELD_OUT - 1
        return held
    rank = np.argsort(np.lexsort((stretches.t[:, 0], stretches.device)))
    every = HELD_OUT if len(rank) >= 2 * HELD_OUT else 2
    return np.asarray(rank % every == every - 1, dtype=np.bool_)


def _explain(
    plan: Plan,
    first: Calibration,
    learnt: Learnt,
    before: Assessment,
    after: Assessment,
    share: float,
    elsewhere: Sequence[int],
) -> Calibration:
    """The law, the fit per access point and its warnings as the map has them from the crowd: of one that heard nobody
    what all share, of those that hang `elsewhere` none."""
    found = learnt.soft.coefficients
    p0, exponent = prior_powers(plan)
    law = replace(
        first.law,
        p0_dbm=p0 + found.power_db + found.ap_power_db,
        exponent=exponent + found.exponent + found.ap_exponent,
        loss_scale=1.0 + found.loss_scale,
        shared_db=found.power_db,
        coefficients=found,
    )
    power, slope = (values.copy() for values in (law.p0_dbm, law.exponent))
    power[list(elsewhere)] = slope[list(elsewhere)] = np.nan
    fits = [
        ApFit(
            fit.ap,
            int(after.scans[a]),
            float(before.left_db[a]),
            float(after.left_db[a]),
            float(power[a]),
            float(slope[a]),
            fit.range_bias_m,
            fit.ranged,
            *(law.stronger_db(a, float(after.log_d[a])) if after.scans[a] else (0.0, 0.0)),
        )
        for a, fit in enumerate(first.fits)
    ]
    warnings = _warn_anew(first, fits, law)
    return replace(first, law=law, fits=fits, loss_scale=law.loss_scale, warnings=warnings, in_map=share)


def _warn_anew(first: Calibration, fits: list[ApFit], law: FittedLaw) -> list[str]:
    """The warnings of these fits, and those that are not of fits."""
    gone = fit_warnings(first.fits, first.law)
    return fit_warnings(fits, law) + [sentence for sentence in first.warnings if sentence not in gone]
