"""Whether labels make the map better: devices are left out, the map is corrected by the labels of the others, and what
was heard at the labels left out is located with it and without (survey_trust tells the same of a survey).

The answer is scored in metres, by the energy score of the posterior against the label's place. A correction is taken
only as far as it is clearly better for devices that it has not heard: the map is never worse than before.

Where fewer devices were labelled than can be left out, as where two terminals of a shop scan its shelves, places are
left out instead, each square of them with all labels in it: who comes later stands between labels, as those do.

Labels with a time of their own say where their device was; a receipt's line says what its track fitted best. So where
there are enough of the first, all is scored at those, and receipts are taken beside them only where that is clearly
better than without them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.bayes import bayes
from engine.positioning.belief import Belief
from engine.positioning.labels.doubts import SQUARE_M, are_timed, squares_of
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
CLEARLY_BY_PLACES = 2.0  # by square: what is a device's own is in all of them
LEAST_WEIGHT = 0.1  # of a label that is taken


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to add to the map, and how much of it, 0 (nothing) to 1; `gain_m` nearer, of devices left out, by
    `devices` of them; NaN where there were too few. `receipts`: whether it is made of what has no time, too;
    `apart`: of labels less the vector that all of a stream lie off."""

    correction: Correction | None
    share: float
    gain_m: float
    devices: int
    receipts: bool = True
    apart: bool = False

    def apply(self, radio_map: RadioMap) -> RadioMap:
        """The map that is better for devices that taught nothing of it."""
        return radio_map if self.correction is None else self.correction.apply(radio_map, self.share)


NOTHING = Verdict(None, 0.0, float("nan"), 0)


def try_labels(plan: Plan, cells: Cells, radio_map: RadioMap, taught: Taught) -> Verdict:
    """Of these weighed labels."""
    every, timed = take_teaching(taught, True), take_teaching(taught, False)
    sure = timed if _enough(timed) else every
    if not _enough(sure):
        return replace(NOTHING, devices=len(np.unique(every.number)))
    held_out = _HeldOut.of(plan, *_thin(cells, radio_map), sure, by_places=not _of_many(sure))
    scores = held_out.scores(sure, (0.0, *SHARES))
    share, receipts = _choose(held_out, scores), sure is every
    score = scores[share]
    if not receipts and len(every) > len(sure):
        more = share or SHARES[0]
        beside = held_out.scores(every, (more,))[more]
        if held_out.clearly(score, beside):
            share, receipts, score = more, True, beside
    gain, devices = held_out.gain(scores[0.0], score), len(np.unique(sure.number))
    if share == 0.0:
        return Verdict(None, 0.0, gain, devices)
    return Verdict(correction_of(cells, radio_map, take_teaching(taught, receipts)), share, gain, devices, receipts)


def take_teaching(taught: Taught, receipts: bool) -> Taught:
    """Of weighed labels those that a correction is made of."""
    return taught.take((taught.weight > LEAST_WEIGHT) & (receipts | are_timed(taught.kind)))


def _enough(own: Taught) -> bool:
    squares, _ = _squares(own)
    return len(own) >= LEAST_LABELS and (_of_many(own) or len(np.unique(squares)) >= LEAST_DEVICES)


def _of_many(own: Taught) -> bool:
    return len(np.unique(own.number)) >= LEAST_DEVICES


def _squares(own: Taught) -> tuple[I64, I64]:
    """(n,) the square that each label lies in, and its fold: those beside it are of others."""
    x, y = (np.floor(at / SQUARE_M).astype(np.int64) for at in (own.x_m, own.y_m))
    return squares_of(own.level, own.x_m, own.y_m), (x + 2 * y) % FOLDS


def _choose(held_out: _HeldOut, scores: Mapping[float, F64]) -> float:
    """The share that is clearly better than none, and more only where that is better still."""
    taken = 0.0
    for share in SHARES:
        if held_out.clearly(scores[taken], scores[share]):
            taken = share
    return taken


@dataclass(frozen=True, slots=True)
class _HeldOut:
    """Labels (n,) that maps are scored at, by folds of their devices, in the order of folds."""

    plan: Plan
    cells: Cells
    radio_map: RadioMap
    own: Taught
    apart: tuple[I64, F32]
    by_places: bool

    @classmethod
    def of(cls, plan: Plan, cells: Cells, radio_map: RadioMap, own: Taught, *, by_places: bool) -> _HeldOut:
        fold = _squares(own)[1] if by_places else own.number % FOLDS
        return cls(plan, cells, radio_map, own.take(np.argsort(fold, kind="stable")), _apart(cells), by_places)

    def fold_of(self, labels: Taught) -> I64:
        """(n,) in which fold labels are left out."""
        return np.asarray(_squares(labels)[1] if self.by_places else labels.number % FOLDS, np.int64)

    def scores(self, teach: Taught, shares: Sequence[float]) -> dict[float, F64]:
        """(n,) each, of so large a share of what `teach` says without the devices, or places, that are scored."""
        said: dict[float, list[F64]] = {share: [] for share in shares}
        own_fold, fold_taught = self.fold_of(self.own), self.fold_of(teach)
        for fold in np.unique(own_fold).tolist():
            test, rest = self.own.take(own_fold == fold), teach.take(fold_taught != fold)
            found = correction_of(self.cells, self.radio_map, rest)
            for share, part in said.items():
                part.append(_score(self.plan, self.cells, found.apply(self.radio_map, share), test, self.apart))
        return {share: np.concatenate(part) for share, part in said.items()}

    def clearly(self, before: F64, after: F64) -> bool:
        """Whether scores are better by more than chance makes them."""
        more = self._by_group(before - after)
        errors = CLEARLY_BY_PLACES if self.by_places else CLEARLY
        return bool(more.mean() > errors * more.std() / np.sqrt(len(more)))

    def gain(self, before: F64, after: F64) -> float:
        """Metres nearer, of a device or at a place."""
        return float(self._by_group(before - after).mean())

    def _by_group(self, values: F64) -> F64:
        _, of = np.unique(_squares(self.own)[0] if self.by_places else self.own.number, return_inverse=True)
        weight = self.own.weight
        return np.asarray(np.bincount(of, weights=weight * values) / np.bincount(of, weights=weight), np.float64)


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
