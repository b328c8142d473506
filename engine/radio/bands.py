"""What a store's bands differ by: one box is heard weaker at 5 and 6 GHz than at 2.4 GHz, and everything else of this
engine knows one power and one exponent for each access point. So readings are put on the scale of their lowest band.

A device that one access point hears in two bands within a few seconds tells what they differ by there. Over all such
pairs, with L the level in the lower band,

    difference = a + b (L - CENTRE_DBM) + what is an access point's own

is fitted by ridge: a, what the powers differ by, around the ratio of frequencies in free space (20 log10 f), and b,
what the exponents do, around nothing. Without pairs the prior stays.
An access point that is heard in one band only has a power of its own, which calibration finds: it is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.records import F64, I32, I64, Bools

CENTRE_DBM = -60.0
POWER_SD_DB = 4.0  # radios of one box send with other powers: measured boxes differ by 6 to 12 dB
SLOPE_SD = 0.1  # exponents of measured sites differ by less than a tenth between bands
AP_SD_DB = 3.0  # of one access point's difference around its store's
PAIR_SD_DB = 5.0  # fading differs from band to band
PAIR_S = 3.0
STEEPEST = 0.5  # of b: a fit must not fold the scale

GHZ = (2.4, 5.0, 6.0)
MIDDLE_GHZ = {2.4: 2.44, 5.0: 5.5, 6.0: 6.5}


@dataclass(frozen=True, slots=True)
class BandShift:
    """What a band differs by from the lowest one: `power_db` at CENTRE_DBM and `slope`; `pairs` told it."""

    power_db: float
    slope: float
    pairs: int

    def on_lower(self, rssi_dbm: F64) -> F64:
        """These levels, as they would be heard in the lowest band."""
        return np.asarray((rssi_dbm - self.power_db - CENTRE_DBM) / (1.0 + self.slope) + CENTRE_DBM, dtype=np.float64)


def band_ghz(names: npt.NDArray[np.str_]) -> F64:
    """2.4, 5 or 6 of each name (n,): `2.4`, `2.4GHz`, `2g`, `5`, `5 GHz`, `6g`; NaN of others."""
    unique, inverse = np.unique(names, return_inverse=True)
    return np.array([_ghz(name) for name in unique.tolist()], np.float64)[inverse]


def _ghz(name: str) -> float:
    digits = name.strip().lower().removesuffix("hz").removesuffix("g").strip()
    try:
        whole = int(float(digits))
    except (ValueError, OverflowError):  # of no number; of one that is none or has no end
        return float("nan")
    return next((band for band in GHZ if int(band) == whole), float("nan"))


def equalise_bands(t: F64, device: I64, ap: I32, rssi_dbm: F64, ghz: F64) -> tuple[F64, dict[float, BandShift]]:
    """RSSI (n,) on the scale of the lowest band heard, and what the others differed by. Rows without a band, a level or
    an access point (-1) stay as they are, and so do access points that are not heard in the lowest."""
    usable = np.isfinite(ghz) & np.isfinite(rssi_dbm) & (ap >= 0)
    heard = [band for band in GHZ if (usable & (ghz == band)).any()]
    out, shifts = rssi_dbm.copy(), {}
    for band in heard[1:]:
        low = usable & (ghz == heard[0])
        rows = usable & (ghz == band) & np.isin(ap, ap[low])
        if not rows.any():
            continue
        shifts[band] = _fit(t, device, ap, rssi_dbm, (low, rows), _prior_db(heard[0], band))
        out[rows] = shifts[band].on_lower(rssi_dbm[rows])
    return out, shifts


def _prior_db(lower: float, band: float) -> float:
    return float(-20.0 * np.log10(MIDDLE_GHZ[band] / MIDDLE_GHZ[lower]))


def _fit(t: F64, device: I64, ap: I32, rssi_dbm: F64, rows: tuple[Bools, Bools], prior_db: float) -> BandShift:
    """Of rows in the lower and in the higher band, by weighted least squares over their pairs."""
    low, high = rows
    group = np.stack([np.floor(t / PAIR_S).astype(np.int64), device, ap.astype(np.int64)])
    _, number = np.unique(group[:, low | high], axis=1, return_inverse=True)
    number, level, of_low = number.ravel(), rssi_dbm[low | high], low[low | high]
    n = int(number.max()) + 1
    own = ap[low | high]
    first = _mean(number[of_low], level[of_low], n)
    second = _mean(number[~of_low], level[~of_low], n)
    at = np.zeros(n, np.int64)
    at[number] = own
    pairs = np.flatnonzero(np.isfinite(first) & np.isfinite(second))
    if not len(pairs):
        return BandShift(prior_db, 0.0, 0)
    n_ap = int(at.max()) + 1
    count = np.bincount(at[pairs], minlength=n_ap)
    # an access point's pairs share its departure: together they weigh no more than it allows
    weight = 1.0 / (PAIR_SD_DB**2 + count[at[pairs]] * AP_SD_DB**2)
    x = np.stack([np.ones(len(pairs)), first[pairs] - CENTRE_DBM], axis=1)
    normal = (x * weight[:, None]).T @ x + np.diag([POWER_SD_DB**-2, SLOPE_SD**-2])
    right = (x * weight[:, None]).T @ (second[pairs] - first[pairs]) + [prior_db / POWER_SD_DB**2, 0.0]
    power, slope = np.linalg.solve(normal, right).tolist()
    return BandShift(power, float(np.clip(slope, -STEEPEST, STEEPEST)), len(pairs))


def _mean(number: I64, level: F64, n: int) -> F64:
    count = np.bincount(number, minlength=n)
    total = np.bincount(number, weights=level, minlength=n)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
