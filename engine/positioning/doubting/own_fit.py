"""What is left of the ranges of a scan where it says itself that its device is: how far they contradict each other.

Each scan of LEAST ranges and more tells its place x and its device's offset b by itself, with no map, no track and no
other scan, by least squares on distances d_a, iteratively reweighted by Student's t (w_a; Holland & Welsch 1977):

    min sum_a w_a (r_a - b - d_a(x))²,   q_a = sqrt(w_a) (r_a - b - d_a(x))

Of errors e, q shows what no place and no offset explains: q = M e, with M = I - Y Y' the projector that leaves out the
span Y of the three unknowns (to first order, of the ranges that were heard). So of errors of variance s², and of
correlation rho between two scans i and j of one device,

    E[q_i · q_i] = s² tr M_i,   E[q_i · q_j] = rho s² tr(M_i M_j)

wherever the device is and however it walked between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from engine.columns import Columns
from engine.positioning.measurement.site import Site
from engine.positioning.settings import LocatorSettings
from engine.records import F64, I64, Bools, Scans

LEAST = 4  # ranges of a scan: three unknowns, and one to contradict
STEPS = 12  # of Gauss and Newton; from the fourth on ranges are weighed
PLAIN_STEPS = 4
LONGEST_STEP_M = 5.0  # along an axis
AREA_SIGMA_M = 8.0  # around the centroid of who heard it: access points in one line leave the place across it open
OFFSET_SIGMA_M = 3.0  # of the device and the store: nearly free


@dataclass(frozen=True, slots=True)
class OwnFit(Columns):
    """Of n scans and A access points: `left` (n, A) q above, 0 where unheard; `heard` (n, A); `span` (n, 3 A) the
    columns of Y, one access point after the other."""

    left: Annotated[F64, "n_ap"]
    heard: Annotated[Bools, "n_ap"]
    span: Annotated[F64, "spans"]

    @property
    def squares(self) -> F64:
        """q · q (n,)."""
        return np.asarray((self.left**2).sum(axis=1))

    @property
    def freedom(self) -> F64:
        """tr M (n,)."""
        return np.asarray(self.heard.sum(axis=1) - (self.span**2).sum(axis=1))

    def product(self, other: OwnFit) -> F64:
        """q_i · q_j (n,), row by row."""
        return np.asarray((self.left * other.left).sum(axis=1))

    def shared_freedom(self, other: OwnFit) -> F64:
        """tr(M_i M_j) (n,), row by row."""
        (mine, own), (his, others) = ((f.heard.astype(np.float64), f._spans) for f in (self, other))
        cross = np.einsum("nai,naj->nij", own, others)
        alone = np.einsum("na,nai->n", mine, others**2) + np.einsum("na,nai->n", his, own**2)
        return np.asarray((mine * his).sum(axis=1) - alone + (cross**2).sum(axis=(1, 2)))

    @property
    def _spans(self) -> F64:
        return self.span.reshape(*self.heard.shape, 3)


def own_fit(site: Site, scans: Scans, settings: LocatorSettings) -> OwnFit:
    """Of scans of LEAST ranges each and more."""
    heard = np.isfinite(scans.range_m)
    ranges = np.where(heard, scans.range_m, 0.0).astype(np.float64)
    near = np.where(heard, 1.0 / np.maximum(ranges, 1.0), 0.0)
    level = (near @ np.eye(len(site.device_z))[site.ap_level]).argmax(axis=1)
    up2 = (site.ap_xyz[:, 2] - site.device_z[level][:, None]) ** 2
    scale = float(1.0 / site.range.weight[0, 0])  # m², of one range by the map
    start = near @ site.ap_xyz[:, :2] / near.sum(axis=1, keepdims=True)
    pull = scale / np.array([AREA_SIGMA_M, AREA_SIGMA_M, OFFSET_SIGMA_M]) ** 2
    place, weight = np.concatenate([start, np.zeros((len(start), 1))], axis=1), heard.astype(np.float64)
    first = place.copy()
    for step in range(STEPS):
        slope, left = _line(site, place, ranges, up2)
        if step >= PLAIN_STEPS:
            weight = heard * _weights(left**2 / scale, settings.range_tail_dof)
        normal = _normal(slope, weight, pull)
        downhill = np.einsum("na,nai->ni", weight * left, slope) + (first - place) * pull
        ahead = np.linalg.solve(normal, downhill[:, :, None])[:, :, 0]
        place = place + np.clip(ahead, -LONGEST_STEP_M, LONGEST_STEP_M)
    slope, left = _line(site, place, ranges, up2)
    weight = heard * _weights(left**2 / scale, settings.range_tail_dof)
    root = np.sqrt(weight)
    lower = np.linalg.cholesky(_normal(slope, weight, pull))
    span = np.linalg.solve(lower, (slope * root[:, :, None]).transpose(0, 2, 1)).transpose(0, 2, 1)
    return OwnFit(root * left, heard, np.ascontiguousarray(span).reshape(len(place), 3 * heard.shape[1]))


def pairs(device: np.ndarray) -> I64:
    """Rows (m, 2) of scans, in the order given, that follow on each other of one device (n,)."""
    order = np.argsort(device, kind="stable")
    again = device[order[1:]] == device[order[:-1]]
    return np.column_stack([order[:-1][again], order[1:][again]])


def _line(site: Site, place: F64, ranges: F64, up2: F64) -> tuple[F64, F64]:
    """Slopes (n, A, 3) of what is foreseen of each range by place and offset (n, 3), and what is left (n, A)."""
    across = place[:, None, :2] - site.ap_xyz[None, :, :2]
    distance = np.sqrt(np.maximum((across**2).sum(axis=2) + up2, 1e-6))
    slope = np.concatenate([across / distance[:, :, None], np.ones((*distance.shape, 1))], axis=2)
    return slope, ranges - place[:, 2:] - distance


def _weights(squared: F64, dof: float) -> F64:
    return np.asarray(np.minimum((dof + 1.0) / (dof + squared), 1.0))


def _normal(slope: F64, weight: F64, pull: F64) -> F64:
    """(n, 3, 3)."""
    return np.asarray(np.einsum("na,nai,naj->nij", weight, slope, slope) + np.diag(pull))
