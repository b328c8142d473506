"""Where evidence comes from: surveys, and access points that hear each other."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from engine.plan.model import Plan
from engine.radio.evidence import Evidence, EvidenceKind, evidence_at
from engine.records import F64, I32, Hearings

SURVEY_PLACE_SIGMA_M = 0.3  # how well people know where they stand
MAST_PLACE_SIGMA_M = 0.3  # how well plans know where access points hang


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
