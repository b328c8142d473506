"""Where evidence comes from: surveys, and access points that hear each other.

Access points that report one level of all others measure none, and a law fitted to that has no slope. Of the means of
a listener's links (n,), less what all have in common, two things may be said:

    one level:  N(0, s² I), any s of ALIKE_DB
    a law:      N(-n L - c, s² I + sd_n² L Lᵀ + sd_c² c cᵀ),  any s of SHADOWS_DB

with L the logarithms of distance, c what crossings cost and n the prior's exponent. The ratio of the two
(REML: the common level is integrated out) is the odds. Links of equal length tell nothing, as both foresee the same.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from engine.plan.model import Plan
from engine.radio.evidence import Evidence, EvidenceKind, evidence_at
from engine.radio.pathloss import DEFAULT_PRIOR, RadioPrior
from engine.radio.radiomap import prior_powers
from engine.radio.ridge import DEFAULT_RIDGE
from engine.records import F64, I32, I64, Hearings

SURVEY_PLACE_SIGMA_M = 0.3  # how well people know where they stand
MAST_PLACE_SIGMA_M = 0.3  # how well plans know where access points hang
ALIKE_DB = (0.3, 1.0)  # by which what is one level differs: not at all, or as a counter that trembles
EXPONENTS_SD = 0.8  # measured sites run from 1.15 to 3.35: one without much of a slope measures all the same
SHADOWS_DB = (0.5, 1.0, 2.0, 3.5, 5.0)  # spread of links around a law: open air to a store full of shelves
MUTE_NATS = float(np.log(1e3))  # odds from which on a listener says nothing: of a thousand few are so


class Surveyed(Protocol):
    """Readings at known places, arrays (n,); indices of the plan's levels and access points, `device` numbers."""

    @property
    def x_m(self) -> F64: ...
    @property
    def y_m(self) -> F64: ...
    @property
    def level(self) -> I32: ...
    @property
    def ap(self) -> I32: ...
    @property
    def rssi_dbm(self) -> F64: ...
    @property
    def range_m(self) -> F64: ...
    @property
    def device(self) -> I32: ...


def survey_evidence(plan: Plan, survey: Surveyed) -> Evidence:
    """Evidence from a survey: places where somebody stood and what was heard there."""
    return evidence_at(
        plan,
        kind=EvidenceKind.SURVEYED,
        ap=survey.ap,
        source=survey.device,
        level=survey.level,
        x_m=survey.x_m,
        y_m=survey.y_m,
        rssi_dbm=survey.rssi_dbm,
        range_m=survey.range_m,
        place_sigma_m=np.full(len(survey.x_m), SURVEY_PLACE_SIGMA_M),
    )


def hearings_evidence(plan: Plan, hearings: Hearings) -> Evidence:
    """Access points that hear each other: the speaker is at its place in the plan, at its height."""
    points = plan.access_points
    level = np.array([plan.level_index[p.level] for p in points], dtype=np.int32)
    x, y, z = (np.array(v, dtype=np.float64) for v in zip(*((p.x_m, p.y_m, p.z_m) for p in points), strict=True))
    heard = hearings.heard
    return evidence_at(
        plan,
        kind=EvidenceKind.ACCESS_POINT,
        ap=hearings.ap,
        source=heard,
        level=level[heard],
        x_m=x[heard],
        y_m=y[heard],
        rssi_dbm=hearings.rssi_dbm.astype(np.float64),
        range_m=hearings.range_m.astype(np.float64),
        place_sigma_m=np.full(len(heard), MAST_PLACE_SIGMA_M),
        height_m=z[heard],
    )


def find_mute_listeners(plan: Plan, hearings: Hearings, prior: RadioPrior = DEFAULT_PRIOR) -> I64:
    """Access points, as indices of the plan, that report one level of all others, however far those are: what they say
    of them is no measurement. Where all listeners seem so, each a little, all are."""
    ev = hearings_evidence(plan, hearings)
    ev = ev.take(np.isfinite(ev.rssi_dbm))
    listeners = np.unique(ev.ap).astype(np.int64)
    nats = np.array([_mute_nats(plan, ev.take(ev.ap == a), prior) for a in listeners.tolist()])
    if not len(listeners) or (nats.min() > 0 and nats.sum() > MUTE_NATS):
        return listeners
    return np.asarray(listeners[nats > MUTE_NATS], dtype=np.int64)


def _mute_nats(plan: Plan, links: Evidence, prior: RadioPrior) -> float:
    """Log odds that one listener's links are of one level, rather than of a law; 0 of one link."""
    exponent = float(prior_powers(plan, prior)[1][links.ap[0]])
    crossed = links.crossings_db(prior.tall, prior) + prior.floor_loss_db * links.floors
    spread = np.stack([EXPONENTS_SD * links.log_d, DEFAULT_RIDGE.loss_scale * crossed])
    law, unit = links.rssi_dbm + exponent * links.log_d + crossed, np.eye(len(links))
    by_law = [_log_density(law, s**2 * unit + spread.T @ spread) for s in SHADOWS_DB]
    alike = [_log_density(links.rssi_dbm, s**2 * unit) for s in ALIKE_DB]
    return float(np.logaddexp.reduce(alike) - np.log(len(alike)) - np.logaddexp.reduce(by_law) + np.log(len(by_law)))


def _log_density(values: F64, covariance: F64) -> float:
    """Of values (n,) whose common level is not known, but for what is the same of all covariances."""
    inverse = np.linalg.inv(covariance)
    of_level = inverse.sum(axis=0)
    level = of_level @ values / of_level.sum()
    left = values - level
    return float(-0.5 * (np.linalg.slogdet(covariance)[1] + np.log(of_level.sum()) + left @ inverse @ left))
