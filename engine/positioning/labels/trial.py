"""Whether labels make the map better: devices are left out, the map is corrected by the labels of the others, and what
was heard at the labels left out is located with it and without (survey_trust tells the same of a survey).

The answer is scored in metres, by the energy score of the posterior against the label's place. A correction is taken
only as far as it is clearly better for devices that it has not heard: the map is never worse than before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.bayes import bayes
from engine.positioning.belief import Belief
from engine.positioning.labels.field import Correction, correction_of
from engine.positioning.labels.places import Taught
from engine.positioning.measurement.site_build import site_of
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.radio.radiomap import RadioMap
from engine.records import F32, F64, I64, Scans

SHARES = (0.5, 1.0)
FOLDS = 4
LEAST_LABELS, LEAST_DEVICES = 20, 8
MOST_CELLS = 1200  # looked at, evenly out of all
PAIRS = 300  # cells by which the posterior's own spread is taken
FAR_M = 8.0  # a label further off counts as if it were so far: it may be wrong
CLEARLY = 1.0  # standard errors, by device


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to add to the map, and how much of it, 0 (nothing) to 1; `gain_m` nearer, of devices left out, by
    `devices` of them; NaN where there were too few."""

    correction: Correction | None
    share: float
    gain_m: float
    devices: int

    def apply(self, radio_map: RadioMap) -> RadioMap:
        """The map that is better for devices that taught nothing of it."""
        return radio_map if self.correction is None else self.correction.apply(radio_map, self.share)


NOTHING = Verdict(None, 0.0, float("nan"), 0)


def try_labels(plan: Plan, cells: Cells, radio_map: RadioMap, taught: Taught) -> Verdict:
    """Of these weighed labels."""
    own = taught.take(taught.weight > 0.1)
    devices = np.unique(own.number)
    if len(own) < LEAST_LABELS or len(devices) < LEAST_DEVICES:
        return replace(NOTHING, devices=len(devices))
    thin, there = _thin(cells, radio_map)
    apart = _apart(thin)
    scores: dict[float, list[F64]] = {share: [] for share in (0.0, *SHARES)}
    rows: list[I64] = []
    for fold in range(FOLDS):
        test = np.flatnonzero(own.number % FOLDS == fold)
        rest = own.take(own.number % FOLDS != fold)
        if not len(test) or not len(rest):
            continue
        rows.append(test)
        found = correction_of(thin, there, rest)
        for share, said in scores.items():
            said.append(_score(plan, thin, found.apply(there, share), own.take(test), apart))
    share, gain = _choose({k: np.concatenate(v) for k, v in scores.items()}, own.take(np.concatenate(rows)))
    if share == 0.0:
        return Verdict(None, 0.0, gain, len(devices))
    return Verdict(correction_of(cells, radio_map, own), share, gain, len(devices))


def _choose(scores: dict[float, F64], own: Taught) -> tuple[float, float]:
    """The share that is clearly better than none, and more only where that is better still; its gain in metres."""
    _, of = np.unique(own.number, return_inverse=True)
    total = np.bincount(of, weights=own.weight)

    def mean(values: F64) -> F64:
        return np.asarray(np.bincount(of, weights=own.weight * values) / total, np.float64)

    taken, gained = 0.0, 0.0
    for share in SHARES:
        more = mean(scores[taken] - scores[share])
        if more.mean() > CLEARLY * more.std() / np.sqrt(len(more)):
            taken = share
    gained = float(mean(scores[0.0] - scores[taken]).mean())
    return taken, gained


def _thin(cells: Cells, radio_map: RadioMap) -> tuple[Cells, RadioMap]:
    part = np.arange(0, len(cells), -(-len(cells) // MOST_CELLS))
    none = np.empty(0, np.int32)
    thin = Cells(cells.cell_m, cells.x_m[part], cells.y_m[part], cells.level[part], none, none, np.empty(0))
    names = ("mean_dbm", "sigma_db", "range_mean_m", "range_sigma_m")
    return thin, replace(radio_map, **{name: getattr(radio_map, name)[:, part] for name in names})


def _apart(cells: Cells) -> tuple[I64, F32]:
    few = np.arange(0, len(cells), -(-len(cells) // PAIRS))
    x, y = cells.x_m[few], cells.y_m[few]
    return few, np.hypot(x[:, None] - x, y[:, None] - y).astype(np.float32)


def _score(plan: Plan, cells: Cells, radio_map: RadioMap, own: Taught, apart: tuple[I64, F32]) -> F64:
    """(n,) the energy score of what was heard at each label, in metres, at most FAR_M."""
    site = site_of(plan, cells, radio_map, DEFAULT_SETTINGS)
    n, c, n_ap = len(own), len(cells), own.rssi_dbm.shape[1]
    nothing = np.full(own.rssi_dbm.shape, np.nan, np.float32)
    age = np.where(np.isfinite(own.rssi_dbm), np.float32(0.0), nothing)
    scans = Scans(np.zeros(n), np.arange(n, dtype=np.uint64), own.rssi_dbm, nothing, nothing, age)
    flat, new = np.full((n, c), 1.0 / c, np.float32), np.ones((n, 2), np.float32)
    everybody = np.ones((n, 2 * n_ap), np.float32)
    belief = Belief(flat, np.tile(site.offset_mean, (n, 1)), np.tile(site.offset_var, (n, 1)), new, everybody)
    posterior = bayes(site, scans, belief, DEFAULT_SETTINGS).posterior
    off = np.hypot(cells.x_m - own.x_m[:, None], cells.y_m - own.y_m[:, None])
    few, between = apart
    some = posterior[:, few]
    some = some / np.maximum(some.sum(axis=1, keepdims=True), 1e-12)
    energy = np.einsum("nc,nc->n", posterior, off) - 0.5 * np.einsum("nc,nc->n", some @ between, some)
    return np.asarray(np.minimum(energy, FAR_M), np.float64)
