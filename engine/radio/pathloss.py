"""Log-distance path loss with a loss per crossing (the multi-wall model, COST 231 final report, 4.7.2), over a
store's cells.

    mean_dbm[a, c] = P0[a] - 10 * n[a] * log10(d3d[a, c]) - scale * saturated(crossings_db[a, c]) - floors_db[a, c]

with distances of at least one metre: nearer than that no phone's RSSI follows a law.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.radio.crossings import Crossings, crossing_losses
from engine.records import F64, I32


@dataclass(frozen=True, slots=True)
class RadioPrior:
    """What is believed before anything was measured. Ranges in the comments are what measured sites show."""

    p0_dbm: float = -42.0  # RSSI at 1 m: -34 to -48 for Wi-Fi phones, about -60 for BLE tags
    p0_spread_db: float = 10.0  # standard deviation of phone plus access point power where the plan does not say
    known_spread_db: float = 5.0  # the same where the plan gives p0_dbm: the phone alone (phones differ by 5-12 dB)
    exponent: float = 2.3  # beside losses that the plan draws: 1.5 (open hall) to 2.7 (crowded laboratory)
    bare_exponent: float = 2.6  # where it draws none: then the law alone must hold what walls and furniture take
    exponent_spread: float = 0.4  # of a store around it; what is far is foreseen less well by so much
    ap_exponent_spread: float = 0.2  # of one access point around its store
    device_height_m: float = 1.2  # a phone in the hand or in a trolley
    sigma_db: float = 3.5  # what fading and bodies leave beside an access point, where no law can be wrong
    stated_sigma_db: float = 4.5  # of one scan where the plan says the exponent: furniture and all, near and far
    floor_loss_db: float = 18.0  # one concrete floor: 12 to 25
    tall: float = 0.5  # 1: fixtures reach the ceiling, 0: they are shelves under it, between: nobody knows
    crossings_cap_db: float = 50.0  # where losses of crossings end: energy then arrives by other ways than through
    range_bias_m: float = 0.4  # 802.11mc ranges come out -0.6 to 1.8 m long at the median
    range_bias_spread_m: float = 1.8
    range_sigma_m: float = 1.0  # what is left of a range once bias and tails are taken out: 0.5 to 1.3


DEFAULT_PRIOR = RadioPrior()


@dataclass(frozen=True, slots=True)
class Geometry:
    """What of the plan matters to radio, for A access points and C cells (or any other places).

    `distance_m` (A, C) in three dimensions; uncapped losses on the straight line, only within a level: `walls_db`, and
    of fixtures as if they reached the ceiling, `tall_db`, and as if they were shelves, `low_db`; `floors` (A, C) how
    many floors lie between.
    """

    distance_m: F64
    walls_db: F64
    tall_db: F64
    low_db: F64
    floors: F64

    @property
    def lost(self) -> Crossings:
        """What walls and fixtures take, alone."""
        return Crossings(self.walls_db, self.tall_db, self.low_db)

    def crossings_db(self, tall: float) -> F64:
        """(A, C) uncapped losses where fixtures are so far between shelves (0) and walls to the ceiling (1)."""
        return np.asarray(self.walls_db + tall * self.tall_db + (1.0 - tall) * self.low_db, dtype=np.float64)


def geometry_of(
    plan: Plan,
    level: I32,
    x_m: F64,
    y_m: F64,
    prior: RadioPrior = DEFAULT_PRIOR,
    height_m: F64 | None = None,
    lost: Crossings | None = None,
) -> Geometry:
    """The geometry between the plan's access points and places given by level index and metres, arrays (C,).

    `height_m` (C,) above each place's floor, where it is not a phone in a hand. `lost`, of walls and of fixtures, saves
    finding it again: it is the slow part.
    """
    above = np.full(len(x_m), prior.device_height_m) if height_m is None else height_m
    floor_z = np.array([lv.floor_z_m for lv in plan.levels])
    ordinal = np.array([lv.ordinal for lv in plan.levels])
    ap_level = np.array([plan.level_index[ap.level] for ap in plan.access_points], dtype=np.int64)
    ap_x = np.array([ap.x_m for ap in plan.access_points])
    ap_y = np.array([ap.y_m for ap in plan.access_points])
    ap_z = np.array([ap.z_m for ap in plan.access_points]) + floor_z[ap_level]
    dz = ap_z[:, None] - (floor_z[level] + above)[None, :]
    distance = np.sqrt((ap_x[:, None] - x_m) ** 2 + (ap_y[:, None] - y_m) ** 2 + dz**2)
    floors = np.abs(ordinal[ap_level][:, None] - ordinal[level][None, :]).astype(np.float64)
    lost = lost or crossing_losses(plan, level, x_m, y_m, above)
    return Geometry(distance, lost.walls_db, lost.tall_db, lost.low_db, floors)


def cell_geometry(plan: Plan, cells: Cells, prior: RadioPrior = DEFAULT_PRIOR) -> Geometry:
    """`geometry_of` at the walkable cells' centres."""
    return geometry_of(plan, cells.level, cells.x_m, cells.y_m, prior)


def log_distance(distance_m: F64) -> F64:
    """10 log10 of the distance, at least 0 dB (one metre)."""
    return 10.0 * np.log10(np.maximum(distance_m, 1.0))


def saturate_db(crossings_db: F64, prior: RadioPrior = DEFAULT_PRIOR) -> F64:
    """What crossings really cost: each one less than the one before, as waves go round and over the many."""
    cap = prior.crossings_cap_db
    return np.asarray(-cap * np.expm1(-crossings_db / cap), dtype=np.float64)


def law_spread(sigma_db: float | F64, exponent_sd: F64, log_d: F64) -> F64:
    """(A, C) spread of one scan: `sigma_db`, one or (A,), and what an exponent known to `exponent_sd` (A,) leaves."""
    near = np.broadcast_to(np.asarray(sigma_db, np.float64), exponent_sd.shape)
    return np.asarray(np.hypot(near[:, None], exponent_sd[:, None] * log_d), dtype=np.float64)


def mean_dbm(
    geometry: Geometry,
    p0_dbm: F64,
    exponent: F64,
    loss_scale: float | F64 = 1.0,
    prior: RadioPrior = DEFAULT_PRIOR,
    tall: float | None = None,
) -> F64:
    """Expected RSSI (A, C) for per-access-point power and exponent (A,), a scale on the crossing losses, and how tall
    fixtures are (None: as the prior says)."""
    height = prior.tall if tall is None else tall
    loss = np.asarray(loss_scale) * saturate_db(geometry.crossings_db(height), prior)
    return (
        p0_dbm[:, None]
        - exponent[:, None] * log_distance(geometry.distance_m)
        - loss
        - prior.floor_loss_db * geometry.floors
    )
