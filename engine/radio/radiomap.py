"""The radio map: what each access point is expected to hear from each walkable cell, and how far reality strays from
it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan, ap_key
from engine.radio.pathloss import DEFAULT_PRIOR, Geometry, RadioPrior, cell_geometry, law_spread, log_distance, mean_dbm
from engine.records import F32, F64

VERSION = 1  # of the saved form
SAYS_NOTHING = 0.01  # dB and metres: less is rounding
OUTLINE_M = 0.5  # a wall so near all along is the level's own outline
_HELD = {
    "mean_dbm": (-1e5, 1e3),
    "sigma_db": (1e-3, 1e3),
    "range_mean_m": (-1e4, 1e5),
    "range_sigma_m": (1e-3, 1e3),
}
"""What a map holds at least and at most, in dBm, dB and metres: beyond that, sums over access points are no numbers."""


@dataclass(frozen=True, slots=True)
class RadioMap:
    """Expected RSSI and its spread for A access points and C cells.

    `mean_dbm` (A, C) for a device of no offset; `sigma_db` (A, C) spread of one scan around it; a device's own offset
    is N(`offset_mean_db`, `offset_sigma_db`). `range_mean_m` (A, C) is the expected range (distance plus bias) with
    spread `range_sigma_m` (A, C), for a device of no offset; a device's own is N(0, `range_offset_sigma_m`). `measured`
    is how far the map was made of measurements of the store: 0 of its plan alone, whose walls are never all of them,
    to 1. `kept`, 0 to 1, is how much of its RSSI is to stay where a store calibrates itself: the rest is its plan's.
    """

    mean_dbm: F32
    sigma_db: F32
    range_mean_m: F32
    range_sigma_m: F32
    offset_mean_db: float
    offset_sigma_db: float
    range_offset_sigma_m: float
    measured: float = 1.0
    kept: float = 1.0

    @property
    def n_ap(self) -> int:
        """How many access points, A."""
        return int(self.mean_dbm.shape[0])

    @property
    def n_cells(self) -> int:
        """How many cells, C."""
        return int(self.mean_dbm.shape[1])


def prior_powers(plan: Plan, prior: RadioPrior = DEFAULT_PRIOR) -> tuple[F64, F64]:
    """Power at 1 m and exponent per access point (A,): the plan's where it says, the prior's elsewhere.

    A level on which nothing is drawn that radio crosses is not free of it. A law of distance alone has to hold its
    losses, as one-slope models do beside multi-wall ones (COST 231 final report, 4.7.2), so its exponent is larger.
    """
    drawn = obstructed_levels(plan)
    usual = [prior.exponent if ap.level in drawn else prior.bare_exponent for ap in plan.access_points]
    p0 = [prior.p0_dbm if ap.p0_dbm is None else ap.p0_dbm for ap in plan.access_points]
    exponent = [n if ap.exponent is None else ap.exponent for ap, n in zip(plan.access_points, usual, strict=True)]
    return np.array(p0, dtype=np.float64), np.array(exponent, dtype=np.float64)


def obstructed_levels(plan: Plan) -> set[str]:
    """Ids of the levels on which the plan draws what radio crosses with a loss: fixtures, and walls but those around
    the level, beyond which nobody stands."""
    outline = {lv.id: lv.polygon.boundary.buffer(OUTLINE_M) for lv in plan.levels}
    fixtures = {f.level for f in plan.fixtures if f.attenuation_db > 0}
    return fixtures | {w.level for w in plan.walls if w.attenuation_db > 0 and not outline[w.level].covers(w.line)}


def prior_spreads(plan: Plan, prior: RadioPrior = DEFAULT_PRIOR) -> tuple[F64, F64]:
    """(A,) spread of one scan beside the access point, and how well its exponent is known: a plan that says the
    exponent is believed."""
    stated = np.array([ap.exponent is not None for ap in plan.access_points], dtype=np.bool_)
    both = float(np.hypot(prior.exponent_spread, prior.ap_exponent_spread))
    return np.where(stated, prior.stated_sigma_db, prior.sigma_db), np.where(stated, 0.0, both)


def prior_map(
    plan: Plan, cells: Cells, prior: RadioPrior = DEFAULT_PRIOR, geometry: Geometry | None = None
) -> RadioMap:
    """The radio map before any measurement. `geometry` saves computing it again."""
    geometry = geometry or cell_geometry(plan, cells, prior)
    p0, exponent = prior_powers(plan, prior)
    n_ap, n_cells = geometry.distance_m.shape
    spread = law_spread(*prior_spreads(plan, prior), log_distance(geometry.distance_m))
    known = all(ap.p0_dbm is not None for ap in plan.access_points)
    measured = float(known and all(ap.exponent is not None for ap in plan.access_points))  # somebody did
    return RadioMap(
        mean_dbm=mean_dbm(geometry, p0, exponent, 1.0, prior).astype(np.float32),
        sigma_db=spread.astype(np.float32),
        range_mean_m=(geometry.distance_m + prior.range_bias_m).astype(np.float32),
        range_sigma_m=_everywhere(prior.range_sigma_m, n_ap, n_cells),
        offset_mean_db=0.0,
        offset_sigma_db=prior.known_spread_db if known else prior.p0_spread_db,
        range_offset_sigma_m=prior.range_bias_spread_m,
        measured=measured,
    )


def is_of_plan_alone(radio_map: RadioMap, plan: Plan, cells: Cells) -> bool:
    """Whether the map says nothing but what the plan does: of what it was made of, nothing was believed."""
    before = prior_map(plan, cells)
    told = ("mean_dbm", "sigma_db", "range_mean_m", "range_sigma_m")
    offsets = ("offset_mean_db", "offset_sigma_db", "range_offset_sigma_m")
    return all(
        np.allclose(getattr(radio_map, name), getattr(before, name), rtol=0.0, atol=SAYS_NOTHING)
        for name in (*offsets, *told)
    )


def _everywhere(value: float, n_ap: int, n_cells: int) -> F32:
    """One value in all (A, C) places, in the memory of one."""
    return np.broadcast_to(np.float32(value), (n_ap, n_cells))


def plan_fingerprint(plan: Plan, cells: Cells) -> str:
    """Changes when an access point is renamed, moves, or the walkable cells change: then an old map does not fit."""
    digest = hashlib.sha256()
    for ap in plan.access_points:
        digest.update(f"{ap_key(ap.id)}|{ap.level}|{ap.x_m:.3f}|{ap.y_m:.3f}|{ap.z_m:.3f}\n".encode())
    for column in (np.round(cells.x_m, 3), np.round(cells.y_m, 3), cells.level.astype(np.int32)):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def map_arrays(radio_map: RadioMap, plan: Plan, cells: Cells) -> dict[str, Any]:
    """The saved form: named arrays with version, fingerprint, cell size and names of the access points."""
    return {
        "version": np.array(VERSION),
        "fingerprint": np.array(plan_fingerprint(plan, cells)),
        "cell_m": np.array(cells.cell_m),
        "access_points": np.array([ap_key(ap.id) for ap in plan.access_points]),
        "mean_dbm": radio_map.mean_dbm,
        "sigma_db": radio_map.sigma_db,
        "range_mean_m": radio_map.range_mean_m,
        "range_sigma_m": radio_map.range_sigma_m,
        "offset": np.array([radio_map.offset_mean_db, radio_map.offset_sigma_db, radio_map.range_offset_sigma_m]),
        "measured": np.array(radio_map.measured),
        "kept": np.array(radio_map.kept),
    }


def map_misfit(arrays: dict[str, Any], plan: Plan, cells: Cells) -> str:
    """Why a saved map does not fit this plan and these cells; empty when it does."""
    if int(arrays.get("version", np.array(-1))) != VERSION:
        return f"a radio map of version {arrays.get('version', '(none)')}, this Rayon reads version {VERSION}"
    names = [ap_key(ap.id) for ap in plan.access_points]
    saved = [str(name) for name in arrays["access_points"]]
    if saved != names:
        return f"made for access points {', '.join(saved)}; the plan has {', '.join(names)}"
    if float(arrays["cell_m"]) != cells.cell_m:
        return f"made for cells of {float(arrays['cell_m'])} m, not {cells.cell_m} m"
    if str(arrays["fingerprint"]) != plan_fingerprint(plan, cells):
        return "the plan has changed since the map was made (access points or walkable area)"
    return _damage(arrays, len(names), len(cells))


def _damage(arrays: dict[str, Any], n_ap: int, n_cells: int) -> str:
    """What in the arrays no map can hold; empty when nothing."""
    for name, (least, most) in _HELD.items():
        values = np.asarray(arrays[name])
        if values.shape != (n_ap, n_cells) or values.dtype != np.float32:
            return f"{name} is {values.dtype} of shape {values.shape}, not float32 of {(n_ap, n_cells)}"
        if not np.isfinite(values).all() or ("sigma" in name and (values <= 0).any()):
            return f"{name} holds values that are not {'positive' if 'sigma' in name else 'finite'}"
        if (values < least).any() or (values > most).any():
            return f"{name} holds values that are not from {least:g} to {most:g}"
    offset = np.asarray(arrays["offset"], np.float64)
    if offset.shape != (3,) or not np.isfinite(offset).all() or (offset[1:] <= 0).any():
        return "the devices' offsets are not a mean and two positive spreads"
    if (abs(offset) > _HELD["sigma_db"][1]).any():
        return f"the devices' offsets are above {_HELD['sigma_db'][1]:g}"
    for name in ("measured", "kept"):
        share = np.asarray(arrays.get(name, 1.0), np.float64)
        if share.shape != () or not 0.0 <= share <= 1.0:
            return f"{name} is not a share from 0 to 1"
    return ""


def map_from_arrays(arrays: dict[str, Any]) -> RadioMap:
    """The inverse of `map_arrays`, after `map_misfit` found nothing."""
    mean_db, sigma_db, range_sigma = (float(v) for v in arrays["offset"])
    return RadioMap(
        arrays["mean_dbm"],
        arrays["sigma_db"],
        arrays["range_mean_m"],
        arrays["range_sigma_m"],
        mean_db,
        sigma_db,
        range_sigma,
        *(float(arrays.get(name, np.array(1.0))) for name in ("measured", "kept")),  # maps of before have neither
    )
