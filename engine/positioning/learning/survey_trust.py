"""How much a survey is believed, and how far its shadows reach: as far as its own places foresee each other.

Places are left out, the map is made of the rest, and what was heard at the places left out is located with it. A person
who comes later stands as far from the survey as the walkable cells lie from it: so what lies within such a distance of
a place left out is left out with it (nearest-neighbour distance matching: Mila, Mateu, Pebesma and Meyer 2022). The
answer is scored in metres, by the energy score of the posterior X against the true place y (Gneiting and Raftery 2007):

    E |X - y| - 1/2 E |X - X'|

which is least for a posterior that is near and says truly how far it may be off. A survey that holds ranges alone is
judged by them: by what they say of each access point's bias, as what all of them share is believed in any case.

Places that were all told in another frame agree with each other: those the plan's access points contradict, and that is
asked first (`engine.radio.frames`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.bayes import bayes
from engine.positioning.belief import Belief
from engine.positioning.measurement.site_build import site_of
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.radio.calibrate import DEFAULT_CALIBRATION, mixed_spread, weighed_map
from engine.radio.evidence import Evidence, EvidenceKind
from engine.radio.frames.frame import NOWHERE, OtherFrame
from engine.radio.frames.heard import survey_rows
from engine.radio.frames.parts import (
    OtherPart,
    are_most,
    by_devices,
    frame_of_all,
    other_parts,
    without_parts,
)
from engine.radio.frames.said import say_frame
from engine.radio.frames.told import other_frame
from engine.radio.pathloss import DEFAULT_PRIOR, Geometry
from engine.radio.radiomap import RadioMap, prior_map
from engine.radio.range_fit import fit_ranges
from engine.radio.reach import Reach, place_numbers, reach_of
from engine.radio.ridge import fit_law
from engine.records import F32, F64, I32, I64, Bools, Scans

BELIEVED = (1.0, 0.5, 0.0)
LENGTHS_M = (3.0, 6.0, 12.0)  # of shadows: shelves and people, walls, buildings
FOLDS = 8  # eighths of the walkable cells, by their distance from the survey
MOST_TESTS = 12  # places left out at once
MOST_LEFT_OUT = 0.4  # of the places, with what is near them
LEAST_PLACES = 6  # of a survey that can be judged; fewer say little anyway
MOST_CELLS = 1200  # looked at, evenly out of all
CLEARLY = 3.0  # standard errors
LEAST_TOLD_M = 0.05
LEAST_USED = 0.005  # of the map: less is none, in whole percents
PAIRS = 300  # cells by which the posterior's own spread is taken


@dataclass(frozen=True, slots=True)
class SurveyTrust:
    """`believed` (0 to 1) and the length of its shadows. `gain_m`: how much nearer than without a survey its own places
    are found when left out, as a score in metres; NaN where it could not be judged. `judged` places were left out.
    `frame`: in which its places were told, where that is not the plan's; then nothing of it is believed."""

    believed: float = 1.0
    field_length_m: float = DEFAULT_CALIBRATION.field_length_m
    gain_m: float = float("nan")
    judged: int = 0
    frame: OtherFrame | None = None
    ranges: bool = False  # by ranges, as there were no levels
    parts: tuple[OtherPart, ...] = ()  # of the survey that were told in other frames: nothing of those is believed


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows of the survey that a map is made of, and rows of the places left out."""

    train: Bools
    tests: list[I64]


@dataclass(frozen=True, slots=True)
class Floor:
    """Cells looked at, the geometry there, and the distances between every few of them."""

    cells: Cells
    geometry: Geometry
    few: I64
    apart_m: F32


def judge_survey(plan: Plan, cells: Cells, evidence: Evidence, geometry: Geometry) -> SurveyTrust:
    """What to make of surveyed evidence; `geometry` at the cells. Places that agree with each other are not believed
    where nothing heard there follows distance; those that do not agree teach at least what devices send."""
    frame = other_frame(plan, survey_rows(plan, evidence))
    if frame is not None and frame.kind != NOWHERE:
        theirs, alone = by_devices(plan, evidence, frame)
        if not alone:
            return SurveyTrust(0.0, frame=frame, parts=theirs)
    parts = other_parts(plan, evidence)
    if are_most(evidence, parts):
        if other := next((part.frame for part in parts if part.frame.kind != NOWHERE), None):
            return SurveyTrust(0.0, frame=other, parts=parts)
        parts = ()  # all of it is in no frame: its places say so, too
    if shared := frame_of_all(plan, evidence, parts):
        return SurveyTrust(0.0, frame=shared)
    if parts:
        evidence = without_parts(evidence, parts)
        frame = other_frame(plan, survey_rows(plan, evidence))
    trust = replace(_judge_by_places(plan, cells, evidence, geometry), parts=parts)
    aside = frame is not None and (frame.kind != NOWHERE or trust.believed > 0)
    return SurveyTrust(0.0, frame=frame, parts=parts) if aside else trust


def _judge_by_places(plan: Plan, cells: Cells, evidence: Evidence, geometry: Geometry) -> SurveyTrust:
    """By leaving places out."""
    known = evidence.kind == EvidenceKind.SURVEYED
    by_ranges = not np.isfinite(evidence.rssi_dbm[known]).any()
    heard = evidence.take(np.isfinite(evidence.range_m if by_ranges else evidence.rssi_dbm))
    surveyed = heard.kind == EvidenceKind.SURVEYED
    if not surveyed.any() or len(np.unique(_places(heard.take(surveyed)))) < LEAST_PLACES:
        return SurveyTrust(ranges=by_ranges)
    floor = _thin_out(cells, geometry)
    scores: dict[tuple[float, float], list[F64]] = {}
    blind: list[F64] = []
    for fold in folds_of(floor.cells, heard):
        blind.append(_blind_score(floor, heard, fold.tests))
        maps = _range_maps if by_ranges else _maps
        for choice, found in maps(plan, floor, heard.take(fold.train)):
            scores.setdefault(choice, []).append(_score(plan, floor, found, heard, fold.tests))
    if not scores:
        return SurveyTrust(ranges=by_ranges)
    found_at = {choice: np.concatenate(own) for choice, own in scores.items()}
    return replace(choose_trust(found_at, np.concatenate(blind)), ranges=by_ranges)


def gain_by(
    plan: Plan, cells: Cells, evidence: Evidence, geometry: Geometry, trust: SurveyTrust, other: RadioMap
) -> F64:
    """How much nearer (n,) places of a survey are found with `other`, a map at the cells that knows none of them, than
    with the survey's own when they are left out: as scores in metres, empty where none can be left out."""
    floor = _thin_out(cells, geometry)
    part = np.arange(0, len(cells), -(-len(cells) // MOST_CELLS))
    there = replace(
        other,
        **{name: getattr(other, name)[:, part] for name in ("mean_dbm", "sigma_db", "range_mean_m", "range_sigma_m")},
    )
    heard = evidence.take(np.isfinite(evidence.rssi_dbm))
    if not (heard.kind == EvidenceKind.SURVEYED).any():
        return np.empty(0)
    out = []
    for fold in folds_of(floor.cells, heard):
        own = dict(_maps(plan, floor, heard.take(fold.train)))[trust.believed, trust.field_length_m]
        out.append(_score(plan, floor, own, heard, fold.tests) - _score(plan, floor, there, heard, fold.tests))
    return np.concatenate(out) if out else np.empty(0)


def choose_trust(scores: dict[tuple[float, float], F64], blind: F64) -> SurveyTrust:
    """More is believed, and shadows reach farther, where that is clearly better (`_better`): the least that is as good
    (Breiman, Friedman, Olshen and Stone 1984, 3.4.3). `scores` (n,) of the places, by choice, and of who knows nothing
    but the floor: where nobody does clearly better, the places contradict each other."""
    nothing = taken = min(scores)
    for believed in sorted(BELIEVED):
        more, *longer = sorted(choice for choice in scores if choice[0] == believed)
        for choice in longer:
            more = _better(scores, more, choice)
        taken = _better(scores, taken, more)
    better = blind - scores[taken]
    if better.mean() <= CLEARLY * better.std() / np.sqrt(len(better)):
        return SurveyTrust(0.0, judged=len(blind))
    gain_m = float((scores[nothing] - scores[taken]).mean())
    length = taken[1] if taken[0] > 0 else DEFAULT_CALIBRATION.field_length_m
    return SurveyTrust(taken[0], length, gain_m, len(scores[taken]))


def _better(
    scores: dict[tuple[float, float], F64], here: tuple[float, float], there: tuple[float, float]
) -> tuple[float, float]:
    """`there` where its scores (n,) are better by more than the standard error of the places' differences."""
    gain = scores[here] - scores[there]
    return there if gain.mean() > gain.std() / np.sqrt(len(gain)) else here


def say_trust(trust: SurveyTrust, reach: Reach) -> str:
    """What the survey was used for, and why. Places are counted as `Reach` does; how often one was left out is not told
    beside them, as that is another count."""
    said = f"{reach.places} places near {reach.covered:.0%} of the walkable area"
    if trust.frame is not None:
        rest = ". What is left may be right, and is too little to show it" if trust.parts else ""
        return f"survey left aside: {said}; {say_frame(trust.frame)}{rest}"
    if trust.judged == 0:
        idle = not trust.ranges and reach.of_map < LEAST_USED
        used = "survey changes nothing in the map of RSSI" if idle else "survey used"
        return f"{used}: {said}, too few to judge by each other"
    if trust.believed == 0:
        blind = np.isnan(trust.gain_m)
        than = "than by chance: its places contradict each other" if blind else "with the others"
        kept = "how long all its ranges come out" if trust.ranges else "what devices send"
        return f"survey left aside, but for {kept}: {said}; left out in turn, they are found no nearer {than}"
    nearer = "hardly nearer" if trust.gain_m < LEAST_TOLD_M else f"{trust.gain_m:.2f} m nearer"
    judged = f"left out in turn, they are found {nearer} with the others"
    used = "what ranges of each access point come out long" if trust.ranges else "the law and its shadows"
    if reach.share > 0.5:
        return f"survey used for {used}: {said}; {judged}"
    if reach.of_map >= LEAST_USED:
        few = "too few to speak for all of the floor, and the rest is as without a survey"
        part = "part" if trust.ranges else f"{reach.of_map:.0%}"
        return f"survey used for {part} of {used}: {said}, {few}; {judged}"
    few = "too few to speak for the rest of the floor, whatever they say of each other"
    return f"survey used for next to nothing: {said}, {few} ({judged})"


def say_part(other: OtherPart, surveyors: Sequence[str] = ()) -> str:
    """Which part of a survey was left aside, and why."""
    whose = f"{other.part.places} places of the survey left aside, those of {other.part.say(surveyors)}"
    return f"{whose}: {say_frame(other.frame)}"


def _places(evidence: Evidence) -> I64:
    return place_numbers(evidence.level, evidence.x_m, evidence.y_m)


def _thin_out(cells: Cells, geometry: Geometry) -> Floor:
    part = np.arange(0, len(cells), -(-len(cells) // MOST_CELLS))
    none = np.empty(0, np.int32)
    thin = Cells(cells.cell_m, cells.x_m[part], cells.y_m[part], cells.level[part], none, none, np.empty(0))
    g = geometry
    there = Geometry(*(v[:, part] for v in (g.distance_m, g.walls_db, g.tall_db, g.low_db, g.floors)))
    few = np.arange(0, len(part), -(-len(part) // PAIRS))
    x, y = thin.x_m[few], thin.y_m[few]
    return Floor(thin, there, few, np.hypot(x[:, None] - x, y[:, None] - y).astype(np.float32))


def folds_of(cells: Cells, evidence: Evidence) -> Iterator[Fold]:
    """Folds whose places left out lie from the rest as the cells lie from the survey, an eighth of the cells each."""
    rows = np.flatnonzero(evidence.kind == EvidenceKind.SURVEYED)
    place = _places(evidence.take(rows))
    n = int(place.max()) + 1
    count = np.bincount(place, minlength=n)
    xy = np.column_stack(
        [np.bincount(place, weights=v[rows], minlength=n) / count for v in (evidence.x_m, evidence.y_m)]
    )
    level = np.zeros(n)
    level[place] = evidence.level[rows]
    at = np.column_stack([xy, 1e4 * level])  # other levels are far away
    to = np.column_stack([cells.x_m, cells.y_m, 1e4 * cells.level])
    off, _ = cKDTree(at).query(to)
    apart = np.linalg.norm(at[:, None] - at[None], axis=2)
    for k in range(FOLDS):
        tests, gone = _leave_out(apart, float(np.quantile(off, (k + 0.5) / FOLDS)), k)
        if tests:
            train = np.ones(len(evidence), np.bool_)
            train[rows[gone[place]]] = False
            yield Fold(train, [rows[place == test] for test in tests])


def _leave_out(apart_m: F64, radius_m: float, seed: int) -> tuple[list[int], Bools]:
    """Places to test, none in the other's way, and (P,) all that goes with them."""
    n = len(apart_m)
    tests: list[int] = []
    gone = np.zeros(n, np.bool_)
    for one in np.random.default_rng(seed).permutation(n).tolist():
        near = apart_m[one] <= radius_m
        share = (gone | near).sum() / n
        clear = not tests or apart_m[one, tests].min() > 2 * radius_m
        if clear and share <= (MOST_LEFT_OUT if tests else 1.5 * MOST_LEFT_OUT) and len(tests) < MOST_TESTS:
            tests.append(one)
            gone |= near
    return tests, gone


def _maps(plan: Plan, floor: Floor, train: Evidence) -> Iterator[tuple[tuple[float, float], RadioMap]]:
    """The maps that each choice makes of the evidence, by (believed, length)."""
    before = prior_map(plan, floor.cells, geometry=floor.geometry)
    full = reach_of(floor.cells, train)
    for believed in BELIEVED:
        reach = replace(full, believed=believed)
        law = fit_law(plan, train, reach.weight)
        for length in LENGTHS_M if believed > 0 else LENGTHS_M[:1]:
            settings = replace(DEFAULT_CALIBRATION, field_length_m=length)
            mean, sigma = weighed_map(plan, floor.cells, floor.geometry, train, law, reach, settings=settings)
            offset = float(mixed_spread(reach.of_map, settings.device_spread_db, before.offset_sigma_db))
            found = replace(before, mean_dbm=mean.astype(np.float32), sigma_db=sigma.astype(np.float32))
            found = replace(found, offset_sigma_db=offset)
            yield (believed, length), found


def _range_maps(plan: Plan, floor: Floor, train: Evidence) -> Iterator[tuple[tuple[float, float], RadioMap]]:
    """The maps that each choice makes of the evidence's ranges; there are no shadows whose length might be chosen."""
    before = prior_map(plan, floor.cells, geometry=floor.geometry)
    full, n_ap = reach_of(floor.cells, train), len(plan.access_points)
    for believed in BELIEVED:
        fit = fit_ranges(train, n_ap, DEFAULT_PRIOR, replace(full, believed=believed))
        mean = (floor.geometry.distance_m + fit.bias_m[:, None]).astype(np.float32)
        sigma = np.full(mean.shape, fit.sigma_m, np.float32)
        offset = DEFAULT_CALIBRATION.device_range_spread_m
        yield (
            (believed, DEFAULT_CALIBRATION.field_length_m),
            replace(before, range_mean_m=mean, range_sigma_m=sigma, range_offset_sigma_m=offset),
        )


def _score(plan: Plan, floor: Floor, radio_map: RadioMap, evidence: Evidence, tests: list[I64]) -> F64:
    """(n,) the energy score at each place left out, the mean over the devices that were there."""
    site = site_of(plan, floor.cells, radio_map, DEFAULT_SETTINGS)
    scans, x, y, test = _scans(evidence, tests, len(plan.access_points))
    n, c = len(scans), len(floor.cells)
    flat, new = np.full((n, c), 1.0 / c, np.float32), np.ones((n, 2), np.float32)
    everybody = np.ones((n, 2 * scans.rssi_dbm.shape[1]), np.float32)
    belief = Belief(flat, np.tile(site.offset_mean, (n, 1)), np.tile(site.offset_var, (n, 1)), new, everybody)
    posterior = bayes(site, scans, belief, DEFAULT_SETTINGS).posterior
    off = np.hypot(floor.cells.x_m - x[:, None], floor.cells.y_m - y[:, None])
    few = posterior[:, floor.few]
    few /= np.maximum(few.sum(axis=1, keepdims=True), 1e-12)
    own = np.einsum("nc,nc->n", few @ floor.apart_m, few)
    energy = np.einsum("nc,nc->n", posterior, off) - 0.5 * own
    return np.asarray(np.bincount(test, weights=energy) / np.bincount(test), dtype=np.float64)


def _blind_score(floor: Floor, evidence: Evidence, tests: list[I64]) -> F64:
    """(n,) the same of somebody who may be anywhere on the floor."""
    at = np.array([(evidence.x_m[rows].mean(), evidence.y_m[rows].mean()) for rows in tests])
    off = np.hypot(floor.cells.x_m - at[:, :1], floor.cells.y_m - at[:, 1:])
    return np.asarray(off.mean(axis=1) - 0.5 * float(floor.apart_m.mean()), dtype=np.float64)


def _scans(evidence: Evidence, tests: list[I64], n_ap: int) -> tuple[Scans, F64, F64, I64]:
    """One scan per place left out and device, where it was taken, and the number of the place."""
    values, at = [], []
    for k, rows in enumerate(tests):
        for source in np.unique(evidence.source[rows]).tolist():
            own = rows[evidence.source[rows] == source]
            ap = evidence.ap[own]
            values.append([_mean(ap, v[own], n_ap) for v in (evidence.rssi_dbm, evidence.range_m)])
            at.append((evidence.x_m[own].mean(), evidence.y_m[own].mean(), k))
    rssi, ranges = np.array(values, np.float32).transpose(1, 0, 2)
    if np.isfinite(rssi).any():
        ranges = np.full_like(ranges, np.nan)  # levels are what is judged
    x, y, k_of = np.array(at).T
    nothing, at_once = np.full(rssi.shape, np.nan, np.float32), np.zeros(rssi.shape, np.float32)
    scans = Scans(np.zeros(len(rssi)), np.arange(len(rssi), dtype=np.uint64), rssi, ranges, nothing, at_once)
    return scans, x, y, k_of.astype(np.int64)


def _mean(ap: I32, values: F64, n_ap: int) -> F64:
    """Of each access point's finite values (A,), NaN where there is none."""
    ok = np.isfinite(values)
    count = np.bincount(ap[ok], minlength=n_ap)
    total = np.bincount(ap[ok], weights=values[ok], minlength=n_ap)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
