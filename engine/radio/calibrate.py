"""Calibration: evidence turns the prior radio map into the store's own, and says what it changed and what does not
fit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.radio.evidence import Evidence, EvidenceKind
from engine.radio.misplaced import find_misplaced
from engine.radio.pathloss import DEFAULT_PRIOR, Geometry, RadioPrior, cell_geometry, law_spread, log_distance, mean_dbm
from engine.radio.radiomap import RadioMap, prior_map, prior_powers
from engine.radio.range_fit import fit_ranges
from engine.radio.reach import Reach, reach_of
from engine.radio.residuals import field_amplitude, residual_field
from engine.radio.ridge import FAST_DB, FittedLaw, fit_law, place_variance, source_medians_of
from engine.records import F64, Bools


@dataclass(frozen=True, slots=True)
class CalibrationSettings:
    """How far evidence may move the map. Pairs are for evidence that covers nothing and all of the store."""

    field_length_m: float = 4.0  # shadows of shelves and people; a survey that can tell chooses its own
    field_cap_db: float = 8.0
    field_noise_db: float = 1.5  # of a place's mean: another minute, another hand
    sigma_floor_db: tuple[float, float] = (3.5, 2.8)  # another phone, other bodies: never surer than this
    device_spread_db: float = 8.0  # of the next device around those that were heard
    device_range_spread_m: float = 1.0


DEFAULT_CALIBRATION = CalibrationSettings()
FLAT, STEEP = 1.4, 4.0  # exponents beyond which signals fall with distance as radio does not
SURELY = 2.0  # standard deviations by which a departure must be beyond what is usual, before anybody is accused


@dataclass(frozen=True, slots=True)
class ApFit:
    """Root mean square of residuals around the plan's law and around the fitted one, in dB, each with devices' offsets
    taken out; and the fitted law of one access point. `places` counts what that is of: means of a device's readings in
    one square metre, or scans; `ranged` how many of those, or scans, hold ranges. `stronger_db`: by how much more than
    the others it is heard, where it is heard, and how well that is known: at 1 m, where nobody stands, power and
    exponent stand in for each other. `doubted`: it is of a survey that is not believed, which accuses nobody. The law
    is NaN where the map has none, of one that hangs elsewhere."""

    ap: str
    places: int
    rms_before_db: float
    rms_after_db: float
    p0_dbm: float
    exponent: float
    range_bias_m: float
    ranged: int = 0
    stronger_db: float = 0.0
    stronger_sd_db: float = 0.0
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class Calibration:
    """The new map, the fit per access point, and sentences about what does not fit. `reach`: how far the evidence
    speaks for the store. `in_map`, 0 to 1: how much of the map of RSSI is the fit; the rest is the map without it."""

    radio_map: RadioMap
    law: FittedLaw
    fits: list[ApFit]
    loss_scale: float
    reach: Reach
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    in_map: float = 1.0


def calibrate(
    plan: Plan,
    cells: Cells,
    evidence: Evidence,
    prior: RadioPrior = DEFAULT_PRIOR,
    settings: CalibrationSettings = DEFAULT_CALIBRATION,
    geometry: Geometry | None = None,
    believed: float = 1.0,
) -> Calibration:
    """Fits the law, then the fields, to the evidence. Without evidence of a kind the prior stays for that kind.

    `geometry` at the cells saves computing it again. `believed`, 0 to 1: how much of what a survey of so many places
    may say, this one does say (`Reach`).
    """
    geometry = geometry or cell_geometry(plan, cells, prior)
    before = prior_map(plan, cells, prior, geometry)
    reach = replace(reach_of(cells, evidence), believed=believed)
    law = fit_law(plan, evidence, reach.weight, prior)
    mean, sigma = weighed_map(plan, cells, geometry, evidence, law, reach, prior, settings)
    ranges = fit_ranges(evidence, len(plan.access_points), prior, reach)
    radio_map = RadioMap(
        mean_dbm=mean.astype(np.float32),
        sigma_db=sigma.astype(np.float32),
        range_mean_m=(geometry.distance_m + ranges.bias_m[:, None]).astype(np.float32),
        range_sigma_m=np.full(mean.shape, ranges.sigma_m, np.float32),
        offset_mean_db=0.0,
        offset_sigma_db=float(mixed_spread(reach.of_map, settings.device_spread_db, before.offset_sigma_db)),
        range_offset_sigma_m=settings.device_range_spread_m if ranges.known else before.range_offset_sigma_m,
        measured=max(measured_share(evidence, reach), before.measured),
        kept=_kept_share(evidence, reach),
    )
    doubted = (evidence.kind == EvidenceKind.SURVEYED) & (believed == 0)
    fits = _fits(plan, evidence, law, ranges.bias_m, prior, doubted)
    notes = [f"evidence covers {reach.covered:.0%} of the walkable area"] if reach.places else []
    sound = np.flatnonzero(~doubted)
    warnings = _warn_of_misplaced(plan, evidence.take(sound), replace(law, residual_db=law.residual_db[sound]), prior)
    if any(fit.places or fit.ranged for fit in fits):  # where nothing was heard, that is no news of each of them
        warnings = fit_warnings(fits, law) + warnings
    in_map = reach.of_map if _heard_devices(evidence) else 1.0
    return Calibration(radio_map, law, fits, law.loss_scale, reach, warnings, notes, in_map)


def weighed_map(
    plan: Plan,
    cells: Cells,
    geometry: Geometry,
    evidence: Evidence,
    law: FittedLaw,
    reach: Reach,
    prior: RadioPrior = DEFAULT_PRIOR,
    settings: CalibrationSettings = DEFAULT_CALIBRATION,
) -> tuple[F64, F64]:
    """Mean and spread (A, C) of the evidence's map, weighed against the map that is made without devices' places.

    Rows of a route are many, so that even at a small weight they bend a law; but they are of one way, and what they
    say alike of it is no more true elsewhere. So the whole of what they change counts as far as they speak for the
    store, and evidence that speaks for nothing changes nothing.
    """
    mean, sigma = rssi_map(cells, geometry, evidence, law, reach, prior, settings)
    if not _heard_devices(evidence):
        return mean, sigma
    without_mean, without_sigma = _map_without(plan, cells, geometry, evidence, prior, settings)
    share = reach.of_map
    return share * mean + (1.0 - share) * without_mean, mixed_spread(share, sigma, without_sigma)


def _kept_share(evidence: Evidence, reach: Reach) -> float:
    """How much of the map of RSSI is more than the plan's: all of it, where access points say what they hear."""
    if np.isfinite(evidence.take(~evidence.of_devices).rssi_dbm).any():
        return 1.0
    return reach.of_map if _heard_devices(evidence) else 0.0


def _heard_devices(evidence: Evidence) -> bool:
    """Whether there is RSSI of devices, not of access points alone."""
    return bool((np.isfinite(evidence.rssi_dbm) & evidence.of_devices).any())


def _map_without(
    plan: Plan, cells: Cells, geometry: Geometry, evidence: Evidence, prior: RadioPrior, settings: CalibrationSettings
) -> tuple[F64, F64]:
    """Mean and spread (A, C) of the map that access points alone make, or the plan where they say nothing."""
    masts = evidence.take(~evidence.of_devices)
    if np.isfinite(masts.rssi_dbm).any():
        return rssi_map(cells, geometry, masts, fit_law(plan, masts, 1.0, prior), Reach(0.0), prior, settings)
    before = prior_map(plan, cells, prior, geometry)
    return before.mean_dbm.astype(np.float64), before.sigma_db.astype(np.float64)


def mixed_spread(share: float, one: F64 | float, other: F64 | float) -> F64:
    """Standard deviation where the variance is `share` of the one's and the rest of the other's."""
    return np.asarray(np.sqrt(share * np.square(one) + (1.0 - share) * np.square(other)), dtype=np.float64)


def rssi_map(
    cells: Cells,
    geometry: Geometry,
    evidence: Evidence,
    law: FittedLaw,
    reach: Reach,
    prior: RadioPrior = DEFAULT_PRIOR,
    settings: CalibrationSettings = DEFAULT_CALIBRATION,
) -> tuple[F64, F64]:
    """Mean and spread (A, C): the law, fitted to this evidence, plus fields."""
    mean = mean_dbm(geometry, law.p0_dbm, law.exponent, law.loss_scale, prior, law.tall)
    rows = np.flatnonzero(np.isfinite(law.residual_db) & evidence.of_devices)
    ev, residual = evidence.take(rows), law.residual_db[rows]
    noise = settings.field_noise_db**2 + FAST_DB**2 / ev.count + place_variance(ev, prior)
    place = (ev.level, ev.x_m, ev.y_m)
    smooth = field_amplitude(place, ev.ap, residual, settings.field_length_m, settings.field_cap_db)
    # places that were themselves estimated fit better than they should: they do not make the map surer
    known = evidence.kind == EvidenceKind.SURVEYED
    surveyed = reach if known.all() else replace(reach_of(cells, evidence.take(known)), believed=reach.believed)
    base = _base_sigma(residual, surveyed.between(*settings.sigma_floor_db), prior.sigma_db)
    law_var = law_spread(base, (1.0 - reach.share**2) * law.exponent_sd, log_distance(geometry.distance_m)) ** 2
    variance = law_var + (reach.share * smooth) ** 2
    to = (cells.level, cells.x_m, cells.y_m)
    for a in np.unique(ev.ap).tolist():
        at = np.flatnonzero(ev.ap == a)
        own = (ev.level[at], ev.x_m[at], ev.y_m[at])
        field_a = residual_field(own, residual[at], noise[at], to, smooth, settings.field_length_m)
        mean[a] += reach.share * field_a.mean
        variance[a] = law_var[a] + reach.share**2 * field_a.variance
    return mean, np.sqrt(variance)


def measured_share(evidence: Evidence, reach: Reach) -> float:
    """How far a map of this evidence is of measurements, 0 to 1: access points that hear each other do so across the
    whole store, a survey as far as it reaches."""
    links = np.isfinite(evidence.rssi_dbm) & ~evidence.of_devices
    return 1.0 if links.any() else reach.of_map


def _base_sigma(residual: F64, floor: float, prior: float) -> float:
    """Spread of one scan: most of the evidence's own (the field explains the rest), never under the floor."""
    if len(residual) < 10:
        return prior
    return max(floor, 0.75 * 1.4826 * float(np.median(np.abs(residual))))


def _fits(
    plan: Plan, evidence: Evidence, law: FittedLaw, range_bias: F64, prior: RadioPrior, doubted: Bools
) -> list[ApFit]:
    """Residuals around the laws (not the fields), from each the medians of its devices taken out: evidence that weighs
    little hardly moves a device's own coefficient, and what is left of it is no residual of the law before. Fits of any
    `doubted` rows (n,) are doubted."""
    p0, exponent = prior_powers(plan, prior)
    base = p0[evidence.ap] - exponent[evidence.ap] * evidence.log_d - evidence.crossings_db(prior.tall, prior)
    before = evidence.rssi_dbm - (base - prior.floor_loss_db * evidence.floors)
    before -= source_medians_of(evidence, before)
    out = []
    for a, ap in enumerate(plan.access_points):
        at = np.flatnonzero((evidence.ap == a) & np.isfinite(law.residual_db))
        out.append(
            ApFit(
                ap.id,
                len(at),
                _rms(before[at]),
                _rms(law.residual_db[at]),
                float(law.p0_dbm[a]),
                float(law.exponent[a]),
                float(range_bias[a]),
                int((np.isfinite(evidence.range_m) & evidence.of_devices & (evidence.ap == a)).sum()),
                *(law.stronger_db(a, float(evidence.log_d[at].mean())) if len(at) else (0.0, 0.0)),
                bool(doubted[at].any()),
            )
        )
    return out


def _warn_of_misplaced(plan: Plan, evidence: Evidence, law: FittedLaw, prior: RadioPrior) -> list[str]:
    return [
        f"{plan.access_points[m.ap].id}: fits {m.gain:.0%} better at x {m.x_m:.1f}, y {m.y_m:.1f}, {m.moved_m:.0f} m"
        " from its place in the plan: go and look"
        for m in find_misplaced(plan, evidence, law.exponent, prior)
    ]


def _rms(values: F64) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else float("nan")


def fit_warnings(fits: list[ApFit], law: FittedLaw) -> list[str]:
    """What a person should look at: fits at the end of what there is, access points that do not fit. `fits` are of the
    law's access points, in their order."""
    out = []
    for f, exponent_sd in zip(fits, law.exponent_sd.tolist(), strict=False):
        if not f.places:
            out += [] if f.ranged else [f"{f.ap}: no evidence; it keeps what the others say"]
            continue
        if f.doubted:
            continue
        if abs(f.stronger_db) - SURELY * f.stronger_sd_db > 8:
            power = f"{f.stronger_db:+.0f} dB from the others where it is heard"
            out.append(f"{f.ap}: {power}: is its power or its place in the plan right?")
        if f.exponent + SURELY * exponent_sd <= FLAT:
            falls = f"its signals hardly fall with distance (exponent {f.exponent:.1f})"
            out.append(f"{f.ap}: {falls}: is its place in the plan right? Are walls drawn that are not there?")
        if f.exponent - SURELY * exponent_sd >= STEEP:
            falls = f"its signals fall faster with distance than radio does (exponent {f.exponent:.1f})"
            out.append(f"{f.ap}: {falls}: are walls or shelves missing in the plan?")
        if f.rms_after_db > 8:
            out.append(f"{f.ap}: residuals of {f.rms_after_db:.1f} dB: is its place in the plan right?")
    if not 0.3 < law.loss_scale < 2.0:
        out.append(f"losses of walls and shelves come out {law.loss_scale:.1f} times the plan's: check their materials")
    return out


def without_named(warnings: Sequence[str], named: Collection[str]) -> list[str]:
    """Warnings of a fit, but for those of access points that are `named` already for something that spoils their fit:
    one fault is to be told once."""
    return [sentence for sentence in warnings if not any(sentence.startswith(f"{ap}: ") for ap in named)]
