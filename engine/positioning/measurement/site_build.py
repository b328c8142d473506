"""Makes a `Site` of a plan, its cells and a radio map."""

from __future__ import annotations

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.measurement.expectation import Expectation, expectation_of
from engine.positioning.measurement.non_detection import SHIFTS_DB, PackedSilence, not_heard_log
from engine.positioning.measurement.site import CENTRE_DBM, THIN, THIN_SQUARE_M, Site
from engine.positioning.settings import LocatorSettings
from engine.radio.pathloss import DEFAULT_PRIOR
from engine.radio.radiomap import RadioMap, prior_powers
from engine.records import F32, F64, I64


def site_of(plan: Plan, cells: Cells, radio_map: RadioMap, settings: LocatorSettings) -> Site:
    """Raises ValueError when the radio map is not of this plan's access points and these cells."""
    if radio_map.mean_dbm.shape != (len(plan.access_points), len(cells.x_m)):
        raise ValueError(
            f"map of shape {radio_map.mean_dbm.shape}, {len(plan.access_points)} access points, {len(cells)} cells"
        )
    floor_z = np.array([lv.floor_z_m for lv in plan.levels])
    ap_level = np.array([plan.level_index[ap.level] for ap in plan.access_points], dtype=np.int32)
    ap_xyz = np.array([(ap.x_m, ap.y_m, ap.z_m) for ap in plan.access_points], dtype=np.float64).reshape(-1, 3)
    ap_xyz[:, 2] += floor_z[ap_level]
    p0, exponent = prior_powers(plan)
    origin = np.array([cells.x_m.mean(), cells.y_m.mean()])
    xy = np.stack([cells.x_m - origin[0], cells.y_m - origin[1]], axis=1)
    products = np.stack([xy[:, 0] ** 2, xy[:, 0] * xy[:, 1], xy[:, 1] ** 2], axis=1)
    rssi = expectation_of(radio_map.mean_dbm - CENTRE_DBM, radio_map.sigma_db)
    ranges = expectation_of(radio_map.range_mean_m, radio_map.range_sigma_m)
    if isinstance(rssi, Expectation):
        silence: F32 | PackedSilence = not_heard_log(radio_map.mean_dbm, settings)
    else:
        silence = PackedSilence.of(rssi.mean, CENTRE_DBM, settings)
    thin = thin_cells(cells, isinstance(rssi, Expectation) and not is_regional(cells))
    return Site(
        cells=cells,
        rssi=rssi,
        range=ranges,
        rssi_thin=rssi.thin_out(thin),
        range_thin=ranges.thin_out(thin),
        thin=thin,
        not_heard_log=silence,
        shifts_db=SHIFTS_DB,
        measured=radio_map.measured,
        offset_mean=np.array([radio_map.offset_mean_db, 0.0]),
        offset_var=np.array([radio_map.offset_sigma_db, radio_map.range_offset_sigma_m]) ** 2,
        ap_xyz=ap_xyz,
        ap_level=ap_level,
        mates=mates_of(ap_xyz),
        p0_dbm=p0,
        exponent=exponent,
        device_z=floor_z + DEFAULT_PRIOR.device_height_m,
        xy=xy.astype(np.float32),
        origin=origin,
        xy2=products.astype(np.float32),
    )


SAME_PLACE_M = 1.0  # the radios and networks of one box, and boxes on one pole: they see the same shadows


def mates_of(ap_xyz: F64) -> F32 | None:
    """Which of the access points at (A, 3) hang in one place (A, A), themselves left out; None where none do."""
    apart = np.abs(ap_xyz[:, None] - ap_xyz[None]).max(axis=2, initial=0.0)
    same = (apart < SAME_PLACE_M) & ~np.eye(len(ap_xyz), dtype=np.bool_)
    return same.astype(np.float32) if same.any() else None


REGIONAL_FROM = 16_000  # cells, 4,000 m² at 0.5 m: from there on a region is less than half of the store


def is_regional(cells: Cells) -> bool:
    """Whether devices are tracked in parts of the store."""
    return len(cells) >= REGIONAL_FROM


def thin_cells(cells: Cells, small: bool) -> I64:
    """Every THIN-th cell (T,), or in large stores the first cell of each square."""
    if small:
        return np.arange(0, len(cells), THIN)
    square = np.stack([cells.level, np.floor(cells.x_m / THIN_SQUARE_M), np.floor(cells.y_m / THIN_SQUARE_M)], axis=1)
    _, first = np.unique(square.astype(np.int64), axis=0, return_index=True)
    return np.sort(first)
