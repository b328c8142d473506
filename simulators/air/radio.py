"""The simulated air: physics of its own, which the engine's models know nothing of.

RSSI = p0 - 10 n log10(d) - obstacles - storeys + shadowing + AP bias + phone offset - body + fading, in dB. What
obstacles do is a matter of `radio.model` (see `simulators.air.obstacles`); shadowing is correlated (Gudmundson 1991),
fading Rician. What depends on place alone is sampled once per access point and level on a grid; the rest is drawn per
reading.
"""

from __future__ import annotations

import numpy as np

from engine.plan.model import Plan
from engine.records import F64
from simulators.air.disruptions import Disruptions
from simulators.air.obstacles import OBSTACLES, Antennas
from simulators.people.crowd import Whereabouts
from simulators.scenario.radio import RadioConfig

GRID_M = {"multiwall": 0.5, "images": 1.0}
MARGIN_M = 2.0
NEAREST_M = 0.3
"""No phone comes closer to an antenna's phase centre than this."""


class Air:
    """One store's radio. `rng` draws what is fixed for the run: biases and shadowing.

    `disruptions` say when which access point is out or disturbed; None: never.
    """

    def __init__(
        self,
        plan: Plan,
        config: RadioConfig,
        phone_height_m: float,
        rng: np.random.Generator,
        disruptions: Disruptions | None = None,
    ) -> None:
        self._disruptions = disruptions
        self.config = config
        self.antennas = _antennas(plan, config, rng)
        self._floor_z_m = np.array([lv.floor_z_m for lv in plan.levels])
        self._phone_z_m = phone_height_m
        heights = self._floor_z_m + phone_height_m
        self._grids = [_Grid(plan, i, self.antennas, config, float(z), rng) for i, z in enumerate(heights)]
        # floors are crossed one by one whatever their height
        self._rank = np.searchsorted(np.unique(self._floor_z_m), self._floor_z_m).astype(np.float64)

    def expected_dbm(self, places: Whereabouts) -> F64:
        """(n, A): RSSI before phone offset, body and fading."""
        return self._mean(places, self._floor_z_m[places.level] + self._phone_z_m)

    def heard_dbm(self, places: Whereabouts, offset_db: F64, rng: np.random.Generator, t_s: F64 | None = None) -> F64:
        """(n, A): whole-dB RSSI of one frame exchange of each phone with each access point, NaN where not heard.

        `t_s` (n,): when, for what is out or disturbed then.
        """
        return self.received_dbm(self.sent_dbm(places, offset_db), rng, t_s)

    def sent_dbm(self, places: Whereabouts, offset_db: F64) -> F64:
        """(n, A): RSSI of each phone before fading: all that is no chance."""
        return self.expected_dbm(places) + offset_db[:, None] - self._body_db(places)

    def received_dbm(self, sent_dbm: F64, rng: np.random.Generator, t_s: F64 | None = None) -> F64:
        """(n, A): `sent_dbm` as it is heard: fading, and what is missed or too weak as NaN."""
        rssi = sent_dbm + rician_db(sent_dbm.shape, self.config.rician_k_db, self.config.fading_frames, rng)
        return self._as_reported(rssi, rng, self._loss_db(t_s))

    def between_aps_dbm(self, rng: np.random.Generator, at_s: float | None = None) -> F64:
        """(A, A): what access point j (column) hears of access point i (row), NaN where not heard and for itself."""
        a = self.antennas
        places = Whereabouts(a.level, a.x_m, a.y_m, np.zeros(len(a.x_m)))
        rssi = self._mean(places, a.z_m)
        rssi += rician_db(rssi.shape, self.config.rician_k_db, self.config.fading_frames, rng)
        np.fill_diagonal(rssi, -np.inf)
        lost_db = self._loss_db(None if at_s is None else np.array([at_s]))
        if lost_db is not None:
            rssi[np.isinf(lost_db[0])] = -np.inf  # what is out does not send either
        return self._as_reported(rssi, rng, lost_db)

    def in_the_way_db(self, places: Whereabouts) -> F64:
        """(n, A): how much weaker than in the open an access point is at a place; 0 where it is stronger."""
        out = np.zeros((len(places.x_m), len(self.antennas.x_m)))
        for level, grid in enumerate(self._grids):
            here = np.flatnonzero(places.level == level)
            out[here] = np.maximum(-grid.at(places.x_m[here], places.y_m[here]), 0.0)
        return out

    def distance_m(self, places: Whereabouts) -> F64:
        """(n, A): straight lines from each phone to each antenna."""
        a = self.antennas
        flat2 = (places.x_m[:, None] - a.x_m) ** 2 + (places.y_m[:, None] - a.y_m) ** 2
        z_m = self._floor_z_m[places.level] + self._phone_z_m
        return np.asarray(np.sqrt(flat2 + (z_m[:, None] - a.z_m) ** 2), np.float64)

    def _mean(self, places: Whereabouts, z_m: F64) -> F64:
        a = self.antennas
        flat2 = (places.x_m[:, None] - a.x_m) ** 2 + (places.y_m[:, None] - a.y_m) ** 2
        d_m = np.maximum(np.sqrt(flat2 + (z_m[:, None] - a.z_m) ** 2), NEAREST_M)
        storeys = np.abs(self._rank[places.level][:, None] - self._rank[a.level])
        mean = a.p0_dbm - 10.0 * a.exponent * np.log10(d_m) - self.config.floor_loss_db * storeys
        for level, grid in enumerate(self._grids):
            here = np.flatnonzero(places.level == level)
            if len(here):
                mean[here] += grid.at(places.x_m[here], places.y_m[here])
        return np.asarray(mean, np.float64)

    def _body_db(self, places: Whereabouts) -> F64:
        """The shopper holds the phone in front: the body is in between when the access point is behind."""
        a = self.antennas
        bearing = np.arctan2(a.y_m - places.y_m[:, None], a.x_m - places.x_m[:, None])
        behind = 0.5 * (1.0 - np.cos(bearing - places.heading_rad[:, None]))
        return np.asarray(self.config.body_loss_db * behind, np.float64)

    def _loss_db(self, t_s: F64 | None) -> F64 | None:
        return None if t_s is None or self._disruptions is None else self._disruptions.loss_db(t_s)

    def _as_reported(self, rssi: F64, rng: np.random.Generator, lost_db: F64 | None = None) -> F64:
        audible = rssi if lost_db is None else rssi - lost_db
        over = (audible - self.config.sensitivity_dbm) / self.config.sensitivity_slope_db
        p_heard = (1.0 - self.config.miss_share) / (1.0 + np.exp(-np.clip(over, -60.0, 60.0)))
        return np.asarray(
            np.where((rng.random(rssi.shape) < p_heard) & (audible > -np.inf), np.round(rssi), np.nan), np.float64
        )


class _Grid:
    """Shadowing plus what obstacles do in dB on one level, (rows * columns, A), asked for by bilinear interpolation."""

    def __init__(
        self, plan: Plan, level: int, a: Antennas, config: RadioConfig, phone_z_m: float, rng: np.random.Generator
    ) -> None:
        self._step_m = step_m = GRID_M[config.model]
        x0, y0, x1, y1 = plan.levels[level].polygon.bounds
        self._x0, self._y0 = x0 - MARGIN_M, y0 - MARGIN_M
        columns = int(np.ceil((x1 - x0 + 2 * MARGIN_M) / step_m)) + 1
        rows = int(np.ceil((y1 - y0 + 2 * MARGIN_M) / step_m)) + 1
        columns_m = np.arange(columns, dtype=np.float64) * step_m + self._x0
        rows_m = np.arange(rows, dtype=np.float64) * step_m + self._y0
        self._rows, self._columns = rows, columns
        self._db = np.empty((rows * columns, len(a.x_m)))
        shadows = CorrelatedFields(rows, columns, step_m, config.shadowing_length_m)
        gains_db = OBSTACLES[config.model](plan, level, a, config, phone_z_m, columns_m, rows_m)
        for i, gain_db in enumerate(gains_db):
            self._db[:, i] = (shadows.draw(rng) * config.shadowing_sigma_db + gain_db).ravel()

    def at(self, x_m: F64, y_m: F64) -> F64:
        """(n, A) dB; beyond the grid, its edge."""
        row = np.clip((y_m - self._y0) / self._step_m, 0.0, self._rows - 1.0)
        column = np.clip((x_m - self._x0) / self._step_m, 0.0, self._columns - 1.0)
        top, left = np.floor(row).astype(np.intp), np.floor(column).astype(np.intp)
        bottom, right = np.minimum(top + 1, self._rows - 1), np.minimum(left + 1, self._columns - 1)
        up, before = 1.0 - (row - top), 1.0 - (column - left)
        out = np.zeros((len(x_m), self._db.shape[1]))
        for line, by_row in ((top, up), (bottom, 1.0 - up)):
            for at, by_column in ((left, before), (right, 1.0 - before)):
                out += self._db[line * self._columns + at] * by_row[:, None] * by_column[:, None]
        return out


class CorrelatedFields:
    """(rows, columns) Gaussian fields of variance 1 with correlation exp(-d / length_m), by circulant embedding.

    Source: Wood and Chan 1994. The torus is twice as large as needed plus five lengths, so that its ends do not meet.
    """

    def __init__(self, rows: int, columns: int, step_m: float, length_m: float) -> None:
        self._rows, self._columns = rows, columns
        pad = int(np.ceil(5 * length_m / step_m))
        self._shape = (2 * rows + pad, 2 * columns + pad)
        dy, dx = (np.minimum(np.arange(n), n - np.arange(n)) * step_m for n in self._shape)
        power = np.fft.rfft2(np.exp(-np.hypot(dy[:, None], dx[None, :]) / length_m)).real
        self._amplitude = np.sqrt(np.maximum(power, 0.0))

    def draw(self, rng: np.random.Generator) -> F64:
        """One more field."""
        noise = np.fft.rfft2(rng.standard_normal(self._shape))
        field = np.fft.irfft2(self._amplitude * noise, s=self._shape)
        return np.asarray(field[: self._rows, : self._columns], np.float64)


def rician_db(shape: tuple[int, ...], k_db: float, frames: int, rng: np.random.Generator) -> F64:
    """Fading in dB of power averaged over `frames`: a direct wave k_db stronger than all scattered ones together."""
    k = 10.0 ** (k_db / 10.0)
    # a direct wave plus complex Gaussian scatter: non-central chi square with 2 degrees of freedom per frame
    power = rng.noncentral_chisquare(2 * frames, 2 * frames * k, shape) / (2 * frames * (k + 1.0))
    return np.asarray(10.0 * np.log10(np.maximum(power, 1e-6)), np.float64)


def _antennas(plan: Plan, config: RadioConfig, rng: np.random.Generator) -> Antennas:
    aps = plan.access_points
    level = np.array([plan.level_index[ap.level] for ap in aps], np.int32)
    floor = np.array([plan.levels[plan.level_index[ap.level]].floor_z_m for ap in aps])
    p0 = np.array([config.p0_dbm if ap.p0_dbm is None else ap.p0_dbm for ap in aps])
    law = np.array([config.exponent if ap.exponent is None else ap.exponent for ap in aps])
    moved = {m.ap: m for m in config.misplaced}
    by = np.array([(moved[ap.id].by_x_m, moved[ap.id].by_y_m) if ap.id in moved else (0.0, 0.0) for ap in aps])
    return Antennas(
        level=level,
        x_m=np.array([ap.x_m for ap in aps]) + by.reshape(-1, 2)[:, 0],
        y_m=np.array([ap.y_m for ap in aps]) + by.reshape(-1, 2)[:, 1],
        z_m=floor + np.array([ap.z_m for ap in aps]),
        p0_dbm=p0 + rng.normal(0.0, config.ap_bias_sigma_db, len(aps)),
        exponent=law if config.model == "multiwall" else np.full(len(aps), 2.0),
    )
