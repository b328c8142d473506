"""Where activity is statistically above the store's: Getis-Ord Gi* over heat squares, false discoveries controlled.

Gi* (Ord and Getis 1995, "Local spatial autocorrelation statistics", eq. 14) with binary weights, the square itself
included, has the form of a convolution on a regular grid. Testing thousands of squares at p < 0.05 would find hot
ones in noise, so p-values become q-values after Benjamini and Hochberg (1995), whose bound also holds for the positive
dependence of overlapping neighbourhoods (Benjamini and Yekutieli 2001).

Gi* takes squares for independent of one another. Found places are blurred by their error, so that neighbours are alike
with nothing behind it, and a sum over a neighbourhood varies more than over as many independent squares (Ord and Getis
2001, "Testing for local spatial autocorrelation in the presence of global autocorrelation"). How alike is read off the
map itself, from squares side by side; a blur by a Gaussian makes it fall off with the square of the distance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from engine.plan.cells import Cells, zone_membership
from engine.plan.model import Plan
from engine.presence.frames import HeatFrame, heat_frames, squares_of_cells
from engine.presence.heat import HeatRow
from engine.records import F64, Bools


class HotState(StrEnum):
    """Whether a zone is statistically above its level."""

    HOT = "hot"
    NOT_HOT = "not_hot"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"


class HotReason(StrEnum):
    """Why that is said of a zone: what it has of hot squares, or the evidence that is short."""

    HOT_SQUARES = "hot_squares"
    FEW_HOT_SQUARES = "few_hot_squares"
    NO_HOT_SQUARES = "no_hot_squares"
    SQUARES = "squares"
    ZONE_SQUARES = "zone_squares"
    PERSON_S = "person_s"
    FIXES = "fixes"
    ZONE_VISITS = "zone_visits"


def disc(radius_cells: float) -> F64:
    """The neighbourhood of a square: ones where the centre lies within `radius_cells`, the square itself included."""
    reach = int(np.floor(radius_cells))
    row, col = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(row**2 + col**2 <= radius_cells**2 + 1e-9, np.float64)


def alike(values: npt.ArrayLike, mask: Bools) -> float:
    """The correlation of squares of the mask that lie side by side, 0 where it is negative or there are none."""
    x = np.asarray(values, np.float64)
    inside = x[mask]
    if not inside.size or not inside.std() > 1e-12 * max(1.0, abs(inside.mean())):
        return 0.0
    off = (x - inside.mean()) / inside.std()
    across, down = mask[:, 1:] & mask[:, :-1], mask[1:] & mask[:-1]
    products = np.concatenate([(off[:, 1:] * off[:, :-1])[across], (off[1:] * off[:-1])[down]])
    return float(np.clip(products.mean(), 0.0, 1.0)) if products.size else 0.0


def gi_star(values: npt.ArrayLike, mask: Bools, radius_cells: float, likeness: float = 0.0) -> F64:
    """z of Gi* per square, (H, W); NaN where `mask` is false. 0 where all squares are alike, or are all neighbours.

    With w_ij = 1 for the W_i squares j of the mask within `radius_cells` of i (i itself too), n squares, mean X and
    S^2 = sum(x_j^2) / n - X^2::

        z_i = (sum_j w_ij x_j - X W_i) / (S sqrt((n W_i - W_i^2) / (n - 1)))

    Where squares side by side correlate by `likeness`, squares d apart do by its d^2-th power, and the variance of a
    sum grows by the sum of that over pairs of the neighbourhood, over W_i.
    """
    from scipy.ndimage import correlate  # for reports only; a server starts without it

    x = np.where(mask, np.asarray(values, np.float64), 0.0)
    z = np.full(x.shape, np.nan)
    n = int(mask.sum())
    if n == 0:
        return z
    z[mask] = 0.0
    inside = x[mask]
    mean, spread = inside.mean(), inside.std()
    if n < 2 or not spread > 1e-12 * max(1.0, abs(mean)):
        return z
    around = disc(radius_cells)
    w = correlate(mask.astype(np.float64), around, mode="constant")[mask]
    local = correlate(np.where(mask, x - mean, 0.0), around, mode="constant")[mask]  # centred first: no cancellation
    width = (n * w - w**2) / (n - 1)
    if likeness:
        width *= _growth(around, mask, likeness)
    z[mask] = np.divide(local, spread * np.sqrt(width), out=np.zeros_like(local), where=width > 1e-9)
    return z


def _growth(around: F64, mask: Bools, likeness: float) -> F64:
    """By how much the variance of a sum over the neighbourhood of each square of the mask exceeds that over as many
    independent ones (n,)."""
    at = np.argwhere(around > 0)
    reach = around.shape[0] // 2
    padded = np.pad(mask, reach).astype(np.float64)
    row, col = np.nonzero(mask)
    there = np.stack([padded[row + i, col + j] for i, j in at.tolist()])  # (neighbours, n)
    apart2 = ((at[:, None] - at[None, :]) ** 2).sum(axis=2)
    pairs = ((likeness**apart2) @ there * there).sum(axis=0)  # 0**0 is 1: each with itself
    return np.asarray(pairs / there.sum(axis=0), np.float64)


def benjamini_hochberg(p: npt.ArrayLike) -> F64:
    """q-values of p-values, same shape: the false discovery rate at which each would just be found. NaN stays NaN.

    Raises ValueError for what is no probability.
    """
    from scipy.stats import false_discovery_control  # for reports only; a server starts without it

    values = np.asarray(p, np.float64)
    q = np.full(values.shape, np.nan)
    tested = ~np.isnan(values)
    if tested.any():
        q[tested] = false_discovery_control(values[tested])
    return q


@dataclass(frozen=True, slots=True)
class LeastEvidence:
    """What must have been observed before a word is said. Below any of these the state is `not_enough_evidence`."""

    person_s: float = 1800.0  # on the level: half an hour of one person
    fixes: float = 200.0  # on the level
    squares: int = 30  # walkable on the level: fewer, and Gi* is far from normal (Ord and Getis 1995, section 3)
    zone_squares: float = 2.0  # walkable in the zone
    zone_visits: int = 3  # in a zone to be called hot, where visits are given: one person who stands still is no crowd


@dataclass(frozen=True, slots=True)
class HotZone:
    """One zone's verdict. `share_hot` of its walkable floor is significantly hot; `reason` says what decided.

    `z_max` and `q_min` are those of its hottest square (NaN where the level could not be tested), `density` is
    person-seconds per walkable square metre.
    """

    zone: str
    level: str
    name: str
    share_hot: float
    z_max: float
    q_min: float
    person_s: float
    density: float
    state: HotState
    reason: HotReason


@dataclass(frozen=True)
class LevelHeat:
    """One level's heat and its test, each (rows, cols), NaN or 0 off the walkable floor.

    `density` is in person-seconds per walkable square metre; slivers under a quarter of a square count as a quarter.
    """

    frame: HeatFrame
    person_s: F64
    fixes: F64
    walkable_m2: F64
    density: F64
    z: F64
    q: F64

    @property
    def mask(self) -> Bools:
        """The squares with any walkable floor."""
        return np.asarray(self.walkable_m2 > 0)


class HotZones:
    """The tests of a store, with everything that only depends on its plan worked out once."""

    def __init__(
        self,
        plan: Plan,
        cells: Cells,
        heat_cell_m: float,
        *,
        radius_m: float = 2.0,
        alpha: float = 0.05,
        min_share: float = 0.25,
        evidence: LeastEvidence | None = None,
    ) -> None:
        """A zone is hot when at least `min_share` of its floor lies in squares with q < `alpha`.

        Neighbours of a square are those within `radius_m`, at least the four next to it.
        """
        self.plan = plan
        self.frames = heat_frames(plan, heat_cell_m)
        self._radius_cells = max(1.0, radius_m / heat_cell_m)
        self._alpha, self._min_share = alpha, min_share
        self._evidence = evidence or LeastEvidence()
        to_squares = squares_of_cells(self.frames, cells)
        self._walkable_m2: F64 = np.asarray(to_squares.sum(axis=1), np.float64).ravel() * cells.cell_m**2
        zone_m2 = to_squares @ zone_membership(plan, cells).astype(np.float64) * cells.cell_m**2
        self._zone_m2: F64 = np.asarray(zone_m2, np.float64)  # (S, Z)

    def levels(self, rows: Sequence[HeatRow]) -> list[LevelHeat]:
        """Heat rows of any hours summed, and tested level by level. Rows off the plan's grid are left out."""
        out = []
        for frame in self.frames:
            person_s, fixes = np.zeros((2, frame.rows, frame.cols))
            mine = [r for r in rows if r.level == frame.level and 0 <= r.row < frame.rows and 0 <= r.col < frame.cols]
            at = (np.array([r.row for r in mine], np.int64), np.array([r.col for r in mine], np.int64))
            np.add.at(person_s, at, [r.person_s for r in mine])
            np.add.at(fixes, at, [r.fixes for r in mine])
            floor = self._walkable_m2[frame.first : frame.first + frame.size].reshape(frame.rows, frame.cols)
            full = float(floor.max(initial=0.0))
            # A square half under a shelf is compared by density. Slivers count as a quarter.
            density = np.divide(person_s, np.maximum(floor, full / 4), out=np.zeros_like(person_s), where=floor > 0)
            z = gi_star(density, floor > 0, self._radius_cells, alike(density, floor > 0))
            out.append(LevelHeat(frame, person_s, fixes, floor, density, z, benjamini_hochberg(ndtr(-z))))
        return out

    def zones(self, levels: Sequence[LevelHeat], visits: Mapping[str, int] | None = None) -> list[HotZone]:
        """The verdict on each zone of the plan, in its order. `visits` (zone id to number) adds that evidence."""
        known = [None if visits is None else visits.get(zone.id, 0) for zone in self.plan.zones]
        return [self._zone(z, levels, count) for z, count in enumerate(known)]

    def outline(self, levels: Sequence[LevelHeat], verdicts: Sequence[HotZone]) -> list[Bools]:
        """The squares of each level that may be shown as hot, beside these verdicts (of `zones`, in its order).

        None where the level, or every zone that a square belongs to, has not enough evidence: a drawing must not say
        what the words beside it do not.
        """
        known = np.array([v.state is not HotState.NOT_ENOUGH_EVIDENCE for v in verdicts], np.bool_)
        out = []
        for heat in levels:
            frame = heat.frame
            mine = self._zone_m2[frame.first : frame.first + frame.size] > 0
            told = ~mine.any(axis=1) | mine[:, known].any(axis=1)
            short = self._short_of(heat, np.inf) is not None
            hot = heat.mask & (heat.q < self._alpha) & told.reshape(frame.rows, frame.cols)
            out.append(np.zeros_like(heat.mask) if short else hot)
        return out

    def _zone(self, index: int, levels: Sequence[LevelHeat], visits: int | None) -> HotZone:
        zone = self.plan.zones[index]
        heat = levels[self.plan.level_index[zone.level]]
        frame = heat.frame
        mine = self._zone_m2[frame.first : frame.first + frame.size, index].reshape(frame.rows, frame.cols)
        floor_m2 = float(mine.sum())
        part = np.divide(mine, heat.walkable_m2, out=np.zeros_like(mine), where=heat.mask)
        person_s = float((heat.person_s * part).sum())
        inner = mine > 0
        z_max = float(heat.z[inner].max()) if inner.any() else float("nan")
        q_min = float(heat.q[inner].min()) if inner.any() else float("nan")
        share = float(mine[inner & (heat.q < self._alpha)].sum() / floor_m2) if floor_m2 else 0.0
        state, reason = self._verdict(share, self._short_of(heat, float(part.sum())), visits)
        density = person_s / floor_m2 if floor_m2 else 0.0
        return HotZone(zone.id, zone.level, zone.name, share, z_max, q_min, person_s, density, state, reason)

    def _verdict(self, share: float, short: HotReason | None, visits: int | None) -> tuple[HotState, HotReason]:
        if short is not None:
            return HotState.NOT_ENOUGH_EVIDENCE, short
        if share < self._min_share:
            return HotState.NOT_HOT, HotReason.FEW_HOT_SQUARES if share else HotReason.NO_HOT_SQUARES
        if visits is not None and visits < self._evidence.zone_visits:
            return HotState.NOT_ENOUGH_EVIDENCE, HotReason.ZONE_VISITS
        return HotState.HOT, HotReason.HOT_SQUARES

    def _short_of(self, heat: LevelHeat, zone_squares: float) -> HotReason | None:
        """Which evidence is short, if any."""
        need = self._evidence
        have = (
            (HotReason.SQUARES, float(heat.mask.sum()), need.squares),
            (HotReason.ZONE_SQUARES, zone_squares, need.zone_squares),
            (HotReason.PERSON_S, float(heat.person_s.sum()), need.person_s),
            (HotReason.FIXES, float(heat.fixes.sum()), need.fixes),
        )
        return next((what for what, got, needed in have if got < needed), None)


def hot_zones(
    plan: Plan, cells: Cells, rows: Sequence[HeatRow], heat_cell_m: float, visits: Mapping[str, int] | None = None
) -> list[HotZone]:
    """`HotZones` for one look. Pages that look often keep the object."""
    tests = HotZones(plan, cells, heat_cell_m)
    return tests.zones(tests.levels(rows), visits)
